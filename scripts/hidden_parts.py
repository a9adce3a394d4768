"""A task creator's data: cuts a hidden file into parts, publishes what fixes them, and reveals one part a round.

`cut` prints what belongs in the competition's file. `reveal`, run often, publishes the next round's part once it is
due and does nothing before. The hub is the one that HF_ENDPOINT names, or huggingface.co; the token is HF_TOKEN.
"""

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.command import finish

if TYPE_CHECKING:
    from finetune.hub.client import HubClient


def main(arguments: list[str] | None = None) -> int:
    """Cut or reveal; returns 0, or 2 with the reason on standard error."""
    options = _parse(arguments)
    os.environ.update(HF_HUB_DISABLE_TELEMETRY="1")
    from finetune.errors import FinetuneError

    try:
        if options.what == "cut":
            _cut(options)
        else:
            _reveal(options)
    except FinetuneError as error:
        print(f"hidden_parts: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    cut = commands.add_parser("cut", help="cut a file into parts, and publish the training file and the parts' list")
    cut.add_argument("file", type=Path, help="the hidden file: JSON Lines of conversations")
    cut.add_argument("--training", type=Path, required=True, help="the file to train on, JSON Lines too")
    cut.add_argument("--rows", type=int, required=True, help="rows a part: at least batches x batch_size of a round")
    cut.add_argument("--first_block", type=int, required=True, help="the sync block of the first round")
    cut.add_argument("--every_blocks", type=int, required=True, help="blocks from one of its rounds to the next")
    cut.add_argument("--max_bytes", type=int, default=8192, help="the task's option of that name (%(default)s)")
    cut.add_argument("--publish", required=True, metavar="NAMESPACE/NAME", help="the dataset repository, a new one")
    cut.add_argument("--out", type=Path, required=True, help="new folder for the parts; nobody else may read it")
    reveal = commands.add_parser("reveal", help="publish the part of the next round, if it is due")
    reveal.add_argument("out", type=Path, help="the folder that cut has made")
    reveal.add_argument("--catalog", type=Path, default=Path("competitions/catalog"), help="(%(default)s)")
    reveal.add_argument("--competition_id", type=int, required=True, help="whose task draws from the parts")
    network, netuid = os.environ.get("SUBTENSOR_NETWORK", "finney"), int(os.environ.get("NETUID", "0"))
    reveal.add_argument("--subtensor.network", dest="network", default=network, help="(%(default)s)")
    reveal.add_argument("--netuid", type=int, default=netuid, help="the subnet (%(default)s)")
    return parser.parse_args(arguments)


def _hub() -> "HubClient":
    from finetune.errors import SetupError
    from finetune.hub.client import HubClient

    if not os.environ.get("HF_TOKEN"):
        raise SetupError("publishing needs a token that may write to the repository, in HF_TOKEN")
    return HubClient(os.environ.get("HF_ENDPOINT"), os.environ["HF_TOKEN"], kind="dataset")


def _cut(options: argparse.Namespace) -> None:
    """Cut, publish, and print what belongs in the competition's file. Raises `SetupError`, `HubError`."""
    from competitions.check import Invalid
    from finetune.errors import SetupError
    from finetune.generating.hidden import cut, publish
    from finetune.streams.hidden import Hidden

    hub = _hub()
    if options.rows < 1:
        raise SetupError(f"--rows must be at least 1; found {options.rows}")
    made = cut(options.file, options.out, rows=options.rows, max_bytes=options.max_bytes, training=options.training)
    try:
        hidden = Hidden(digest=made.digest, first_block=options.first_block, every_blocks=options.every_blocks)
    except Invalid as error:
        raise SetupError(str(error)) from error
    revision = publish(options.out, repository=options.publish, hub=hub)
    rounds = len(made.parts) - 1
    print(f"# a specimen and {rounds} parts, enough for {rounds} rounds; {made.left_out} rows are left out")
    print(f'[training]\nrepository = "{options.publish}"\nrevision = "{revision}"\nfile = "{options.training.name}"')
    print(f'digest = "{hashlib.sha256(options.training.read_bytes()).hexdigest()}"\n')
    print("# options of the task")
    parts = f'digest = "{hidden.digest}", first_block = {hidden.first_block}, every_blocks = {hidden.every_blocks}'
    print(f'options = {{ repository = "{options.publish}", hidden = {{ {parts} }} }}')


def _reveal(options: argparse.Namespace) -> None:
    """Reveal the next part if it is due, and say so, or when it will be. Raises `FinetuneError`."""
    from competitions.files import CatalogError
    from competitions.schedule import load_catalog
    from finetune.chain.connect import connect
    from finetune.errors import SetupError
    from finetune.generating.hidden import next_reveal, reveal
    from finetune.streams.hidden import read_hidden

    hub = _hub()
    with connect(options.network, options.netuid) as chain:
        block = chain.block()
    try:
        catalog = load_catalog(options.catalog)
    except CatalogError as error:
        raise SetupError(str(error)) from error
    known = {one.id: one for one in catalog.competitions if one.last_block is None or one.last_block > block}
    if options.competition_id not in known:
        raise SetupError(f"--competition_id must be one of {', '.join(map(str, known))}")
    competition = known[options.competition_id]
    task = next((one for one in competition.tasks if "hidden" in one.options), None)
    if task is None:
        raise SetupError(f"no task of competition {competition.id} has hidden parts")
    table = task.options["hidden"]
    hidden = read_hidden(task.stream, table if isinstance(table, dict) else {})
    assert hidden is not None
    due = next_reveal(catalog, competition, hidden, block)
    if not due.part:
        print(f"block {block:,}: the round of {due.sync:,} draws from the specimen; there is nothing to reveal")
        return
    if block < due.opens:
        print(f"block {block:,}: part {due.part} is due from block {due.opens:,} on, for the round of {due.sync:,}")
        return
    revision = reveal(options.out, due.part, repository=str(task.options["repository"]), hub=hub)
    print(f"block {block:,}: part {due.part} is revealed for the round of {due.sync:,}, at {revision}")


if __name__ == "__main__":
    finish(main)
