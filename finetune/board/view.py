"""The view: everything that the page shows, as frozen values computed from reports and the chain. It draws nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from competitions.competition import Competition
from competitions.rejection import Fault
from competitions.schedule import Catalog
from competitions.season import REFERENCE, Entrant, reference_of
from finetune.board import chain_figures
from finetune.board.chain_figures import Earnings, IncentiveHistory, WeightsTable
from finetune.board.figures import counted, listed, whole
from finetune.board.losses import LossHistory, loss_history, scored_and_saved
from finetune.board.names import Names
from finetune.board.rounds import Round, collate
from finetune.board.sifting import LeftOut, sift
from finetune.board.standings import Standing, standings
from finetune.board.story import SeatChange, holder_of, seat_changes
from finetune.board.trust import (
    Agreement,
    Control,
    Recount,
    Signer,
    agreement,
    control,
    recounted,
    signers,
)
from finetune.chain.port import Metagraph


@dataclass(frozen=True, kw_only=True)
class RoundRow:
    """One round in the list of rounds. `control` is the largest difference from the known losses, in bits."""

    sync: int
    seed: str
    samples: int
    digest: str
    champion: str
    epsilon: float
    scored: int
    saved: int
    reporters: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CompetitionView:
    """One competition. `since` is the block of the seat's last change, None where it has had no other holder."""

    competition: Competition
    holder: Entrant
    since: int | None
    story: str
    epsilon: float
    standings: tuple[Standing, ...]
    losses: LossHistory
    changes: tuple[SeatChange, ...]
    rounds: tuple[RoundRow, ...]
    scored: int
    saved: int
    agreement: Agreement | None
    control: Control | None
    recount: Recount | None

    @property
    def champion(self) -> Standing:
        """The row of whoever holds the seat."""
        return self.standings[0]

    @property
    def baseline(self) -> Standing:
        """The row of the reference."""
        return next(one for one in self.standings if one.key == REFERENCE)


@dataclass(frozen=True, kw_only=True)
class RejectionRow:
    """A submission that takes no part, and why. `competition` is empty where the commitment cannot be read."""

    name: str
    block: str
    competition: str
    reason: str
    text: str
    fault: Fault
    retry: bool


@dataclass(frozen=True, kw_only=True)
class Person:
    """A registered hotkey with its coldkey."""

    uid: int
    name: str
    owner: str
    hotkey: str
    coldkey: str


@dataclass(frozen=True, kw_only=True)
class View:
    """The whole page. `catalog` is the fingerprint of the competitions' files, `catalogs` those found in reports.

    `verdict` says whether validators agree, `turnout` how many have reported the newest rounds; `owner_named` is the
    name of the subnet owner's hotkey where it shows among those that are given weight, else empty.
    """

    block: int
    headline: str
    verdict: str
    turnout: str
    catalog: str
    catalogs: tuple[str, ...]
    competitions: tuple[CompetitionView, ...]
    rejections: tuple[RejectionRow, ...]
    weights: WeightsTable
    owner_named: str
    incentive: IncentiveHistory
    earnings: Earnings
    signers: tuple[Signer, ...]
    left_out: tuple[LeftOut, ...]
    people: tuple[Person, ...]


def make_view(
    *,
    reports: Iterable[Mapping[str, Any]],
    catalog: Catalog,
    metagraph: Metagraph,
    weights: Mapping[str, Mapping[str, float]],
    earned: Mapping[str, float],
    names: Mapping[str, str],
    incentive_history: Sequence[tuple[int, Mapping[str, float]]],
) -> View:
    """Everything that the page shows.

    `reports` are signed reports of any validators in any order; one that is not signed by a validator of the
    metagraph, or cannot be read, is listed as left out and used for nothing. `weights` are by validator and hotkey,
    `earned` is in alpha by coldkey, `names` are labels by hotkey and coldkey. `incentive_history` holds (block, share
    by hotkey) of every epoch.
    """
    called = Names(names, {one.coldkey for one in metagraph.neurons} | set(earned))
    accounts, left_out = sift(reports, metagraph)
    rounds = collate(accounts, {one.hotkey: one.stake for one in metagraph.neurons})
    table = chain_figures.weights_table(metagraph, weights, called)
    validators = [one.hotkey for one in table.rows]
    competitions = tuple(_competition(one, rounds, validators, called) for one in catalog.at(metagraph.block))
    incentive = chain_figures.incentive_history(incentive_history, called)
    verdict, turnout = _verdict(competitions)
    return View(
        block=metagraph.block,
        headline=_headline(competitions, len(rounds)),
        verdict=verdict,
        turnout=turnout,
        catalog=catalog.fingerprint,
        catalogs=tuple(sorted({one.record.catalog for one in accounts})),
        competitions=competitions,
        rejections=_rejections(rounds, called),
        weights=table,
        owner_named=_owner_named(metagraph, table, incentive, called),
        incentive=incentive,
        earnings=chain_figures.earnings(metagraph, earned, called),
        signers=signers(accounts, called),
        left_out=left_out,
        people=_people(metagraph, called),
    )


