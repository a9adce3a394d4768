"""Publishes a submission so that nobody can commit it first: upload in private, commit on chain, only then show it.

It can be stopped anywhere and called again with the same folder: what stands on chain is not committed twice, and what
lies on the hub is not uploaded twice.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from competitions.competition import Competition
from competitions.submission import Payload, parse_payload
from finetune.chain.port import MAX_COMMITMENT_BYTES, Chain, Signer
from finetune.errors import CommitmentTooLarge, SetupError
from finetune.files import write_atomically
from finetune.hub.digest import folder_digest, secure_hash
from finetune.hub.gates import check_plain_files
from finetune.hub.port import Hub

# A commitment that is about to be sent lands within these many blocks, or never. Dialling may take 10 of them, an
# extrinsic lives for 16, and nodes may be 4 apart.
LANDING_BLOCKS = 40


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
    journal: Path | None = None,
) -> Published:
    """Upload the folder, commit its hash, wait until the commitment is final, make the repository public.

    `wait_for` returns once a block is final. The folder's files and the payload's length are checked before anything
    is uploaded, and a repository that is public already is not used: others could commit its new files first.
    `journal` is a file in which a commitment under way is noted: without it, a call that follows one killed between
    sending and landing would send a second one. Raises `SetupError`, `CommitmentTooLarge`, `ChainError`, `HubError`;
    after any of them nothing new is public.
    """
    draft = draft_payload(folder, repository=repository, competition=competition, hotkey=hotkey)
    done = _stands(chain, draft, hotkey)
    if done is None and journal is not None and (under_way := _lands_by(journal, hotkey, chain.block())):
        wait_for(under_way)
        done = _stands(chain, draft, hotkey)
    if done is None:
        hub.create(repository, private=True)
        check_private(hub, repository)
        revision = hub.upload(repository, folder, message=f"submission to competition {competition.id}")
        if journal is not None:
            note = {"hotkey": hotkey.ss58_address, "lands_by": chain.block() + LANDING_BLOCKS}
            write_atomically(journal, json.dumps(note).encode())
        payload = replace(draft, revision=revision)
        done = Published(payload=payload, block=chain.commit(hotkey, payload.encode()))
        wait_for(done.block)
    hub.set_private(repository, False)
    return done


def check_private(hub: Hub, repository: str) -> None:
    """Raise `SetupError` where strangers would see what is uploaded there before it is committed; and `HubError`."""
    if not hub.listing(repository, None).private:
        raise SetupError(f"{repository} is public, so others could commit its new files first; name a new one")


def draft_payload(folder: Path, *, repository: str, competition: Competition, hotkey: Signer) -> Payload:
    """What would be committed for the folder, at a revision of zeros: nothing is uploaded or sent.

    Raises `SetupError` for a folder or a name that no gate lets in, and `CommitmentTooLarge`.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder")
    if rejection := check_plain_files(folder):
        raise SetupError(f"{folder} cannot be submitted: {rejection.text}")
    return _payload(repository, secure_hash(folder_digest(folder), hotkey.ss58_address), competition)


def check_name(repository: str, competition: Competition) -> None:
    """Raise `SetupError` for a name that no commitment may have, `CommitmentTooLarge` for one that is too long."""
    _payload(repository, secure_hash("", ""), competition)


def _payload(repository: str, digest: str, competition: Competition) -> Payload:
    """A payload at a revision of zeros. Raises `SetupError` and `CommitmentTooLarge` for the repository's name."""
    try:
        payload = Payload(repository=repository, revision="0" * 40, secure_hash=digest, competition=competition.id)
    except ValueError as error:
        raise SetupError(f"{repository} cannot be committed: {error}") from error
    spare = MAX_COMMITMENT_BYTES - len(payload.encode())
    if spare < 0:
        raise CommitmentTooLarge(
            f"the commitment for {repository} is {-spare} bytes too long; shorten the namespace or the name"
        )
    return payload


def standing(chain: Chain) -> dict[str, Published]:
    """What every hotkey has committed, where it is a submission, in one read. Raises `ChainError`."""
    found = {}
    for one in chain.commitments(chain.block()):
        if isinstance(payload := parse_payload(one.data), Payload):
            found[one.hotkey] = Published(payload=payload, block=one.block)
    return found


def _stands(chain: Chain, draft: Payload, hotkey: Signer) -> Published | None:
    """What the hotkey has committed, if it is the draft at some revision."""
    done = standing(chain).get(hotkey.ss58_address)
    return done if done is not None and done.payload == replace(draft, revision=done.payload.revision) else None


def _lands_by(journal: Path, hotkey: Signer, block: int) -> int | None:
    """The block by which the last commitment that was sent has landed, if one was noted and may be under way.

    A note of blocks far ahead is another chain's. Raises `SetupError` for a file that is no note.
    """
    try:
        text = journal.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SetupError(f"{journal} cannot be read: {error}") from error
    try:
        note = json.loads(text)
        own, lands_by = note["hotkey"] == hotkey.ss58_address, int(note["lands_by"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise SetupError(
            f"{journal} is no note of a commitment; delete it {LANDING_BLOCKS} blocks after the last attempt to publish"
        ) from error
    return lands_by if own and block < lands_by <= block + LANDING_BLOCKS else None
