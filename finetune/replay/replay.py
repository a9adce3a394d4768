"""Plays reported rounds again: the validator's own stages, with a report in the place of chain, hub and scorer.

What a round saw of the chain, who was out and every loss are the report's; who is seated, admitted, scored for how
long, judged and weighed follows from the rules given here. A loss that no report holds is never made up: an entrant
that would have been scored further than it was is a `Gap`, and goes on with the batches that it has.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from competitions.batches import Losses, batch_losses
from competitions.competition import Competition
from competitions.rejection import Rejection
from competitions.schedule import Catalog
from competitions.season import REFERENCE, Entrant, Season, season_start
from finetune.board.gates import GATES
from finetune.board.record import Account, Record
from finetune.replay.mix import batch_order, rearranged
from finetune.validating.admit import admit
from finetune.validating.discover import Discovery
from finetune.validating.judge import Judgement, judge
from finetune.validating.score import until_stopped
from finetune.validating.seating import Seating, keep_seats, seating
from finetune.validating.state import State
from finetune.validating.weigh import weigh

# Who is out for these was fetched and had a place in the round, which nobody else got.
_OUT_WITH_A_PLACE = (*GATES["loading"], *GATES["scoring"])


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The champion, or another entrant, that would have been scored on more of a round's batches than it was."""

    entrant: str
    champion: bool
    scored: int
    batches: int

    def __str__(self) -> str:
        """Worked example: `unknown: entrant 5F…@42 was stopped after 40 of 300 batches`."""
        name = f"{'champion' if self.champion else 'entrant'} {self.entrant}"
        if not self.scored:
            return f"unknown: {name} was not scored on any of {self.batches} batches"
        return f"unknown: {name} was stopped after {self.scored} of {self.batches} batches"


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One round judged again; `weights` are by hotkey."""

    sync: int
    competition: int
    judgement: Judgement
    weights: Mapping[str, float]
    gaps: tuple[Gap, ...]

    @property
    def champion(self) -> str:
        """Who holds the seat of the round's competition after it."""
        return self.judgement.seats[str(self.competition)].champion.key


def replay(accounts: Iterable[Account], recorded: Catalog, rules: Catalog) -> tuple[Replayed, ...]:
    """Judge the rounds again, in the order given, by `rules`; `recorded` are those that they were played by.

    It begins with the first report's seats. Where at most rewards differ it follows the chain's word and forgets what
    the validator forgot, as it did. By other rules it does neither: the chain's word tells what the recorded ones gave,
    and other validators would have changed theirs too.
    """
    again = _Replay(recorded, rules)
    try:
        return tuple(again.round(account) for account in accounts)
    finally:
        again.state.close()