def _competition(
    competition: Competition, rounds: Sequence[Round], validators: Sequence[str], names: Names
) -> CompetitionView:
    own = [one for one in rounds if one.competition.id == competition.id]
    holder = holder_of(competition, rounds) or reference_of(competition)
    changes = seat_changes(competition, rounds, names)
    rows = standings(competition, holder, own, names)
    order = _line_order(holder, changes, rows)
    scored, saved = scored_and_saved(own)
    return CompetitionView(
        competition=competition,
        holder=holder,
        since=changes[-1].block if changes else None,
        story=f"At block {whole(changes[-1].block)} {changes[-1].sentence}"
        if changes
        else _opening(holder, own, names),
        epsilon=competition.epsilon.at((own[-1].sync if own else holder.block) - holder.block),
        standings=rows,
        losses=loss_history(competition, own, order, [one.block for one in changes], names),
        changes=changes,
        rounds=tuple(_round_row(one, names) for one in reversed(own)),
        scored=scored,
        saved=saved,
        agreement=agreement(own, validators, names),
        control=control(own, names),
        recount=recounted(own),
    )


def _line_order(holder: Entrant, changes: Sequence[SeatChange], rows: Sequence[Standing]) -> list[str]:
    """Whose losses the chart shows first: champion, reference, earlier champions from the latest on, the standings."""
    keys = [holder.key, REFERENCE, *(one.former.key for one in reversed(changes)), *(row.key for row in rows)]
    return list(dict.fromkeys(keys))


def _opening(holder: Entrant, own: Sequence[Round], names: Names) -> str:
    """The story of a seat that has not changed hands in these reports."""
    if holder.is_reference:
        played = f"after {counted(len(own), 'round')}" if own else "no round has been played yet"
        return f"The reference has held the seat since the competition opened; {played}, no miner has taken it."
    return f"{names.entrant(holder.key)} has held the seat since before the first of these reports."


def _round_row(one: Round, names: Names) -> RoundRow:
    scored, saved = scored_and_saved([one])
    record = one.record
    return RoundRow(
        sync=one.sync,
        seed=record.seed,
        samples=record.samples.count,
        digest=record.samples.digest,
        champion=names.entrant(record.champion.after),
        epsilon=record.epsilon,
        scored=scored,
        saved=saved,
        reporters=len(one.accounts),
        seconds=sum(record.seconds.values()),
    )


def _rejections(rounds: Sequence[Round], names: Names) -> tuple[RejectionRow, ...]:
    """Who is out as of the newest round of every competition, by commit block; who came back or left is not."""
    newest = {one.competition.id: one for one in rounds}
    found = {}
    for one in sorted(newest.values(), key=lambda one: one.sync):
        named = {each.key: str(each.payload.competition) for each in one.record.submissions}
        last = one == rounds[-1]
        for key, rejection in one.record.rejections.items():
            if key in named or last:
                found[key] = (named.get(key, ""), rejection)
    rows = []
    for key, (competition, rejection) in found.items():
        hotkey, _, block = key.rpartition("@")
        row = RejectionRow(
            name=names.of(hotkey),
            block=block[:12],
            competition=competition,
            reason=rejection.reason[:60].replace("_", " "),
            text=names.spoken(rejection.text)[:300],
            fault=rejection.fault,
            retry=rejection.retry,
        )
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: (row.competition, len(row.block), row.block, row.name)))


def _owner_named(metagraph: Metagraph, weights: WeightsTable, incentive: IncentiveHistory, names: Names) -> str:
    owner = metagraph.owner_hotkey
    shown = {one.hotkey for one in weights.columns} | set(incentive.hotkeys)
    return names.of(owner) if owner is not None and owner in shown else ""


def _people(metagraph: Metagraph, names: Names) -> tuple[Person, ...]:
    return tuple(
        Person(
            uid=one.uid,
            name=names.of(one.hotkey),
            owner=names.of(one.coldkey),
            hotkey=one.hotkey,
            coldkey=one.coldkey,
        )
        for one in metagraph.neurons
    )


def _verdict(competitions: Sequence[CompetitionView]) -> tuple[str, str]:
    """Whether validators agree on the newest rounds, in a word or two, and how many have reported them."""
    told = [opinion for one in competitions if one.agreement is not None for opinion in one.agreement.opinions]
    reports = [one for one in told if one.says]
    dissent = sum(not one.agrees for one in reports)
    if not reports:
        return "no reports", "no round has been played yet"
    silent = len(told) - len(reports)
    turnout = f"{counted(len(reports), 'report')} of the newest rounds"
    if silent:
        turnout += f", {whole(silent)} missing"
    if dissent:
        return "disagree", f"{turnout}, {counted(dissent, 'differs', 'differ')}"
    return "agree" if len(reports) > 1 else "one voice", turnout


def _headline(competitions: Sequence[CompetitionView], rounds: int) -> str:
    """The page in one sentence."""
    if not competitions:
        return "No competition runs now."
    seats = listed([f"{one.champion.name} holds {one.competition.title}" for one in competitions])
    return f"After {counted(rounds, 'round')}, {seats}." if rounds else f"No round has been played yet: {seats}."
