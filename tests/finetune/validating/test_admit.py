"""Admit: gates without a network, and the queue."""

import numpy as np
import pytest

from competitions.rejection import Rejection
from competitions.season import Entrant, Season, reference_of
from competitions.submission import Payload, Submission
from finetune.validating.admit import admit
from finetune.validating.discover import Discovery

SYNC = 100
HASH = "A" * 43 + "="


def submission(hotkey: str, block: int = 10, *, competition: int = 1, coldkey: str = "") -> Submission:
    payload = Payload(repository="ada/m", revision="1" * 40, secure_hash=HASH, competition=competition)
    return Submission(hotkey=hotkey, coldkey=coldkey or f"cold-{hotkey}", block=block, payload=payload)


def entrant(one: Submission) -> Entrant:
    return Entrant(block=one.block, key=one.key)


def discovery(*submissions: Submission, sync: int = SYNC) -> Discovery:
    return Discovery(sync=sync, time=0.0, tempo=20, seed="00", owner_hotkey=None, consensus={}, submissions=submissions)


def season(**losses: float) -> Season:
    """One round of 30 batches: everybody's loss in each."""
    return Season({80: {key.replace("_", "@"): np.full(30, loss) for key, loss in losses.items()}})


NOTHING = Season({})


def test_all_standing_challengers_of_the_competition_are_queued_earlier_commits_first(competition):
    late, early, other = submission("b", 20), submission("c", 10), submission("d", competition=2)
    found = admit(discovery(late, early, other), competition, reference_of(competition), NOTHING, {}, {})
    assert found.queue == (entrant(early), entrant(late))
    assert found.resting == ()
    assert found.rejections == {}


def test_the_champion_does_not_challenge_itself(competition):
    champion, other = submission("a"), submission("b")
    found = admit(discovery(champion, other), competition, entrant(champion), NOTHING, {}, {})
    assert found.queue == (entrant(other),)


@pytest.mark.parametrize(("age", "admitted"), [(5, True), (4, False), (0, False)])
def test_a_commitment_may_enter_once_it_is_as_old_as_the_delay(competition, age, admitted):
    assert competition.round.eval_delay == 5
    one = submission("a", SYNC - age)
    found = admit(discovery(one), competition, reference_of(competition), NOTHING, {}, {})
    assert bool(found.queue) == admitted
    assert {key: (each.reason, each.retry) for key, each in found.rejections.items()} == (
        {} if admitted else {one.key: ("too_recent", True)}
    )


def test_who_is_out_for_good_stays_out_with_its_reason(competition):
    one, why = submission("a"), Rejection(reason="hash_mismatch", text="no")
    found = admit(discovery(one), competition, reference_of(competition), NOTHING, {}, {one.key: why})
    assert found.queue == ()
    assert found.rejections == {one.key: why}


def test_a_stopped_challenger_rests_until_epsilon_has_reached_its_end(competition):
    champion, behind = submission("a", 10), submission("b", 20)
    losses = season(a_10=1.0, b_20=1.2)
    stops = {behind.key: 0.04}
    end = champion.block + competition.epsilon.decay_blocks

    def at(sync: int):
        found = discovery(champion, behind, sync=sync)
        return admit(found, competition, entrant(champion), losses, stops, {})

    assert at(SYNC).resting == (behind.key,)
    assert at(SYNC).queue == ()
    assert at(end - 1).resting == (behind.key,)
    assert at(end).queue == (entrant(behind),)


def test_a_stopped_challenger_plays_again_as_soon_as_its_recount_is_no_longer_behind(competition):
    champion, close = submission("a", 10), submission("b", 20)
    losses = season(a_10=1.0, b_20=0.97)  # behind at an epsilon above 3%, ahead below
    at_3_percent = champion.block + competition.epsilon.decay_blocks // 2

    def queue(sync: int) -> tuple[Entrant, ...]:
        found = discovery(champion, close, sync=sync)
        return admit(found, competition, entrant(champion), losses, {close.key: 0.05}, {}).queue

    assert queue(at_3_percent - 1) == ()
    assert queue(at_3_percent + 1) == (entrant(close),)


def test_who_was_scored_waits_anew_and_of_those_scored_together_the_never_stopped_come_first(competition):
    stopped, other, fresh = submission("a", 10), submission("b", 20), submission("c", 30)
    losses, stops = season(a_10=1.0, b_20=1.0), {stopped.key: 0.05}
    found = admit(discovery(stopped, other, fresh), competition, reference_of(competition), losses, stops, {})
    assert found.queue == (entrant(fresh), entrant(other), entrant(stopped))
    assert [one.since for one in found.candidates] == [80, 80, 30]


def test_a_hotkey_that_commits_again_goes_to_the_end_of_the_line(competition):
    again, fresh = submission("a", 90), submission("b", 85)
    losses = season(a_10=1.0)
    found = admit(discovery(again, fresh), competition, reference_of(competition), losses, {}, {})
    assert found.queue == (entrant(fresh), entrant(again))


def test_one_known_to_be_near_an_earlier_one_waits_as_if_it_had_come_a_round_later(competition):
    near, fresh = submission("a", 10), submission("b", 10 + competition.round.sync_blocks)
    found = admit(discovery(near, fresh), competition, reference_of(competition), NOTHING, {}, {}, [near.key])
    assert found.queue == (entrant(fresh), entrant(near))
    assert found.rejections == {}
    assert {one.entrant.key: one.lowered for one in found.candidates} == {
        near.key: competition.round.sync_blocks,
        fresh.key: 0,
    }
