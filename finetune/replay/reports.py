"""Reads the reports of one validator from a folder, whoever put them there. It knows no rule but what a report is."""

from pathlib import Path

from finetune.board.record import Account, Unreadable, read_file, read_report
from finetune.errors import SetupError


def read_reports(folder: Path) -> tuple[Account, ...]:
    """The rounds of every `*.json` of the folder, in order of their sync blocks; at least one.

    Raises `SetupError` for a file that is no report, whose signature does not fit or that breaks a rule, and where
    two files tell of one round or two validators have signed.
    """
    if not folder.is_dir():
        raise SetupError(f"{folder}: there is no such folder; give that of one validator's reports")
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise SetupError(f"{folder}: no report (*.json) in there; give the folder of one validator's reports")
    found: dict[int, tuple[Path, Account]] = {}
    for path in paths:
        account = _read(path)
        first, other = found.setdefault(account.record.sync, (path, account))
        if first != path:
            raise SetupError(f"{path}: tells of round {other.record.sync} again, as {first.name} does")
    accounts = tuple(account for _, (_, account) in sorted(found.items()))
    signers = sorted({one.validator for one in accounts})
    if len(signers) > 1:
        raise SetupError(f"{folder}: reports of {len(signers)} validators, {', '.join(signers)}; give those of one")
    return accounts


def _read(path: Path) -> Account:
    """One report. Raises `SetupError`."""
    try:
        account = read_report(read_file(path))
        _check_lengths(account)
    except Unreadable as error:
        raise SetupError(f"{path}: {error}") from error
    return account


def _check_lengths(account: Account) -> None:
    """Refuse losses of parts of batches, or of more samples than a round has. Raises `Unreadable`."""
    rules = account.record.competition.round
    most = rules.batches * rules.batch_size
    for key, scored in account.losses.items():
        count = len(scored.samples)
        if count > most or count % rules.batch_size:
            allowed = f"whole batches of {rules.batch_size}, {most} samples at most"
            raise Unreadable(f"the record breaks a rule: losses.{key:.64}: found {count} samples, allowed is {allowed}")
