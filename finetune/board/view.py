"""The view: everything that the board shows, as frozen values computed from reports and the chain. It draws nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from competitions.competition import Competition
from finetune.board import chain_figures
from finetune.board.chain_figures import Earnings, IncentiveHistory, WeightsTable
from finetune.board.competition_view import CompetitionView, competition_view
from finetune.board.figures import counted, listed, whole
from finetune.board.names import Names
from finetune.board.rejections import RejectionRow, rejection_rows
from finetune.board.rounds import collate
from finetune.board.sifting import LeftOut, Reading, sift
from finetune.board.trust import Signer, signers
from finetune.chain.port import Metagraph


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
    """The whole board. `catalog` is the fingerprint of the competitions' files, `catalogs` those found in reports.

    `verdict` says whether validators agree, `turnout` how many have reported the newest rounds; `owner_named` is the
    name of the subnet owner's hotkey where it shows among those that are given weight, else empty. `from_chain` says
    whether a chain was asked; else its figures are those that reports tell, and stake and vtrust are not known.
    """

    block: int
    from_chain: bool
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
    readings: Iterable[Reading],
    competitions: Sequence[Competition],
    fingerprint: str,
    metagraph: Metagraph,
    weights: Mapping[str, Mapping[str, float]],
    earned: Mapping[str, float],
    names: Mapping[str, str],
    incentive_history: Sequence[tuple[int, Mapping[str, float]]],
    from_chain: bool = True,
) -> View:
    """Everything that the board shows.

    `readings` are of the reports of any validators in any order; one that is not signed by a validator of the
    metagraph, or cannot be read, is listed as left out and used for nothing. `competitions` are those that run, and
    `fingerprint` their catalog's. `weights` are by validator and hotkey, `earned` is in alpha by coldkey, `names` are
    labels by hotkey and coldkey. `incentive_history` holds (block, share by hotkey) of every epoch.
    """
    called = Names(names, {one.coldkey for one in metagraph.neurons} | set(earned))
    accounts, left_out = sift(readings, metagraph)
    rounds = collate(accounts, {one.hotkey: one.stake for one in metagraph.neurons})
    table = chain_figures.weights_table(metagraph, weights, called)
    validators = [one.hotkey for one in table.rows]
    views = tuple(competition_view(one, rounds, validators, called) for one in competitions)
    incentive = chain_figures.incentive_history(incentive_history, called)
    verdict, turnout = _verdict(views)
    return View(
        block=metagraph.block,
        from_chain=from_chain,
        headline=_headline(views, len(rounds)),
        verdict=verdict,
        turnout=turnout,
        catalog=fingerprint,
        catalogs=tuple(sorted({one.record.catalog for one in accounts})),
        competitions=views,
        rejections=rejection_rows(rounds, called),
        weights=table,
        owner_named=_owner_named(metagraph, table, incentive, called),
        incentive=incentive,
        earnings=chain_figures.earnings(metagraph, earned, called),
        signers=signers(accounts, rounds, called),
        left_out=left_out,
        people=_people(metagraph, called),
    )


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
    """The board in one sentence."""
    if not competitions:
        return "No competition runs now."
    seats = listed([f"{one.champion.name} holds {one.competition.title}" for one in competitions])
    return f"After {counted(rounds, 'round')}, {seats}." if rounds else f"No round has been played yet: {seats}."
