"""Why an entrant earns what it earns, in words for its miner: each sentence gives the rule and the figures."""

from competitions.competition import Competition
from competitions.duel import Tally
from competitions.evidence import ahead, evidence
from competitions.lineage import Lineage
from competitions.season import Entrant, season_start
from finetune.board.figures import bits, counted, needed, power, share, whole

_RATE_FROM = 10  # batches with a winner before a rate is worth telling
_RATE_UNTIL = 100_000  # batches beyond which "how many more" is no answer


def seat_reason(competition: Competition, holder: Entrant, missed: int) -> str:
    """Why the champion earns, or why nobody does; `missed` are the rounds running in which its model was not there."""
    reward = share(competition.reward)
    if holder.is_reference:
        return f"Holds the seat until a miner takes it; the competition's share of {reward} is burnt meanwhile."
    seat = f"Holds the seat and earns the competition's share of {reward}."
    if not missed:
        return seat
    if missed + 1 == competition.judge.unreachable_rounds:  # an heir begins there
        return f"{seat} Unless its model can be read and scored in the next round, it loses the seat."
    limit = competition.judge.unreachable_rounds
    return (
        f"{seat} Its model could not be read or scored in {counted(missed, 'round')} running; at {limit} it loses it."
    )


def baseline_reason() -> str:
    """Why the reference earns nothing while a miner holds the seat."""
    return "The model to beat when the competition opened; scored in every round, it takes part in no duel."


def queue_reason(position: int | None, competition: Competition) -> str:
    """Why somebody has no duel yet."""
    places = competition.round.challengers
    if position is None:
        return "Not scored against today's champion yet."
    return (
        f"Not scored against today's champion yet: place {position + 1} in the last queue, and a round scores {places}."
    )


def lineage_words(found: Lineage, nearest: str) -> str:
    """Which earlier submission a model is nearest to, and what that costs: a place in the queue at most."""
    percent = 100 * found.distance
    distance = f"{percent:.0f}% from" if percent >= 10 else f"{percent:.2g}% from"
    distance += f" the weights of {nearest}"
    return f"{distance}, so lower in the queue" if found.is_near else distance


def absent_reason(sync: int) -> str:
    """Why somebody missed the last round."""
    return f"Missed round {whole(sync)}: its files could not be had. That is no evidence either way; it plays again."


def duel_reason(duel: Tally, competition: Competition, epsilon: float, stopped: str) -> str:
    """What a duel with the champion lacks to take the seat."""
    judge = competition.judge
    level = power(needed(judge.alpha))
    strength = power(max(evidence(duel.wins, duel.losses), 0.0))
    if ahead(duel.wins, duel.losses, judge.alpha):
        if duel.challenger_mean < duel.champion_mean:
            return f"Leads {score(duel)} with evidence {strength} of {level}: the next round decides."
        return (
            f"Leads {score(duel)}, but its mean loss of {bits(duel.challenger_mean)} is not below the champion's "
            f"{bits(duel.champion_mean)} as that counts: it loses more on few batches than it gains on many."
        )
    if duel.wins > duel.losses:
        return (
            f"Leads {score(duel)}, evidence {strength} of the {level} that the seat takes.{_outlook(duel, judge.alpha)}"
        )
    if not duel.wins and not duel.losses:
        return f"Equal to the champion on all {counted(duel.batches, 'batch', 'batches')}: a copy earns nothing."
    state = "Level" if duel.wins == duel.losses else "Behind"
    ending = " Stopped early in the last round, where no result could have been enough." if stopped else ""
    return (
        f"{state} {score(duel)}: the champion's loss counts {share(epsilon)} lower, and under that it must be beaten "
        f"on most batches.{ending}"
    )


def resting_reason(duel: Tally, competition: Competition, holder: Entrant, sync: int) -> str:
    """Why somebody rests, and until when."""
    judge, epsilon = competition.judge, competition.epsilon
    ended = holder.block + epsilon.decay_blocks
    if sync < ended:
        until = (
            f"Plays again when the champion's shrinking advantage changes that, at the latest at block {whole(ended)}."
        )
    else:
        season = season_start(competition, sync) + judge.season_blocks
        until = f"Plays again against another champion, or in the season from block {whole(season)} on."
    counts = share(epsilon.at(sync - holder.block))
    return (
        f"Stopped early {score(duel)}: the champion's loss counts {counts} lower, and the evidence against it is "
        f"{power(evidence(duel.wins, duel.losses))}, the limit {power(needed(judge.stop_alpha))}. {until}"
    )


def score(duel: Tally) -> str:
    """Wins to losses of the challenger."""
    return f"{whole(duel.wins)} to {whole(duel.losses)}"


def batches_to_go(wins: int, losses: int, alpha: float) -> int | None:
    """How many more batches with a winner the seat takes if the share of wins stays; None where it is too far or early.

    Worked example: at exactly 60% and alpha = 1e-4 it takes 601 in all, so 501 more after 60 wins to 40 losses.
    """
    total = wins + losses
    if wins <= losses or total < _RATE_FROM:
        return None

    def enough(count: int) -> bool:
        won = round(count * wins / total)
        return ahead(won, count - won, alpha)

    low, high = total, 2 * total
    while not enough(high):
        low, high = high, 2 * high
        if low > _RATE_UNTIL:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high - total


def _outlook(duel: Tally, alpha: float) -> str:
    more = batches_to_go(duel.wins, duel.losses, alpha)
    return f" At this rate about {counted(more, 'more batch', 'more batches')} would do." if more else ""
