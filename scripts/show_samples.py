"""Shows samples of a stream as a person reads them: what is shown to a model, and what is right.

The seeds are those of no round, as in practice: the same number shows the same samples on every machine. A stream that
reads datasets reads them as they are now, at the hub that HF_ENDPOINT names, or huggingface.co; one that reads another
subnet's feed needs the chain, `--subtensor.network`.
"""

import argparse
import hashlib
import inspect
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

from scripts.command import finish

if TYPE_CHECKING:
    from finetune.streams.sample import AnySample, Stream
    from finetune.streams.sources import Sources

# A title, a text and the style of its title where there are colours.
Section = tuple[str, str, str]
GIVEN, RIGHT, WRONG = "cyan", "green", "red"

_DAY = 86_400  # seconds
_QUOTA = 20 * 10**9  # bytes of datasets that are kept; as a validator's by default


def main(arguments: list[str] | None = None) -> int:
    """Print samples, or with --list the streams; returns 0, or 1 with the error on standard error."""
    options = _parse(arguments)
    from finetune.errors import FinetuneError

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A sample's text may have characters that this terminal has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if options.list:
            _print_streams()
        else:
            _print_samples(options)
    except FinetuneError as error:
        print(f"show_samples: {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("stream", nargs="?", help="the name of a stream")
    what.add_argument("--list", action="store_true", help="list the streams and their options instead")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same samples (%(default)s)")
    parser.add_argument("--count", type=_count, default=3, help="how many samples (%(default)s)")
    parser.add_argument(
        "--option",
        type=_option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the stream, as often as needed; the value as JSON, or else as text",
    )
    parser.add_argument(
        "--training", action="store_true", help="show each as what a training run reads: a prompt and the reply to it"
    )
    parser.add_argument(
        "--days", type=_count, default=1, help="where fresh = true: files of the last so many days are (%(default)s)"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/datasets"), help="where datasets are kept (%(default)s)"
    )
    parser.add_argument(
        "--subtensor.network",
        dest="network",
        metavar="NETWORK",
        help="for another subnet's feed: finney, test, ws://..., or local:PATH for a chain file",
    )
    parser.add_argument(
        "--unsafe_no_isolation", action="store_true", help="read strangers' files where this machine has no walls"
    )
    parser.add_argument("--speed", action="store_true", help="draw --count samples, print only how fast that was")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 1,000,000; found {text!r:.40}")
    return int(text)


def _option(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, such as min_words=3; found {text!r:.80}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def _print_streams() -> None:
    from finetune.streams.registry import STREAMS

    for name, opened in STREAMS.items():
        summary = (inspect.getdoc(inspect.getmodule(opened)) or "").splitlines()[0]
        _write([(name, summary, GIVEN), *_options(opened)])


def _options(opened: "Callable[..., Stream]") -> Iterator[Section]:
    """One section that says which options there are, with their defaults."""
    known = inspect.signature(opened).parameters
    said = [
        f"{name} (needed)" if parameter.default is parameter.empty else f"{name} = {json.dumps(parameter.default)}"
        for name, parameter in known.items()
        if name not in ("window", "sources")
    ]
    yield "options", ", ".join(said) or "none", ""
    if len(said) < len(known):
        yield "remote", "it reads what others publish", ""


def _print_samples(options: argparse.Namespace) -> None:
    """Open the stream and show what it draws. Raises `SetupError`, `StreamError` and `HubError`."""
    from finetune.errors import SetupError
    from finetune.streams.registry import STREAMS, is_remote, open_stream
    from finetune.streams.sources import Window

    values = dict(options.option)
    if len(values) < len(options.option):
        raise SetupError("an option is given twice")
    with ExitStack() as held:
        window, sources = None, None
        if options.stream in STREAMS and is_remote(options.stream):
            now = time.time()
            sources = _sources(options, held)
            window = Window(start=now - options.days * _DAY, end=now, block=_block(options.network))
        stream = open_stream(options.stream, values, window, sources=sources)
        _draw(options, stream)


def _sources(options: argparse.Namespace, held: ExitStack) -> "Sources":
    """The means to read datasets, and with a network other subnets' feeds. Raises `SetupError`."""
    from finetune.chain.connect import stakes_on
    from finetune.hub.client import HubClient
    from finetune.hub.dataset_cache import DatasetCache
    from finetune.isolation.trial import find_level
    from finetune.streams.feed.access import WANDB, FeedAccess
    from finetune.streams.parquet_reader import ParquetReader
    from finetune.streams.sources import Sources

    cache = held.enter_context(DatasetCache(options.cache, _QUOTA))
    level = find_level(unsafe=options.unsafe_no_isolation)
    return Sources(
        datasets=HubClient(os.environ.get("HF_ENDPOINT"), os.environ.get("HF_TOKEN"), kind="dataset"),
        cache=cache,
        say=lambda line: print(line, file=sys.stderr),
        reader=held.enter_context(ParquetReader(cache.folder, level=level)),
        feeds=FeedAccess(
            stakes=stakes_on(options.network),
            folder=options.cache / "feeds",
            endpoint=os.environ.get("WANDB_BASE_URL") or WANDB,
        )
        if options.network
        else None,
    )


def _block(network: str | None) -> int:
    """The newest block of the network, at which stakes are looked up; 0 without one."""
    from finetune.chain.connect import connect

    if network is None:
        return 0
    with connect(network, netuid=0) as chain:
        return chain.block()


def _draw(options: argparse.Namespace, stream: "Stream") -> None:
    """Draw and print, or with --speed only measure. Raises `StreamError`."""
    from competitions.seeds import draw_seed

    secret = hashlib.sha256(f"practice {options.seed}".encode()).digest()
    seeds = [draw_seed(secret, 0, options.stream, draw) for draw in range(options.count)]
    if options.speed:
        began = time.process_time()
        for seed in seeds:
            stream.draw(seed)
        rate = len(seeds) / max(time.process_time() - began, 1e-6)
        print(f"{options.stream}: {rate:,.0f} samples in a second of processor time")
        return
    for draw, seed in enumerate(seeds):
        sample = stream.draw(seed)
        title = f"{options.stream}, sample {draw + 1} of {options.count}"
        _write([(title, type(sample).__name__, "bold"), *_sections(sample, training=options.training)])


def _sections(sample: "AnySample", *, training: bool) -> Iterator[Section]:
    """The parts of a sample, in the order in which one reads them."""
    from finetune.mining.lessons import lesson
    from finetune.streams.sample import ChoiceSample, PreferenceSample, Sample

    if training:
        sample = lesson(sample)
    if isinstance(sample, ChoiceSample):
        yield "question", sample.question, GIVEN
        for i, (letter, option) in enumerate(zip(ascii_uppercase, sample.options, strict=False)):
            right = i == sample.right
            yield f"option {letter}" + (" (right)" if right else ""), option, RIGHT if right else ""
        return
    for message in sample.messages:
        yield message.role, message.content, GIVEN
    if isinstance(sample, Sample):
        yield "reply" if training else "reference", sample.reference, RIGHT
    elif isinstance(sample, PreferenceSample):
        yield "chosen", sample.chosen, RIGHT
        yield "rejected", sample.rejected, WRONG
    else:
        for rule in sample.rules:
            yield f"rule {rule.kind}", rule.instruction(), RIGHT


def _write(sections: Sequence[Section]) -> None:
    """Print the sections and an empty line; texts of several lines stand indented under their titles."""
    from rich.console import Console
    from rich.text import Text

    from finetune.printable import printable

    console = Console(highlight=False, soft_wrap=True)
    for title, text, style in sections:
        shown = printable(text, keep="\n")
        between = "\n  " if "\n" in shown else " "
        console.print(Text.assemble((f"{title}:", style), between + shown.replace("\n", "\n  ")))
    console.print()


if __name__ == "__main__":
    finish(main)
