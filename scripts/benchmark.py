"""Measures how fast and how frugal scoring is on this machine, beside the plain ways to do the same."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from scripts.command import finish

BENCHMARKS = {
    "scoring": "reference loss: ours, the plain loop, lm-eval",
    "generation": "IFEval replies: many at a time, and one by one",
    "choice": "questions with four options: common beginnings once, and every option from scratch",
    "adapters": "ten LoRA adapters over one base, and the bare base ten times",
    "memory": "what each way of scoring adds to a warm process",
    "worker": "a walled worker, and this process",
    "duel": "a real fine-tune and noisy copies of a champion, judged by the rules",
}
_CACHE = Path("runs/fetched")


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark; returns 0, 2 when it could not run, 130 on Ctrl-C."""
    options = _parse(arguments)
    # The libraries read these when they are imported.
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TOKENIZERS_PARALLELISM="false")
    os.environ["OMP_WAIT_POLICY"] = "passive"  # threads that wait by spinning starve whatever else is running
    from finetune.errors import FinetuneError

    try:
        _measure(options)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except FinetuneError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="\n".join(f"  {name:<11} {text}" for name, text in BENCHMARKS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("benchmark", choices=BENCHMARKS, metavar="|".join(BENCHMARKS))
    parser.add_argument("--base", choices=["tiny", "smollm2"], default="smollm2", help="the model (%(default)s)")
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="any other full model, instead of --base")
    parser.add_argument("--samples", type=int, help="samples or prompts; by default what takes 4 minutes on two cores")
    parser.add_argument("--repeats", type=int, help="rounds, of which the median counts; the default likewise")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same samples (%(default)s)")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace) -> None:
    """Prepare, measure, print, write."""
    from importlib import import_module

    from rich.console import Console

    from finetune.benchmarks.result import print_result
    from finetune.benchmarks.setting import Setting, find_model, sequence_length
    from finetune.errors import SetupError
    from finetune.files import write_atomically
    from finetune.rehearsal.show import Show

    # Known before minutes are spent on figures.
    if options.json is not None and not options.json.absolute().parent.is_dir():
        raise SetupError(f"--json: there is no folder {options.json.parent}")
    console, module = Console(), import_module(f"finetune.benchmarks.{options.benchmark}")
    with tempfile.TemporaryDirectory() as scratch, Show(console) as show:
        folder, documents = find_model(options.base, options.model, cache=_CACHE, scratch=Path(scratch))
        setting = Setting(
            folder=folder,
            documents=documents,
            sequence_length=sequence_length(folder),
            samples=module.SAMPLES if options.samples is None else options.samples,
            repeats=module.REPEATS if options.repeats is None else options.repeats,
            seed=options.seed,
            dtype=options.dtype,
            device=options.device,
        )
        result = getattr(module, options.benchmark)(setting, show)
    print_result(console, result)
    if options.json is not None:
        write_atomically(options.json, result.as_json())


if __name__ == "__main__":
    finish(main)
