"""Publishes a submission so that nobody can commit it first: upload in private, commit on chain, only then show it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from competitions.competition import Competition
from competitions.submission import Payload
from finetune.chain.port import MAX_COMMITMENT_BYTES, Chain, Signer
from finetune.errors import CommitmentTooLarge, SetupError
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.gates import check_plain_files
from finetune.hub.port import Hub


@dataclass(frozen=True, kw_only=True)
class Published:
    """What stands on chain now, and the block it landed in."""

    payload: Payload
    block: int


def publish(
    folder: Path,
    *,
    repository: str,
    competition: Competition,
    hotkey: Signer,
    hub: Hub,
    chain: Chain,
    wait_for: Callable[[int], None],
) -> Published:
    """Upload the folder, commit its hash, wait until the commitment is final, make the repository public.

    `wait_for` returns once a block is final. The folder's files and the payload's length are checked before anything
    is uploaded, and a repository that is public already is not used: others could commit its new files first. Raises
    `SetupError`, `CommitmentTooLarge`, `ChainError`, `HubError`; after any of them nothing new is public.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder")
    if rejection := check_plain_files(folder):
        raise SetupError(f"{folder} cannot be submitted: {rejection.text}")
    digest = secure_hash(folder_digest(folder), hotkey.ss58_address)

    def payload(revision: str) -> Payload:
        return Payload(repository=repository, revision=revision, secure_hash=digest, competition=competition.id)

    try:
        spare = MAX_COMMITMENT_BYTES - len(payload("0" * 40).encode())
    except ValueError as error:
        raise SetupError(f"{repository} cannot be committed: {error}") from error
    if spare < 0:
        raise CommitmentTooLarge(
            f"the commitment for {repository} is {-spare} bytes too long; shorten the namespace or the name"
        )
    hub.create(repository, private=True)
    if not hub.listing(repository, None).private:
        raise SetupError(f"{repository} is public, so others could commit its new files first; name a new repository")
    revision = hub.upload(repository, folder, message=f"submission to competition {competition.id}")
    committed = payload(revision)
    block = chain.commit(hotkey, committed.encode())
    wait_for(block)
    hub.set_private(repository, False)
    return Published(payload=committed, block=block)
