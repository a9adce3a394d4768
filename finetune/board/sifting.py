"""Sifts reports: which of them the board uses, and why not the others. Anybody may have sent them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from finetune.board.figures import whole
from finetune.board.record import Account, Unreadable, read_report
from finetune.chain.port import Metagraph


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A report that the board does not use: what it says of itself, and why it is not used."""

    claims: str
    why: str


Reading = Account | LeftOut


def understand(report: Mapping[str, Any]) -> Reading:
    """What a report tells, or why it tells nothing."""
    try:
        return read_report(report)
    except Unreadable as error:
        return LeftOut(claims=_claims(report), why=str(error))


def sift(readings: Iterable[Reading], metagraph: Metagraph) -> tuple[tuple[Account, ...], tuple[LeftOut, ...]]:
    """The accounts to use, one for each validator and round (the later given of two), and the reports left out.

    Used is what a hotkey with a validator permit signed about a round that has come.
    """
    accounts: dict[tuple[str, int], Account] = {}
    left_out = []
    for one in readings:
        if isinstance(one, LeftOut):
            left_out.append(one)
        elif why := _objection(one, metagraph):
            claims = f"{one.validator:.64}, round {one.record.sync}"
            left_out.append(LeftOut(claims=claims, why=why))
        else:
            accounts[one.validator, one.record.sync] = one
    return tuple(accounts.values()), tuple(left_out)


def _objection(account: Account, metagraph: Metagraph) -> str:
    """Why an account does not count: its signer is no validator, or its round has not come yet."""
    neuron = metagraph.by_hotkey.get(account.validator)
    if neuron is None or not neuron.validator_permit:
        return "its signer has no validator permit on this subnet"
    if account.record.sync > metagraph.block:
        return f"round {whole(account.record.sync)} lies beyond block {whole(metagraph.block)}"
    return ""


def _claims(report: Mapping[str, Any]) -> str:
    """What a report says of itself, for a list of those that are not used: whose it is and which round's."""
    try:
        record = report["record"]
        sync = record["sync"] if isinstance(record, dict) else None
        return f"{report['hotkey']!s:.64}, round {sync!s:.20}"
    except (KeyError, TypeError, ValueError):
        return "no signer, no round"
