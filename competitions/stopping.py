"""Stopping early: when a challenger need not be scored to the end of the round, and when a stopped one plays again."""

from typing import Literal

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.evidence import ahead, behind

Stop = Literal["behind", "out_of_reach"]


def stop_reason(wins: int, losses: int, left: int, competition: Competition) -> Stop | None:
    """Why a challenger with this season's wins and losses stops here, with `left` batches of the round to go.

    `behind`: w < l with evidence of 1/stop_alpha; it rests until `may_play` says otherwise. `out_of_reach`: winning
    every batch left could not dethrone; it is out for this round only. A copy, which loses every batch to the
    advantage, is stopped as behind after 11 batches: 2^11 / 12 is the first above 100.
    """
    if behind(wins, losses, competition.judge.stop_alpha):
        return "behind"
    if left and not ahead(wins + left, losses, competition.judge.alpha):
        return "out_of_reach"
    return None


def may_play(duel: Tally, stopped_at: float | None, epsilon: float, competition: Competition) -> bool:
    """Whether a challenger takes part in a round, given its recount and the epsilon at which it was last stopped.

    One that was never stopped does. A stopped one does when today's epsilon brings its recount below the stop level,
    at the latest when epsilon has reached its end.
    """
    if stopped_at is None or not behind(duel.wins, duel.losses, competition.judge.stop_alpha):
        return True
    return epsilon <= competition.epsilon.end < stopped_at
