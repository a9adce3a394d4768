"""What would change a preflight's verdict, in plain words. It measures nothing."""

from collections.abc import Iterator

from competitions.competition import Competition
from competitions.evidence import least_batches
from finetune.chain.port import BLOCK_SECONDS
from finetune.mining.odds import ROUNDS
from finetune.mining.preflight import Verdict

# From here on a chance is worth a commitment, and below the other it is none.
_LIKELY, _UNLIKELY = 0.5, 0.05
_DAY = 86_400  # seconds


def advice(verdict: Verdict, competition: Competition) -> list[str]:
    """Sentences, the most important first; at least one."""
    return list(_advice(verdict, competition))


def _advice(verdict: Verdict, competition: Competition) -> Iterator[str]:
    last = ROUNDS[-1]
    for gate in verdict.gates:
        if gate.rejection is not None:
            yield f"Validators would reject this folder as {gate.rejection.reason}: mend that first."
            return
    today, decayed = verdict.today, verdict.decayed
    assert today is not None
    assert decayed is not None
    if today.dethroning[last] >= _LIKELY:
        yield f"As it is, it takes the seat within {last} rounds more likely than not; publish it."
        return
    waiting = f"{verdict.wait_blocks * BLOCK_SECONDS / _DAY:.1f} days"
    if decayed.dethroning[last] >= _LIKELY:
        yield f"The same model wins once epsilon has decayed, in {waiting}; to win today it must be better."
    elif decayed.dethroning[last] >= _UNLIKELY:
        chance = f"{decayed.dethroning[last]:.0%} within {last} rounds"
        yield f"Even once epsilon has decayed its chance is {chance}: it wins {decayed.won:.0%} of the batches then."
    elif decayed.won > 0.5:
        yield (
            f"It takes no seat within {last} rounds, though it wins {decayed.won:.0%} of the batches at the lowest "
            "epsilon: too few for that time, or its mean loss is not below the rival's as it counts."
        )
    else:
        yield (
            f"It takes no seat now or later, for it wins {decayed.won:.0%} of the batches even at the lowest epsilon; "
            f"more than half must be won, and {least_batches(competition.judge.alpha)} batches at the least."
        )
    lacking = {name: one.lacking for name, one in verdict.tasks.items() if one.lacking}
    for name in sorted(lacking, key=lambda name: -lacking[name]):
        yield f"Lower the loss on {name} by {lacking[name]:.1%}: below the rival's as it counts, batches are won."
    if not lacking and today.won <= 0.5:
        yield "Its mean losses are low enough, but on few batches by much: it must be better on most."
