"""Says where a submission stands, by uid or hotkey: its gates, its duel, what it lacks, and the round it enters next.

The sentences are those of its page on the board, made from validators' signed reports. With --subtensor.network the
chain is asked too: who is registered now, and whether something newer than the newest report is committed.
"""

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from scripts.command import add_chain, add_reports, finish

if TYPE_CHECKING:
    from finetune.board.inquiry import Answer, Found


def main(arguments: list[str] | None = None) -> int:
    """Explain one submission; returns 0, or 2 with what is wrong on standard error."""
    options = _parse(arguments)
    from finetune.board.folders import ReportFolders
    from finetune.board.inquiry import inquire
    from finetune.chain.connect import connect
    from finetune.errors import FinetuneError

    try:
        with ExitStack() as held:
            chain = held.enter_context(connect(options.network, options.netuid)) if options.network else None
            folders = ReportFolders(options.reports)
            folders.read()
            answer = inquire(folders, chain, options.who, competition=options.competition_id)
    except FinetuneError as error:
        from finetune.printable import printable

        print(f"explain: {printable(str(error))}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(_as_table(answer), indent=2))
    else:
        _print(answer)
    return 0


def _print(answer: "Answer") -> None:
    """A line a sentence. Texts of strangers come as a terminal can take them."""
    from finetune.printable import printable

    uid = "without a uid" if answer.uid is None else f"uid {answer.uid}"
    print(f"{printable(answer.hotkey, 80)}, {uid}, as of block {answer.newest:,}")
    for one in answer.found:
        print(f"\n{printable(one.key, 100)}: {one.status}")
        for sentence in one.sentences:
            print(f"  {printable(sentence)}")
    if answer.notes:
        print()
    for note in answer.notes:
        print(printable(note))


def _as_table(answer: "Answer") -> dict[str, Any]:
    found = [_found(one) for one in answer.found]
    return {**asdict(answer), "found": found}


def _found(found: "Found") -> dict[str, Any]:
    """One commitment, with the figures that its sentences are made from."""
    table: dict[str, Any] = {
        "key": found.key,
        "competition": found.competition,
        "status": found.status,
        "sentences": list(found.sentences),
        "gates": [asdict(one) for one in found.gates],
    }
    if (one := found.entrant) is not None:
        duel = one.standing.tally
        table |= {
            "reason": one.standing.reason,
            "repository": one.standing.repository,
            "revision": one.standing.revision,
            "rounds": [round.sync for round in one.rounds],
            "duel": {key: _finite(value) for key, value in asdict(duel).items()} if duel else None,
            "evidence_log2": one.standing.strength,
            "mean": one.standing.mean,
            "outlook": asdict(one.outlook) if one.outlook else None,
            "leakage": asdict(one.reading) if one.reading else None,
        }
    return table


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("who", metavar="UID|HOTKEY", help="a uid, or the address of a hotkey")
    add_reports(parser)
    parser.add_argument("--competition_id", type=int, metavar="N", help="one competition; all by default")
    add_chain(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, with the figures behind the sentences")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    finish(main)
