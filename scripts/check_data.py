"""Shows what a training run would make of files of training data: samples, lengths, and every line that is wrong."""

import argparse
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.command import finish

if TYPE_CHECKING:
    from finetune.mining.dataset.reading import Dataset
    from finetune.streams.sample import AnySample


def main(arguments: list[str] | None = None) -> int:
    """Print what would be trained on; returns 0, 2 with what is wrong on standard error, 130 on Ctrl-C."""
    options = _parse(arguments)
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    from finetune.errors import FinetuneError

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may have characters that this terminal has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        found = _look(options)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except FinetuneError as error:
        print(f"check_data: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found, indent=1) if options.json else "\n".join(_lines(found, options.held_out)))
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="JSON Lines; docs/training-data.md")
    parser.add_argument("--tokenizer", type=Path, metavar="FOLDER", help="a model's folder: lengths in its tokens too")
    parser.add_argument("--sequence_length", type=int, help="in tokens: how many samples are longer; with --tokenizer")
    parser.add_argument(
        "--data_errors",
        choices=["stop", "skip"],
        default="stop",
        help="what a faulty line does: stop with the list of them, or be left out (%(default)s)",
    )
    parser.add_argument(
        "--every_turn", action="store_true", help="a sample for every answer of a conversation, not for its last alone"
    )
    parser.add_argument(
        "--held_out", type=float, default=0.05, help="share of the documents to measure on (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="same seed, same documents held out (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead")
    options = parser.parse_args(arguments)
    if options.sequence_length is not None and (options.tokenizer is None or options.sequence_length < 2):
        parser.error("--sequence_length must be at least 2, and needs --tokenizer")
    return options


def _look(options: argparse.Namespace) -> dict[str, Any]:
    """The figures. Raises `SetupError`, and `ScoringError` for a tokenizer that cannot be loaded."""
    from finetune.errors import SetupError
    from finetune.mining.dataset.reading import read_dataset
    from finetune.mining.dataset.split import split

    tokenizer = None
    if options.tokenizer is not None:
        from finetune.evals.tokenizer import load_tokenizer

        if not (options.tokenizer / "tokenizer.json").is_file():
            raise SetupError(f"{options.tokenizer} holds no tokenizer.json; --tokenizer takes the folder of a model")
        tokenizer = load_tokenizer(options.tokenizer)
    # A share that is not allowed is said before minutes are spent on reading.
    split((), held_out=options.held_out, seed=options.seed)
    dataset = read_dataset(
        options.files,
        data_errors=options.data_errors,
        every_turn=options.every_turn,
        tokenizer=tokenizer,
        sequence_length=options.sequence_length,
    )
    sides = split(dataset.samples, held_out=options.held_out, seed=options.seed)
    return {
        "files": [asdict(one) | {"file": str(one.file)} for one in dataset.files],
        "faults": {"listed": list(map(str, dataset.faults.listed)), "counts": dataset.faults.counts},
        "lengths": _lengths(dataset, options.sequence_length),
        "split": {"train": _side(sides.train), "held_out": _side(sides.held_out)},
    }


def _lengths(dataset: "Dataset", limit: int | None) -> dict[str, Any]:
    from finetune.mining.dataset.lengths import summary

    found = {"bytes": asdict(summary(dataset.byte_lengths))}
    return found | ({"tokens": asdict(summary(dataset.token_lengths, limit=limit))} if dataset.token_lengths else {})


def _side(samples: Sequence["AnySample"]) -> dict[str, int]:
    return {"samples": len(samples), "documents": len({sample.document for sample in samples})}


def _lines(found: dict[str, Any], held_out: float) -> Iterator[str]:
    """The figures as three tables, then what was left out."""
    columns = ("form", "lines", "samples", "duplicates", "faulty", "file")
    yield from _table([columns, *([one[column] for column in columns] for one in found["files"])])
    yield ""
    lengths = found["lengths"]
    columns = ("count", "least", "median", "p95", "most", "longer")
    yield from _table(
        [("length in", *columns)]
        + [
            (unit, *("-" if one[column] is None else one[column] for column in columns))
            for unit, one in lengths.items()
        ]
    )
    yield ""
    sides = found["split"]
    yield from _table(
        [("side", "samples", "documents")]
        + [(name.replace("_", " "), side["samples"], side["documents"]) for name, side in sides.items()]
    )
    if held_out and not all(side["samples"] for side in sides.values()):
        yield "One side is empty: a document is never split, and there are few of them."
    if found["faults"]["counts"]:
        yield f"\n{sum(found['faults']['counts'].values()):,} faulty lines:"
        yield from (f"  {count:,} x {reason}" for reason, count in found["faults"]["counts"].items())
        yield "the first of them:"
        yield from (f"  {fault}" for fault in found["faults"]["listed"])


def _table(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Rows in columns: numbers to the right, texts to the left, and a last column as long as it is."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [any(isinstance(cell, int) for cell in column) for column in zip(*rows, strict=True)]
    for row in cells:
        fitted = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        yield "  ".join(fitted).rstrip()


if __name__ == "__main__":
    finish(main)
