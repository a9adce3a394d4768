"""The validator: finds submissions on chain, scores them head-to-head on fresh data, sets weights.

It runs until it is told to stop (Ctrl-C or SIGTERM), and goes on where it was when it is started again.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from neurons.settings import VALIDATOR, environment, parse

if TYPE_CHECKING:
    import argparse


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    """Run a validator; returns 0 when it was told to stop, 2 where it could not start."""
    summary = str(__doc__).splitlines()[0]
    options = parse(VALIDATOR, summary, arguments, environment() if variables is None else variables)
    # Read by the libraries when they are imported.
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    from finetune.errors import FinetuneError

    stop = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stop.set())
    try:
        _run(options, stop)
    except FinetuneError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def say(text: str) -> None:
    """One line for whoever watches, with the time."""
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {text}", flush=True)


def _run(options: "argparse.Namespace", stop: threading.Event) -> None:
    """Wire a validator and let it live. Raises `FinetuneError` where something that it needs is missing."""
    from functools import partial

    from finetune.chain.connect import connect
    from finetune.chain.offline import OfflineChain
    from finetune.errors import SetupError
    from finetune.evals.isolated import IsolatedScorer
    from finetune.hub.cache import ModelCache
    from finetune.hub.client import HubClient
    from finetune.hub.dataset_cache import DatasetCache
    from finetune.isolation.trial import find_level
    from finetune.streams.parquet_reader import ParquetReader
    from finetune.streams.registry import open_stream
    from finetune.streams.sources import Sources
    from finetune.validating import startup
    from finetune.validating.loop import Validator
    from finetune.validating.report import ReportFolder
    from finetune.validating.round import Ports
    from finetune.validating.state import State
    from neurons.wallet import open_hotkey

    faults: list[str] = []
    with ExitStack() as held:
        chain = held.enter_context(connect(options.network, options.netuid))
        hotkey = level = None
        try:
            hotkey = open_hotkey(options.wallet_name, options.wallet_hotkey, options.wallet_path)
            faults += startup.check_registration(chain, hotkey)
        except SetupError as error:
            faults.append(str(error))
        try:
            level = find_level(unsafe=options.unsafe_no_isolation)
        except SetupError as error:
            faults.append(str(error))
        quota = options.quota_gb * 10**9
        catalog, wrong = startup.check_catalog(options.catalog, chain.block())
        faults += [*wrong, *startup.check_disk(options.model_dir, quota), *startup.check_device(options.device)]
        startup.refuse(faults)
        assert hotkey is not None
        assert level is not None
        assert catalog is not None
        hub = HubClient(options.hf_endpoint, options.hf_token)
        datasets = held.enter_context(DatasetCache(options.model_dir / "datasets", quota // 10))
        sources = Sources(
            datasets=HubClient(options.hf_endpoint, options.hf_token, kind="dataset"),
            cache=datasets,
            say=say,
            reader=held.enter_context(ParquetReader(datasets.folder, level=level)),
        )
        state = State(options.model_dir / "state.sqlite")
        held.callback(state.close)
        ports = Ports(
            hotkey=hotkey,
            catalog=catalog,
            chain=OfflineChain(chain, say) if options.offline else chain,
            hub=hub,
            cache=held.enter_context(ModelCache(options.model_dir / "cache", quota)),
            state=state,
            open_stream=partial(open_stream, sources=sources),
            scorer=held.enter_context(IsolatedScorer(level=level, device=options.device)),
            publishers=(ReportFolder(options.model_dir / "reports"),),
            say=say,
            clock=time.monotonic,
        )
        say(f"validator {hotkey.ss58_address} on subnet {options.netuid} of {options.network}, isolation {level}")
        Validator(ports).run(stop)
        say("stopped; start it again and it goes on from here")


if __name__ == "__main__":
    sys.exit(main())
