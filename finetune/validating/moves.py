"""Why a seat moved or stayed, as a code that stays the same over time and a sentence. It decides nothing.

A seat may move twice in a round: as the round begins (`start`), by the vacancy rule or the chain's word, and as it is
judged (`end`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from competitions.competition import Competition
from competitions.evidence import least_batches
from competitions.seat import Seat, vacate
from finetune.validating.earlier import Kept
from finetune.validating.judge import Duel

Start = Literal["opened", "kept", "vacated", "chain_word"]
End = Literal["dethroned", "inherited", "unreachable", "not_scored", "unopposed", "held"]


@dataclass(frozen=True, kw_only=True)
class Move:
    """Why a seat is whose it is: `reason` is one of `Start` or `End`."""

    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Why the round's seat is whose it is as the round begins and as it ends."""

    start: Move
    end: Move


def start_move(kept: Kept, before: Seat, standing: Collection[str], competition: Competition) -> Move:
    """Why the seat is whose it is as the round begins; `standing` are the keys of all submissions on chain."""
    key = before.champion.key
    if kept.seat is None and before.champion.is_reference:
        return _start("opened", "No champion was kept or told by the chain: the reference holds the seat.")
    if kept.seat is not None and kept.seat.champion.key == key:
        return _start("kept", f"{key} held the seat after the last round and holds it still.")
    if kept.seat is not None and vacate(kept.seat, standing, competition).champion == before.champion:
        lost = kept.seat.champion.key
        return _start("vacated", f"The commitment of {lost} stands no more, so the seat goes to {key}.")
    return _start("chain_word", f"The other validators' weights name {key}, which this validator adopts.")


def end_move(
    before: Seat,
    after: Seat,
    duels: Mapping[str, Duel],
    dethroner: str | None,
    scored: bool,
    competition: Competition,
) -> Move:
    """Why the seat is whose it is after the round; `scored` says whether the champion has losses in it."""
    champion, holder = before.champion.key, after.champion.key
    if dethroner is not None and holder == dethroner:
        return _end("dethroned", f"{holder} dethrones {champion}: {_figures(duels[holder])}.")
    if dethroner is not None:
        text = f"{dethroner} dethrones {champion}, and the seat goes to {holder}, which was earlier and is no worse."
        return _end("inherited", text)
    if holder != champion:
        missed = f"in {competition.judge.unreachable_rounds} rounds running, or in its first as an heir"
        text = f"{champion} could not be read or scored {missed}, so the seat goes to {holder}."
        return _end("unreachable", text)
    if not scored:
        return _end("not_scored", f"{champion} keeps the seat: it could not be scored, so nobody was.")
    if not duels:
        return _end("unopposed", f"{champion} keeps the seat: it has met nobody this season.")
    best = max(duels, key=lambda key: (duels[key].wins > duels[key].losses, duels[key].evidence, key))
    rival = duels[best]
    if rival.wins <= rival.losses:
        return _end("held", f"{champion} keeps the seat: no challenger wins more batches than it loses.")
    needed = least_batches(competition.judge.alpha)
    text = (
        f"{champion} keeps the seat: the nearest is {best}, {_figures(rival)}; it takes evidence of "
        f"1/{competition.judge.alpha:g}, {needed} batches won at the least, and the lower mean loss."
    )
    return _end("held", text)


def _figures(duel: Duel) -> str:
    return f"{duel.wins} batches won to {duel.losses} lost, evidence 2^{duel.evidence:.1f}"


def _start(reason: Start, text: str) -> Move:
    return Move(reason=reason, text=text)


def _end(reason: End, text: str) -> Move:
    return Move(reason=reason, text=text)
