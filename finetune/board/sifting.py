"""Sifts reports: which of them the page uses, and why not the others. Anybody may have sent them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from finetune.board.figures import whole
from finetune.board.record import Account, Unreadable, read_report
from finetune.chain.port import Metagraph


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A report that the page does not use: what it says of itself, and why it is not used."""

    claims: str
    why: str


def sift(reports: Iterable[Mapping[str, Any]], metagraph: Metagraph) -> tuple[tuple[Account, ...], tuple[LeftOut, ...]]:
    """The accounts to use, one for each validator and round (the later given of two), and the reports left out.

    Used is what a hotkey with a validator permit signed about a round that has come.
    """
    accounts: dict[tuple[str, int], Account] = {}
    left_out = []
    for report in reports:
        try:
            account = read_report(report)
            _check_signer(account, metagraph)
        except Unreadable as error:
            left_out.append(LeftOut(claims=_claims(report), why=str(error)))
        else:
            accounts[account.validator, account.record.sync] = account
    return tuple(accounts.values()), tuple(left_out)


def _check_signer(account: Account, metagraph: Metagraph) -> None:
    """Refuse who is no validator, and rounds that have not come yet. Raises `Unreadable`."""
    neuron = metagraph.by_hotkey.get(account.validator)
    if neuron is None or not neuron.validator_permit:
        raise Unreadable("its signer has no validator permit on this subnet")
    if account.record.sync > metagraph.block:
        raise Unreadable(f"round {whole(account.record.sync)} lies beyond block {whole(metagraph.block)}")


def _claims(report: Mapping[str, Any]) -> str:
    """What a report says of itself, for a list of those that are not used: whose it is and which round's."""
    try:
        record = report["record"]
        sync = record["sync"] if isinstance(record, dict) else None
        return f"{report['hotkey']!s:.64}, round {sync!s:.20}"
    except (KeyError, TypeError, ValueError):
        return "no signer, no round"
