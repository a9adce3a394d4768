"""The validator: finds submissions on chain, scores them head-to-head on fresh data, sets weights.

It runs until it is told to stop (Ctrl-C or SIGTERM), and goes on where it was when it is started again.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from neurons.mirror import start_archive, start_mirror
from neurons.settings import VALIDATOR, environment, parse
from neurons.sources import open_sources
from neurons.stopping import stoppable

if TYPE_CHECKING:
    import argparse

    from finetune.validating.terminal import Terminal


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    """Run a validator; returns 0 when it was told to stop, 2 where it could not start."""
    summary = str(__doc__).splitlines()[0]
    options = parse(VALIDATOR, summary, arguments, environment() if variables is None else variables)
    # Read by the libraries when they are imported.
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    from rich.console import Console

    from finetune.errors import FinetuneError
    from finetune.validating.terminal import Terminal

    terminal = Terminal(Console())
    try:
        with stoppable() as stop:
            _run(options, stop, terminal)
    except FinetuneError as error:
        print(error, file=sys.stderr)
        return 2
    terminal.say("stopped; start it again and it goes on from here")
    return 0


def _run(options: "argparse.Namespace", stop: threading.Event, terminal: "Terminal") -> None:
    """Wire a validator and let it live. Raises `FinetuneError` where something that it needs is missing."""
    from functools import partial

    from finetune.chain.connect import connect
    from finetune.chain.offline import OfflineChain
    from finetune.chain.wallet import open_hotkey
    from finetune.evals.isolated import IsolatedScorer
    from finetune.hub.cache import ModelCache
    from finetune.hub.client import HubClient
    from finetune.isolation.trial import find_level
    from finetune.redact import redacted
    from finetune.startup import check_device, check_disk, check_token_reads, check_token_writes, noting, refuse
    from finetune.streams.registry import open_stream
    from finetune.validating import startup
    from finetune.validating.loop import Validator
    from finetune.validating.machine import this_machine
    from finetune.validating.report import ReportFolder
    from finetune.validating.round import Ports
    from finetune.validating.state import State

    say, faults = terminal.say, list[str]()
    with ExitStack() as held:
        chain = hotkey = level = hub = None
        block, quota = 0, options.quota_gb * 10**9
        with noting(faults):
            hotkey = open_hotkey(options.wallet_name, options.wallet_hotkey, options.wallet_path)
        with noting(faults):
            chain = held.enter_context(connect(options.network, options.netuid))
            block = chain.block()
            faults += startup.check_permit(chain, hotkey) if hotkey else []
            faults += startup.check_weights_shape(chain)
        with noting(faults):
            level = find_level(unsafe=options.unsafe_no_isolation)
        with noting(faults):
            hub = HubClient(options.hf_endpoint, options.hf_token)
            faults += check_token_reads(hub, options.hf_token)
            if options.reports_repo_id and not options.offline:
                datasets = HubClient(options.hf_endpoint, options.hf_token, kind="dataset")
                faults += check_token_writes(datasets, options.hf_token, options.reports_repo_id)
        catalog, wrong = startup.check_catalog(options.catalog, block)
        faults += [*wrong, *check_disk(options.model_dir, quota), *check_device(options.device)]
        refuse(faults, "validator")
        assert hotkey is not None
        assert chain is not None
        assert level is not None
        assert hub is not None
        assert catalog is not None
        state = State(options.model_dir / "state.sqlite")
        held.callback(state.close)
        ports = Ports(
            hotkey=hotkey,
            catalog=catalog,
            chain=OfflineChain(chain, say) if options.offline else chain,
            hub=hub,
            cache=held.enter_context(ModelCache(options.model_dir / "cache", quota * 9 // 10)),
            state=state,
            open_stream=partial(open_stream, sources=open_sources(options, level, held, say)),
            scorer=held.enter_context(IsolatedScorer(level=level, device=options.device)),
            publishers=(ReportFolder(options.model_dir / "reports"),),
            say=say,
            clock=time.monotonic,
            machine=this_machine(options.device),
            watch=terminal.watch,
        )
        network = redacted(options.network)
        say(f"validator {hotkey.ss58_address} on subnet {options.netuid} of {network}, isolation {level}")
        start_mirror(options, hotkey.ss58_address, held, say)
        start_archive(options, hotkey.ss58_address, held, say)
        held.enter_context(terminal)
        Validator(ports).run(stop)


if __name__ == "__main__":
    sys.exit(main())
