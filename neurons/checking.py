"""Wires a preflight: what scores a folder here, where its base comes from, and what is to be beaten.

`neurons/miner.py` runs the gates before it publishes; `scripts/check_model.py` runs all of it. What is found, and by
which rules, is `finetune/mining/preflight.py`.
"""

from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from neurons.sources import open_sources

if TYPE_CHECKING:
    from pathlib import Path

    from competitions.competition import Competition
    from finetune.chain.port import Chain
    from finetune.evals.isolated import IsolatedScorer
    from finetune.evals.port import Folders
    from finetune.hub.cache import ModelCache
    from finetune.hub.port import Hub
    from finetune.isolation.level import Level
    from finetune.mining.check import Gate
    from finetune.mining.others import Others
    from finetune.mining.preflight import Rival, Verdict
    from finetune.streams.registry import OpenStream
    from finetune.streams.sources import Window

Say = Callable[[str], None]


def refuse_rejected(options: Namespace, folder: "Path", competition: "Competition", hub: "Hub", say: Say) -> None:
    """Load the folder and score a few samples, as a validator would. Raises `SetupError` where a gate rejects it.

    No stream's source is asked. The model is the miner's own, so that walls are welcome and not needed. Raises
    `HubError` where its base cannot be had, and `ScorerUnavailable`.
    """
    from finetune.errors import SetupError
    from finetune.isolation.trial import find_level
    from finetune.mining.check import check_opening
    from finetune.streams.registry import open_stream

    with ExitStack() as held:
        ours = _with_base(folder, None, None, competition, hub, _lazily(options, held))
        scorer = open_scorer(options, find_level(unsafe=True), held)
        gates = check_opening(ours, competition, scorer=scorer, open_stream=open_stream, say=say)
    if rejected := _told(gates):
        raise SetupError(f"validators would reject {folder}, {rejected}; --force publishes it all the same")


def run_preflight(options: Namespace, competition: "Competition", say: Say) -> "Verdict":
    """The whole preflight of `options.folder` against `options.rival`, or against the champion. Raises `FinetuneError`.

    The chain is asked where there is no rival, or where a stream needs the time of a past round.
    """
    from finetune.chain.connect import connect
    from finetune.hub.client import HubClient
    from finetune.isolation.trial import find_level
    from finetune.mining.check import file_gates, passed
    from finetune.mining.preflight import Verdict, preflight
    from finetune.streams.registry import is_remote

    # Before anything is fetched to beat what no validator would let in.
    if not passed(gates := tuple(file_gates(options.folder, competition))):
        return Verdict(gates=gates)
    with ExitStack() as held:
        level = find_level(unsafe=options.unsafe_no_isolation)
        hub = HubClient(options.hf_endpoint, options.hf_token)
        asked = options.rival is None or any(is_remote(task.stream) for task in competition.tasks)
        chain = held.enter_context(connect(options.network, options.netuid)) if asked else None
        cache = _lazily(options, held)
        rival, others = _rival(options, competition, chain, hub, cache)
        open_stream, window = open_streams(options, competition, chain, held, say)
        return preflight(
            options.folder,
            competition,
            rival=rival,
            scorer=open_scorer(options, level, held),
            open_stream=open_stream,
            seed=options.seed,
            batches=options.batches,
            window=window,
            with_base=lambda model: _with_base(model, options.base, options.tokenizer, competition, hub, cache),
            others=others,
            say=say,
        )


def open_scorer(options: Namespace, level: "Level", held: ExitStack) -> "IsolatedScorer":
    """The validators' own scorer on this machine, closed with `held`."""
    from finetune.evals.isolated import IsolatedScorer

    return held.enter_context(IsolatedScorer(level=level, device=options.device))


def _rival(
    options: Namespace,
    competition: "Competition",
    chain: "Chain | None",
    hub: "Hub",
    cache: "Callable[[], ModelCache]",
) -> "tuple[Rival, Others | None]":
    """Whom the folder is to beat, and with whom it is compared. Raises `FinetuneError`."""
    from finetune.mining.preflight import Rival
    from finetune.mining.submissions import to_beat

    if options.rival is None:
        assert chain is not None
        return to_beat(competition, chain, hub, cache())
    folders = _with_base(options.rival, options.rival_base, options.tokenizer, competition, hub, cache)
    return Rival(folders=folders, age_blocks=options.age_blocks, name=str(options.rival)), None


def _with_base(
    model: "Path",
    base: "Path | None",
    tokenizer: "Path | None",
    competition: "Competition",
    hub: "Hub",
    cache: "Callable[[], ModelCache]",
) -> "Folders":
    """The folder with base and tokenizer: those given, else the pinned ones from the hub. Raises `FinetuneError`."""
    from finetune.errors import SetupError
    from finetune.evals.port import Folders
    from finetune.hub.digest import folder_digest
    from finetune.mining.check import base_of
    from finetune.mining.submissions import with_base

    pinned = base_of(model, competition)
    fixed = competition.constraints.tokenizer == "reference"
    if (pinned and base is None) or (fixed and tokenizer is None):
        return with_base(model, competition, hub, cache())
    if pinned and base and pinned.digest not in ("", found := folder_digest(base)):
        raise SetupError(f"{base} hashes to {found}; the base {pinned.repository} is pinned to {pinned.digest}")
    return Folders(model=model, base=base if pinned else None, tokenizer=tokenizer if fixed else None)


def _lazily(options: Namespace, held: ExitStack) -> "Callable[[], ModelCache]":
    """Opens the cache of fetched models when it is first needed, once; one process alone may hold it."""
    from finetune.hub.cache import ModelCache

    opened: list[ModelCache] = []

    def cache() -> ModelCache:
        if not opened:
            opened.append(held.enter_context(ModelCache(options.model_dir / "fetched", options.quota_gb * 10**9)))
        return opened[0]

    return cache


def open_streams(
    options: Namespace, competition: "Competition", chain: "Chain | None", held: ExitStack, say: Say
) -> "tuple[OpenStream, Window]":
    """What opens the competition's streams, and the time of the last round that was, where a stream is remote.

    Raises `SetupError` where strangers' files cannot be read behind walls, and `ChainError`.
    """
    from finetune.isolation.trial import find_level
    from finetune.streams.drawing import round_window
    from finetune.streams.registry import is_remote, open_stream
    from finetune.streams.sources import Window

    if chain is None or not any(is_remote(task.stream) for task in competition.tasks):
        return open_stream, Window(start=0.0, end=0.0)
    newest = chain.block()
    sync = newest - newest % competition.round.sync_blocks
    sources = open_sources(options, find_level(unsafe=vars(options).get("unsafe_no_isolation", False)), held, say)
    return partial(open_stream, sources=sources), round_window(competition, sync, chain.block_time(sync))


def _told(gates: "Sequence[Gate]") -> str:
    """What the first gate that rejects says; empty where none does."""
    for gate in gates:
        if gate.rejection is not None:
            return f"at the gate {gate.name!r}, as {gate.rejection.reason}: {gate.rejection.text}"
    return ""
