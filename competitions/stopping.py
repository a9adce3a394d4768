"""Stopping early: when a challenger need not be scored to the end of the round, and when a stopped one plays again."""

from typing import Literal

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.evidence import ahead, behind, least_batches

Stop = Literal["behind", "out_of_reach"]


def stop_reason(wins: int, losses: int, batches: int, left: int, competition: Competition) -> Stop | None:
    """Why a challenger stops here, with `left` batches of the round to go; counts are over the season so far.

    `behind`: w < l with evidence of 1/stop_alpha, or not one of as many batches had a winner: an exact copy in all but
    the bytes. It rests until `may_play` says otherwise. `out_of_reach`: it does not lead, and winning every batch left
    could not dethrone; it is out for this round only. One that leads plays on: a small lead needs many rounds.

    Worked example: a near copy, which loses every batch to the advantage, stops after 11: 2^11 / 12 is the first
    above 100.
    """
    judge = competition.judge
    if behind(wins, losses, judge.stop_alpha) or (wins == losses == 0 and batches >= least_batches(judge.stop_alpha)):
        return "behind"
    if left and wins <= losses and not ahead(wins + left, losses, judge.alpha):
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
