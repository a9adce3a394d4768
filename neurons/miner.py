"""The miner: trains a model for a competition, or fetches one to start from, and publishes so that nobody is first.

Publishing uploads to a private repository, commits the hash on chain, waits until that is final, and only then makes
the repository public. Stopped anywhere and started again, it neither trains, uploads nor commits twice.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from neurons.command import ended
from neurons.publishing import chosen, publish_folder, read_catalog
from neurons.settings import MINER, environment, parse
from neurons.training import train_and_publish

if TYPE_CHECKING:
    import argparse

    from competitions.competition import Competition


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    """Do what the flags ask for; returns 0, or 2 with the reason on standard error."""
    summary = str(__doc__).splitlines()[0]
    options = parse(MINER, summary, arguments, environment() if variables is None else variables)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false", OMP_WAIT_POLICY="passive")
    return ended(lambda: _run(options))


def _run(options: "argparse.Namespace") -> None:
    """Raises `FinetuneError`."""
    if options.list_competitions:
        for one in read_catalog(options).competitions:
            print(f"{one.id}  {one.title}, {one.reward:.0%} of the reward, {_wanted(one)}")
    elif options.load_best or options.load_uid is not None:
        _fetch(options)
    elif options.update_repo_visibility:
        _show(options)
    elif options.load_model_dir:
        publish_folder(options)
    else:
        train_and_publish(options)


def _fetch(options: "argparse.Namespace") -> None:
    """Fetch the leading model, or that of a uid, and tell its folder."""
    from finetune.chain.connect import connect
    from finetune.errors import SetupError
    from finetune.hub.cache import ModelCache
    from finetune.hub.client import HubClient
    from finetune.mining import submissions
    from finetune.startup import check_disk, check_token_reads, noting, refuse

    faults: list[str] = []
    competition = chain = hub = None
    with ExitStack() as held:
        with noting(faults):
            competition = chosen(options)
        with noting(faults):
            chain = held.enter_context(connect(options.network, options.netuid))
        with noting(faults):
            hub = HubClient(options.hf_endpoint, options.hf_token)
            faults += check_token_reads(hub, options.hf_token)
        faults += check_disk(options.model_dir, options.quota_gb * 10**9)
        refuse(faults, "miner")
        assert competition is not None
        assert chain is not None
        assert hub is not None
        leader = submissions.leading(chain, competition) if options.load_best else None
        hotkey = leader if options.load_best else submissions.of_uid(chain, options.load_uid)
        if hotkey is None:
            start = competition.reference.repository
            raise SetupError(f"nobody leads competition {competition.id} yet; start from its reference, {start}")
        cache = held.enter_context(ModelCache(options.model_dir / "fetched", options.quota_gb * 10**9))
        print(f"{hotkey}: {submissions.fetch(hotkey, competition, chain, hub, cache).folder}")


def _show(options: "argparse.Namespace") -> None:
    """Make the repository that the hotkey has committed public."""
    from finetune.chain.connect import connect
    from finetune.chain.wallet import open_hotkey
    from finetune.hub.client import HubClient
    from finetune.mining.publish import standing
    from finetune.startup import check_token_writes, noting, refuse

    faults: list[str] = []
    hotkey = hub = stands = None
    with noting(faults):
        hotkey = open_hotkey(options.wallet_name, options.wallet_hotkey, options.wallet_path)
    with noting(faults), connect(options.network, options.netuid) as chain:
        stands = standing(chain)
    if options.hf_repo_id is None:
        faults.append("name the repository to show: --hf_repo_id NAMESPACE/NAME")
    else:
        with noting(faults):
            hub = HubClient(options.hf_endpoint, options.hf_token)
            faults += check_token_writes(hub, options.hf_token, options.hf_repo_id)
    if hotkey is not None and stands is not None and options.hf_repo_id is not None:
        own = stands.get(hotkey.ss58_address)
        if own is None or own.payload.repository != options.hf_repo_id:
            faults.append(f"hotkey {hotkey.ss58_address} has no commitment on chain that names {options.hf_repo_id}")
    refuse(faults, "miner")
    assert hub is not None
    if options.offline:
        print(f"offline: {options.hf_repo_id} would be made public")
        return
    hub.set_private(options.hf_repo_id, False)
    print(f"{options.hf_repo_id} is public")


def _wanted(competition: "Competition") -> str:
    limits = competition.constraints
    kinds = {"no": "full models", "allowed": "full models and LoRA adapters", "only": "LoRA adapters"}[limits.lora]
    return f"{kinds} of up to {limits.max_parameters:,} parameters, {limits.sequence_length:,} tokens"


if __name__ == "__main__":
    sys.exit(main())
