"""The words to a miner state the rule and the figures behind it."""

import pytest

from competitions.duel import Tally
from competitions.evidence import ahead
from competitions.season import Entrant
from finetune.board.reasons import batches_to_go, duel_reason, resting_reason, seat_reason
from tests.finetune.board.made_reports import competition

HOLDER = Entrant(block=100, key="ada@100")


def tally(wins, losses, *, ours=1.0, champion=2.0, even=0):
    return Tally(wins=wins, losses=losses, batches=wins + losses + even, champion_mean=champion, challenger_mean=ours)


def reason(duel, stopped=""):
    return duel_reason(duel, competition(), 0.03, stopped)


class TestBatchesToGo:
    def test_sixty_wins_to_forty_losses_take_501_more(self):
        assert batches_to_go(60, 40, 1e-4) == 501

    @pytest.mark.parametrize(("wins", "losses"), [(9, 5), (30, 20), (300, 250)])
    def test_that_many_more_batches_are_enough_and_one_less_is_not(self, wins, losses):
        total, more = wins + losses, batches_to_go(wins, losses, 1e-4)

        def enough(count):
            won = round(count * wins / total)
            return ahead(won, count - won, 1e-4)

        assert enough(total + more)
        assert not enough(total + more - 1)

    @pytest.mark.parametrize(("wins", "losses"), [(0, 0), (5, 5), (4, 6), (5, 4), (100_001, 100_000)])
    def test_it_does_not_guess_without_a_lead_or_early_or_far_beyond(self, wins, losses):
        assert batches_to_go(wins, losses, 1e-4) is None


class TestDuel:
    def test_a_lead_is_told_with_what_it_lacks(self):
        assert reason(tally(60, 40)) == (
            "Leads 60 to 40, evidence 2^0.0 of the 2^13.3 that the seat takes. "
            "At this rate about 501 more batches would do."
        )

    def test_a_lead_that_is_enough_but_for_the_mean_says_so(self):
        words = reason(tally(80, 20, ours=2.5))
        assert "its mean loss of 2.5000 is not below the champion's 2.0000" in words

    def test_a_lead_that_is_enough_waits_for_the_next_round(self):
        assert "the next round decides" in reason(tally(80, 20))

    def test_who_is_behind_learns_the_champions_advantage_and_whether_it_was_stopped(self):
        assert reason(tally(40, 60)).startswith("Behind 40 to 60: the champion's loss counts 3.0% lower")
        assert "Stopped early" not in reason(tally(40, 60))
        assert "Stopped early in the last round" in reason(tally(40, 60), "out_of_reach")

    def test_a_copy_learns_that_it_is_one(self):
        assert reason(tally(0, 0, even=11)) == "Equal to the champion on all 11 batches: a copy earns nothing."


class TestResting:
    def test_while_the_advantage_shrinks_the_last_block_of_rest_is_named(self):
        assert "at the latest at block 300" in resting_reason(tally(0, 11), competition(), HOLDER, 299)

    def test_once_it_has_shrunk_only_another_champion_or_season_helps(self):
        words = resting_reason(tally(0, 11), competition(), HOLDER, 300)
        assert "Stopped early 0 to 11: the champion's loss counts 1.0% lower, and the evidence against it is" in words
        assert "is 2^7.4, the limit 2^6.6." in words
        assert "in the season from block 50,400 on" in words


def test_a_champion_out_of_reach_learns_how_long_it_has():
    assert seat_reason(competition(), HOLDER, 0) == "Holds the seat and earns the competition's share of 100.0%."
    assert seat_reason(competition(), HOLDER, 1).endswith("in 1 round running; at 3 it loses it.")
    assert seat_reason(competition(), HOLDER, 2).endswith("in the next round, it loses the seat.")
