"""Everything that can be checked of one report, from its bytes on, in the order in which it makes sense."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from finetune.auditing.arithmetic import arithmetic
from finetune.auditing.chain_side import on_chain
from finetune.auditing.check import Check, check
from finetune.auditing.redraw import redraw
from finetune.auditing.rescore import Means, rescore
from finetune.auditing.season import NAME as SEASON
from finetune.auditing.season import with_season
from finetune.board.record import MOST_BYTES, Account, Record, Unreadable, read_report
from finetune.chain.port import Chain
from finetune.errors import SetupError
from finetune.hub.strict_json import read_object
from finetune.streams.registry import OpenStream
from finetune.validating.report import FORMAT

_SIGNED = {"record", "hotkey", "signature"}


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What a report is checked with besides its own figures; what is None or 0 is not asked.

    `season` are the same validator's reports in order, `recompute` how many losses are scored again, drawn by `seed`,
    and `means` what that takes.
    """

    open_stream: OpenStream
    chain: Chain | None = None
    season: Sequence[Account] | None = None
    recompute: int = 0
    seed: int = 0
    means: Means | None = None


def read_file(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file, no key twice, only finite numbers. Raises `SetupError`."""
    try:
        return read_object(path, MOST_BYTES)
    except OSError as error:
        raise SetupError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SetupError(f"{path}: is no report: {error}") from error


def check_signature(report: Mapping[str, Any]) -> tuple[Check, Account | None]:
    """Whether the record is signed, whole and readable; without that there is no account to check further.

    Changing any value, key or order of a list makes the signature unfit.
    """
    name = "the record is whole and its signature fits its hotkey"
    faults = []
    if set(report) != _SIGNED:
        faults.append(f"the file holds {sorted(report)!r:.120}; a signed report holds {sorted(_SIGNED)}")
    signature = report.get("signature")
    if not isinstance(signature, str) or signature != signature.lower() or len(signature) != 128:
        faults.append("the signature is not 64 bytes in lowercase hex")
    try:
        account = read_report(report)
    except Unreadable as error:
        return check(name, [*faults, str(error)]), None
    known, told = {one.name for one in fields(Record)}, set(report["record"])
    if account.record.format != FORMAT:
        faults.append(f"the record has format {account.record.format}; what can be checked has format {FORMAT}")
    elif known != told:
        faults.append(f"the record lacks {sorted(known - told)} and has the unknown {sorted(told - known)!r:.120}")
    return check(name, faults), None if faults else account


def verify(report: Mapping[str, Any], beside: Beside) -> tuple[Check, ...]:
    """Check a report from its signature to its losses. Raises `ScorerUnavailable` where this machine cannot score."""
    signed, account = check_signature(report)
    if account is None:
        return (signed,)
    found = [signed, *on_chain(account.record, beside.chain), *arithmetic(account)]
    if beside.season is None:
        found.append(Check(name=SEASON, skipped="give the validator's reports with --season"))
    else:
        found.append(with_season(account, beside.season))
    drawn_again, drawn = redraw(account.record, beside.open_stream)
    found.append(drawn_again)
    name = "random losses scored again are within tolerance"
    if not beside.recompute or beside.means is None:
        found.append(Check(name=name, skipped="ask for it with --recompute"))
    elif drawn is None or drawn_again.faults:
        found.append(Check(name=name, skipped="the samples could not be drawn again as they were"))
    else:
        found += rescore(account, drawn.samples, beside.recompute, beside.seed, beside.means)
    return tuple(found)


def verdict(checks: Sequence[Check]) -> str:
    """All checks in one sentence."""
    failed = sum(one.outcome == "failed" for one in checks)
    left = sum(one.outcome == "not checked" for one in checks)
    rest = f"; {left} not checked" if left else ""
    if failed:
        return f"FAILED: {failed} of {len(checks)} checks{rest}"
    return f"PASSED: {len(checks) - left} checks{rest}"


def as_table(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """The checks as plain values, for JSON."""
    return [
        {"check": one.name, "outcome": one.outcome, "faults": list(one.faults), "skipped": one.skipped}
        for one in checks
    ]