class _Replay:
    """A validator whose memory lasts as long as the replay."""

    def __init__(self, recorded: Catalog, rules: Catalog) -> None:
        self.rules = rules
        self.as_it_was = _but_rewards(recorded) == _but_rewards(rules)
        self.state = _empty_state()
        self.begun = False

    def round(self, account: Account) -> Replayed:
        """Judge the next round."""
        record = account.record
        competition = self.rules.turn(record.sync)
        discovery = _discovery(record, record.consensus if self.as_it_was else {})
        seats = self._seats(account, discovery)
        champion = seats.seat(competition).champion
        gaps = self._score(account, competition, discovery, champion)
        season, entrants = self._season(competition, record.sync), _entrants(record)
        judgement = judge(discovery, competition, seats, season, entrants, _reachable(account, champion))
        keep_seats(self.state, self.rules, record.sync, judgement.seats)
        weights = weigh(self.rules, discovery, judgement).by_hotkey
        return Replayed(sync=record.sync, competition=competition.id, judgement=judgement, weights=weights, gaps=gaps)

    def _seats(self, account: Account, discovery: Discovery) -> Seating:
        """The seats as the round begins: the first report's own, then what the rules make of those kept."""
        record = account.record
        told, alone = Seating(seats=record.seats.before), _fits(account, Season({}))
        if not self.begun:
            self.begun = True
            if not alone:
                # The validator judged rounds before these, of which no more is known than the seats that they left.
                for competition, seat in told.seats.items():
                    self.state.keep_seat(int(competition), seat, record.sync)
            return told
        if self.as_it_was and alone and not _fits(account, self._season(record.competition, record.sync)):
            self.state.close()
            self.state = _empty_state()
            return told
        return seating(self.state, self.rules, discovery)

    def _score(
        self, account: Account, competition: Competition, discovery: Discovery, champion: Entrant
    ) -> tuple[Gap, ...]:
        """Keep the losses and the stops that the round would have brought; gives what is not known of them."""
        record, size, batches = account.record, competition.round.batch_size, competition.round.batches
        found = self._samples(account, competition)
        held = batch_losses(found.get(champion.key, np.empty(0)), size)
        for key in {REFERENCE, champion.key} & set(found):
            self.state.save_losses(competition.id, record.sync, key, found[key], "")
        if not len(held) and champion == _recorded_champion(record):
            return ()  # it could not be scored, so nobody was
        gaps = [Gap(entrant=champion.key, champion=True, scored=len(held), batches=batches)]
        season, epsilon = self._season(competition, record.sync), competition.epsilon.at(record.sync - champion.block)
        stops = self.state.stops(competition.id, champion.key)
        near = [key for key, found in record.lineage.items() if found.is_near]
        admission = admit(discovery, competition, champion, season, stops, _out_before(record), near)
        for entrant in _with_a_place(admission.queue, account, competition.round.challengers):
            samples = found.get(entrant.key, np.empty(0))
            kept, stopped = until_stopped(
                samples[: len(held) * size].tolist(),
                competition,
                batches=batches,
                champion=held,
                epsilon=epsilon,
                before=season.duel(champion, entrant, competition, record.sync),
            )
            if stopped is None:
                kept = samples
                gaps.append(Gap(entrant=entrant.key, champion=False, scored=len(samples) // size, batches=batches))
            if stopped == "behind":
                self.state.keep_stop(competition.id, champion.key, entrant.key, epsilon)
            if entrant.key in found:
                self.state.save_losses(competition.id, record.sync, entrant.key, kept, stopped or "")
        return tuple(one for one in gaps if one.scored < one.batches)

    def _samples(self, account: Account, competition: Competition) -> dict[str, Losses]:
        """The recorded losses by key, in the order of the competition's batches."""
        found = {key: scored.samples for key, scored in account.losses.items()}
        if account.record.competition.tasks == competition.tasks:
            return found
        order = batch_order(account.record.competition, competition)
        return {key: rearranged(samples, order, competition.round.batch_size) for key, samples in found.items()}

    def _season(self, competition: Competition, sync: int) -> Season:
        start = season_start(competition, sync)
        return self.state.season(competition.id, start, competition.round.batch_size)


def _but_rewards(catalog: Catalog) -> tuple[Competition, ...]:
    """All that seats depend on."""
    return tuple(replace(one, reward=0.0) for one in catalog.competitions)


def _empty_state() -> State:
    return State(Path(":memory:"))  # SQLite's name for a file that is none


def _discovery(record: Record, consensus: Mapping[str, float]) -> Discovery:
    """What the round saw of the chain; the time is not told, for it is only drawn by."""
    return Discovery(
        sync=record.sync,
        time=0.0,
        tempo=record.tempo,
        seed=record.seed,
        owner_hotkey=record.owner,
        consensus=consensus,
        submissions=record.submissions,
        uids=record.uids,
    )


def _out_before(record: Record) -> dict[str, Rejection]:
    """Who was out when the round's queue was made; those who were found out later had their turn in it."""
    return {key: one for key, one in record.rejections.items() if key not in record.queue}


def _with_a_place(queue: Iterable[Entrant], account: Account, places: int) -> Iterator[Entrant]:
    """The first of the queue for whom there is a place, without those who had one and were out when opened or scored.

    Who could not be had or did not pass the gates before that takes nobody's place, unless it was scored all the same:
    its repository was hidden and its model at hand.
    """
    for entrant in queue:
        out = None if entrant.key in account.losses else account.record.rejections.get(entrant.key)
        if out is None:
            yield entrant
        places -= out is None or out.reason in _OUT_WITH_A_PLACE
        if not places:
            return


def _recorded_champion(record: Record) -> Entrant:
    return record.seats.before[str(record.competition.id)].champion


def _entrants(record: Record) -> tuple[Entrant, ...]:
    """Who may take the seat: all that stand for the competition and are not out."""
    named = (one for one in record.submissions if one.payload.competition == record.competition.id)
    return tuple(Entrant(block=one.block, key=one.key) for one in named if one.key not in record.rejections)


def _fits(account: Account, earlier: Season) -> bool:
    """Whether the recorded duels are over just the batches of these earlier rounds and of the round itself."""
    record, champion = account.record, _recorded_champion(account.record)
    size = record.competition.round.batch_size
    own = {key: batch_losses(scored.samples, size) for key, scored in account.losses.items()}
    season = Season({**earlier.rounds, record.sync: own})
    challengers = (one for one in _entrants(record) if one != champion)
    found = {one.key: season.duel(champion, one, record.competition, record.sync).batches for one in challengers}
    return {key: count for key, count in found.items() if count} == {
        key: duel.batches for key, duel in record.duels.items()
    }


def _reachable(account: Account, champion: Entrant) -> bool | None:
    """Whether strangers could read and score the champion's model in the round, None where that is not known."""
    record = account.record
    if champion == _recorded_champion(record):
        return record.reachable
    if champion.key in record.rejections:
        return False if record.rejections[champion.key].fault == "miner" else None
    return True if champion.key in account.losses else None
