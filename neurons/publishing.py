"""Publishes a folder as the flags say: what is missing is listed at once, then the model is tried, then it is sent.

`neurons/miner.py` and `scripts/upload_model.py` are both this; the order of uploading, committing and showing is
`finetune/mining/publish.py`.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from competitions.competition import Competition
    from competitions.schedule import Catalog
    from competitions.submission import Payload
    from finetune.chain.port import Chain, Signer
    from finetune.hub.client import HubClient

_POLL_SECONDS = 6.0


@dataclass(frozen=True, kw_only=True)
class Desk:
    """All that publishing needs, found sound. `draft` is what would be committed for `--load_model_dir`, if given."""

    options: "argparse.Namespace"
    competition: "Competition"
    hotkey: "Signer"
    chain: "Chain"
    hub: "HubClient"
    draft: "Payload | None"


def publish_folder(options: "argparse.Namespace") -> None:
    """Publish `--load_model_dir`, or with `--offline` tell what would be committed.

    Raises `SetupError` with all that is missing, or with the gate that rejects the model; `CommitmentTooLarge`,
    `ChainError`, `HubError`, `ScorerUnavailable`.
    """
    with ExitStack() as held:
        desk = open_desk(options, held, lambda _: _check_folder(options))
        assert desk.draft is not None
        publish_draft(desk, options.load_model_dir, desk.draft)


def open_desk(options: "argparse.Namespace", held: ExitStack, also: "Callable[[Competition], list[str]]") -> Desk:
    """Look at all that publishing needs, and for the faults that `also` finds; the chain is closed with `held`.

    Raises `SetupError` with everything that is missing.
    """
    from finetune.chain.connect import connect
    from finetune.chain.wallet import open_hotkey
    from finetune.hub.client import HubClient
    from finetune.mining.publish import check_name
    from finetune.startup import check_device, check_registration, noting, refuse

    faults: list[str] = []
    hotkey = chain = competition = hub = draft = None
    named = (options.hf_repo_id or "").count("/") == 1
    with noting(faults):
        competition = chosen(options)
    if competition:
        with noting(faults):
            faults += also(competition)
    with noting(faults):
        hotkey = open_hotkey(options.wallet_name, options.wallet_hotkey, options.wallet_path)
    with noting(faults):
        chain = held.enter_context(connect(options.network, options.netuid))
        faults += check_registration(chain, hotkey) if hotkey else []
    with noting(faults):
        hub = HubClient(options.hf_endpoint, options.hf_token)
        if named:
            faults += _check_repository(options, hub, chain, hotkey)
    faults += check_device(options.device)
    if not named:
        found = f", not {options.hf_repo_id!r}" if options.hf_repo_id else ""
        faults.append(f"--hf_repo_id NAMESPACE/NAME says where to publish to{found}")
    elif options.load_model_dir and competition and hotkey:
        with noting(faults):
            draft = sound_draft(options, options.load_model_dir, competition, hotkey)
    elif competition:
        with noting(faults):
            check_name(options.hf_repo_id, competition)
    if options.load_model_dir and options.model_dir.resolve().is_relative_to(options.load_model_dir.resolve()):
        faults.append(f"--model_dir {options.model_dir} lies in the folder to publish; choose another")
    else:
        with noting(faults):
            options.model_dir.mkdir(parents=True, exist_ok=True)
    if chain and hotkey:
        with noting(faults):
            faults += check_seat(options, chain, hotkey.ss58_address, draft)
    refuse(faults, "miner")
    assert competition is not None
    assert hotkey is not None
    assert chain is not None
    assert hub is not None
    return Desk(options=options, competition=competition, hotkey=hotkey, chain=chain, hub=hub, draft=draft)


def publish_draft(desk: Desk, folder: "Path", draft: "Payload") -> None:
    """Run the gates of loading and scoring, then upload, commit and show; with `--offline` tell what would be done.

    A model that stands on chain already has been through them. Raises as `publish_folder`.
    """
    from finetune.mining import submissions
    from finetune.mining.publish import publish
    from neurons.checking import refuse_rejected

    options, address = desk.options, desk.hotkey.ss58_address
    if not submissions.stands(desk.chain, address, draft):
        refuse_public(desk.hub, options.hf_repo_id)
        if not options.force:
            _refuse_copy(desk, folder)
            refuse_rejected(options, folder, desk.competition, desk.hub, say)
    if options.offline:
        print(f"offline: {address} would upload {folder} and commit {draft.encode().decode()}")
        return
    done = publish(
        folder,
        repository=options.hf_repo_id,
        competition=desk.competition,
        hotkey=desk.hotkey,
        hub=desk.hub,
        chain=desk.chain,
        wait_for=lambda block: _wait(desk.chain, block),
        journal=_journal(options, address),
    )
    print(f"{done.payload.repository} at {done.payload.revision} stands on chain since block {done.block}")


def chosen(options: "argparse.Namespace") -> "Competition":
    """The competition that the flags name. Raises `SetupError`."""
    from finetune.errors import SetupError

    known = {one.id: one for one in read_catalog(options).competitions}
    if options.competition_id not in known:
        found = "is missing" if options.competition_id == -1 else f"is {options.competition_id}"
        raise SetupError(
            f"--competition_id {found}; it must be one of {', '.join(map(str, known))}, which --list_competitions shows"
        )
    return known[options.competition_id]


def read_catalog(options: "argparse.Namespace") -> "Catalog":
    """The catalog that the flags name. Raises `SetupError`."""
    from competitions.files import CatalogError
    from competitions.schedule import load_catalog
    from finetune.errors import SetupError

    try:
        return load_catalog(options.catalog)
    except CatalogError as error:
        raise SetupError(str(error)) from error


def sound_draft(
    options: "argparse.Namespace", folder: "Path", competition: "Competition", hotkey: "Signer"
) -> "Payload":
    """What would be committed, once the gates that load nothing let the folder in. Raises `SetupError`."""
    from finetune.errors import SetupError
    from finetune.mining.check import check_submission
    from finetune.mining.publish import draft_payload

    if not folder.is_dir():
        raise SetupError(f"{folder} is not a folder")
    draft = draft_payload(folder, repository=options.hf_repo_id, competition=competition, hotkey=hotkey)
    rejection = None if options.force else check_submission(folder, draft, hotkey.ss58_address, competition)
    if rejection is not None:
        raise SetupError(
            f"validators would reject {folder}, as {rejection.reason}: {rejection.text}; "
            "--force publishes it all the same"
        )
    return draft


def check_seat(options: "argparse.Namespace", chain: "Chain", address: str, draft: "Payload | None") -> list[str]:
    """Whether another commitment would give up what the hotkey earns; to go on with a begun publishing would not.

    Without a draft, one that this folder has published before counts as begun. Raises `ChainError`.
    """
    from finetune.mining import submissions

    if options.give_up_seat:
        return []
    same = submissions.stands(chain, address, draft) if draft else _journal(options, address).exists()
    if same or not submissions.earns(chain, address):
        return []
    return [
        f"hotkey {address} earns with what it has committed; committing again gives that up: try new models under "
        "another hotkey, or say --give_up_seat"
    ]


def _refuse_copy(desk: Desk, folder: "Path") -> None:
    """Raise `SetupError` where another hotkey has committed the same files before, whoever made them; `ChainError`."""
    from finetune.errors import SetupError
    from finetune.mining.others import Others, check_own
    from finetune.mining.submissions import entered

    theirs = tuple(one for one in entered(desk.chain, desk.competition) if one.hotkey != desk.hotkey.ss58_address)
    if rejection := check_own(folder, Others(submissions=theirs, folders={}, block=desk.chain.block())):
        raise SetupError(
            f"validators would reject {folder}, as {rejection.reason}: {rejection.text}; train with another seed or "
            "other data; --force publishes it all the same"
        )


def _check_folder(options: "argparse.Namespace") -> list[str]:
    """Whether there is a folder to publish; what is in it is for the gates."""
    return [] if options.load_model_dir else ["--load_model_dir FOLDER says what to publish"]


def _check_repository(
    options: "argparse.Namespace", hub: "HubClient", chain: "Chain | None", hotkey: "Signer | None"
) -> list[str]:
    """Whether the token may write there, and nobody sees what is not committed yet. Raises as `refuse_public`.

    The repository that the hotkey has committed is public rightly.
    """
    from finetune.mining.publish import standing
    from finetune.startup import check_token_writes

    faults = check_token_writes(hub, options.hf_token, options.hf_repo_id)
    if not faults and chain and hotkey:
        own = standing(chain).get(hotkey.ss58_address)
        if own is None or own.payload.repository != options.hf_repo_id:
            refuse_public(hub, options.hf_repo_id)
    return faults


def refuse_public(hub: "HubClient", repository: str) -> None:
    """As `check_private`, but for a repository that is not there yet: it will be made in private."""
    from finetune.errors import RepositoryGone
    from finetune.mining.publish import check_private

    with suppress(RepositoryGone):
        check_private(hub, repository)


def _journal(options: "argparse.Namespace", address: str) -> "Path":
    """Where a publishing that was interrupted is remembered."""
    journal: Path = options.model_dir / f"publishing-{address}.json"
    return journal


def _wait(chain: "Chain", block: int) -> None:
    """Return once the block is final."""
    while (newest := chain.block()) < block:
        say(f"block {newest:,}; waiting for {block:,}")
        time.sleep(_POLL_SECONDS)


def say(text: str) -> None:
    """Print a line at once, wherever it goes."""
    print(text, flush=True)
