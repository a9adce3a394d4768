"""The miner: shows the competitions, fetches a model to start from, publishes a trained one so that nobody is first.

Publishing uploads to a private repository, commits the hash on chain, waits until that is final, and only then makes
the repository public. Stopped anywhere and started again, it neither uploads nor commits twice.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from neurons.settings import MINER, environment, parse

if TYPE_CHECKING:
    import argparse

    from competitions.competition import Competition
    from finetune.chain.port import Chain
    from finetune.hub.client import HubClient

_POLL_SECONDS = 6.0


def main(arguments: Sequence[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    """Do what the flags ask for; returns 0, or 2 with the reason on standard error."""
    summary = str(__doc__).splitlines()[0]
    options = parse(MINER, summary, arguments, environment() if variables is None else variables)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")
    from competitions.files import CatalogError
    from finetune.errors import FinetuneError

    try:
        _run(options)
    except (CatalogError, FinetuneError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nstopped; run the same command again and it goes on from here", file=sys.stderr)
        return 130
    return 0


def _run(options: "argparse.Namespace") -> None:
    """Raises `CatalogError`, `FinetuneError`."""
    from competitions.schedule import load_catalog
    from finetune.chain.connect import connect
    from finetune.errors import SetupError
    from finetune.hub.cache import ModelCache
    from finetune.hub.client import HubClient
    from finetune.mining import submissions

    catalog = load_catalog(options.catalog)
    if options.list_competitions:
        for one in catalog.competitions:
            print(f"{one.id}  {one.title}, {one.reward:.0%} of the reward, {_wanted(one)}")
        return
    known = {one.id: one for one in catalog.competitions}
    if options.competition_id not in known:
        raise SetupError(
            f"--competition_id must be one of {', '.join(map(str, known))}; --list_competitions shows them"
        )
    competition = known[options.competition_id]
    with ExitStack() as held:
        chain = held.enter_context(connect(options.network, options.netuid))
        hub = HubClient(options.hf_endpoint, options.hf_token)
        if options.load_best or options.load_uid is not None:
            leader = submissions.leading(chain, competition) if options.load_best else None
            hotkey = leader if options.load_best else submissions.of_uid(chain, options.load_uid)
            if hotkey is None:
                raise SetupError(f"nobody leads competition {competition.id} yet; start from {_reference(competition)}")
            cache = held.enter_context(ModelCache(options.model_dir / "fetched", options.quota_gb * 10**9))
            print(f"{hotkey}: {submissions.fetch(hotkey, competition, chain, hub, cache).folder}")
            return
        _publish(options, competition, chain, hub)


def _publish(options: "argparse.Namespace", competition: "Competition", chain: "Chain", hub: "HubClient") -> None:
    from finetune.errors import SetupError
    from finetune.mining import submissions
    from finetune.mining.publish import draft_payload, publish, standing
    from neurons.wallet import open_hotkey

    if not options.hf_repo_id or (options.load_model_dir is None and not options.update_repo_visibility):
        raise SetupError("to publish, give --load_model_dir FOLDER and --hf_repo_id NAMESPACE/NAME")
    hotkey = open_hotkey(options.wallet_name, options.wallet_hotkey, options.wallet_path)
    address = hotkey.ss58_address
    if options.update_repo_visibility:
        stands = standing(chain).get(address)
        if stands is None or stands.payload.repository != options.hf_repo_id:
            raise SetupError(f"hotkey {address} has no commitment on chain that names {options.hf_repo_id}")
        hub.set_private(options.hf_repo_id, False)
        print(f"{options.hf_repo_id} is public")
        return
    if submissions.earns(chain, address) and not options.give_up_seat:
        raise SetupError(
            f"hotkey {address} earns with what it has committed; committing again gives that up: try new models under "
            "another hotkey, or say --give_up_seat"
        )
    if options.offline:
        draft = draft_payload(
            options.load_model_dir, repository=options.hf_repo_id, competition=competition, hotkey=hotkey
        )
        print(f"offline: {address} would upload {options.load_model_dir} and commit {draft.encode().decode()}")
        return
    options.model_dir.mkdir(parents=True, exist_ok=True)
    done = publish(
        options.load_model_dir,
        repository=options.hf_repo_id,
        competition=competition,
        hotkey=hotkey,
        hub=hub,
        chain=chain,
        wait_for=lambda block: _wait(chain, block),
        journal=options.model_dir / f"publishing-{address}.json",
    )
    print(f"{done.payload.repository} at {done.payload.revision} stands on chain since block {done.block}")


def _wait(chain: "Chain", block: int) -> None:
    """Return once the block is final."""
    while (newest := chain.block()) < block:
        print(f"block {newest:,}; waiting for {block:,}", flush=True)
        time.sleep(_POLL_SECONDS)


def _wanted(competition: "Competition") -> str:
    limits = competition.constraints
    kinds = {"no": "full models", "allowed": "full models and LoRA adapters", "only": "LoRA adapters"}[limits.lora]
    return f"{kinds} of up to {limits.max_parameters:,} parameters, {limits.sequence_length:,} tokens"


def _reference(competition: "Competition") -> str:
    return f"its reference, {competition.reference.repository}"


if __name__ == "__main__":
    sys.exit(main())
