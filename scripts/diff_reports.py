"""Says what two validators' reports of one round differ in, the cause first. Nothing is asked of chain or hub."""

import argparse
import json
import sys
from pathlib import Path

from scripts.command import finish


def main(arguments: list[str] | None = None) -> int:
    """Compare two reports; returns 0 where they agree, 1 where they differ, 2 where they cannot be compared."""
    options = _parse(arguments)
    from finetune.auditing.difference import compare
    from finetune.auditing.verify import check_signature, read_file
    from finetune.errors import FinetuneError, SetupError

    try:
        accounts = []
        for path in (options.first, options.second):
            signed, account = check_signature(read_file(path))
            if account is None:
                raise SetupError(f"{path}: {'; '.join(signed.faults)}")
            accounts.append(account)
        found = compare(*accounts)
    except FinetuneError as error:
        print(f"diff_reports: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found.as_table(), indent=2))
        return 1 if found.differences else 0
    print(f"round {found.sync} of competition {found.competition}: first {found.first}, second {found.second}")
    for number, one in enumerate(found.differences):
        print(f"{'cause' if not number else 'then':<6} {one.cause}: {one.text}")
    for note in found.notes:
        print(f"{'note':<6} {note}")
    first = found.differences[0].cause if found.differences else None
    print(f"DIFFERENT, first by {first}" if first else "THE SAME but for identity, time and device")
    return 1 if first else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("first", type=Path, help="one validator's report")
    parser.add_argument("second", type=Path, help="another's, of the same round")
    parser.add_argument("--json", action="store_true", help="print JSON, with all that differs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    finish(main)
