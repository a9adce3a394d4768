"""Where a submission stands, in sentences for its miner: what it is, how it fares, what it lacks, when it plays again.

Made of the figures of a standing; the reasons themselves are written in `reasons`, the story of a seat in `story`.
"""

from collections.abc import Mapping, Sequence

from competitions.competition import Competition
from competitions.evidence import least_batches
from finetune.board.figures import bits, counted, listed, share, whole
from finetune.board.gates import GateResult, gates_words
from finetune.board.meter import Reading
from finetune.board.outlook import Outlook
from finetune.board.reigns import Reign
from finetune.board.standings import Standing

FOR_GOOD = "No round scores this commitment any more; another one is another submission, at the end of the line."


def explain(
    competition: Competition,
    standing: Standing,
    champion: Standing,
    *,
    played: int,
    tasks: Mapping[str, float],
    champion_tasks: Mapping[str, float],
    reigns: Sequence[Reign],
    gates: tuple[GateResult, ...] = (),
    outlook: Outlook | None = None,
    reading: Reading | None = None,
) -> tuple[str, ...]:
    """The sentences, the decisive one second.

    `played` is in how many rounds it was scored, `tasks` are its mean losses by task, to be told beside the champion's
    where both are over whole rounds.
    """
    found = [_entry(competition, standing), standing.reason]
    if gates:
        found.append(gates_words(gates))
    if outlook is not None:
        found += _lacking(competition, standing, champion, outlook)
        found.append(_next_round(competition, standing, outlook))
    if standing.status == "out":
        found.append(FOR_GOOD)
    elif standing.lineage:
        found.append(f"Its model lies {standing.lineage}.")
    found.append(_played(played, standing, champion))
    if standing.key != champion.key and tasks and champion_tasks:
        found.append(_beside(tasks, champion_tasks))
    if reading is not None:
        found.append(meter_words(reading))
    if reigns:
        spans = [f"from block {whole(one.since)} to {whole(one.until)}" for one in reigns]
        found.append(f"It held the seat {listed(spans)}.")
    return tuple(one for one in found if one)


def meter_words(reading: Reading) -> str:
    """What the leakage meter shows, in one sentence and a verdict."""
    apart = f"{abs(reading.excess):.1f} standard errors {'higher' if reading.excess > 0 else 'lower'}"
    means = (
        f"Leakage meter: its loss on fresh samples of round {whole(reading.sync)} is {bits(reading.fresh)}, {apart} "
        f"than the {bits(reading.past)} on samples of round {whole(reading.past_sync)}, over before it was committed"
    )
    if reading.remembers:
        return f"{means}: it remembers past samples, which wins it nothing on fresh ones."
    return f"{means}: within luck."


def _entry(competition: Competition, standing: Standing) -> str:
    title = competition.title
    if standing.status == "reference" or standing.key == "reference":
        return f"The reference of {title}: the model that holds the seat until a miner takes it."
    return f"{standing.name} committed {standing.repository or 'it'} to {title} at block {whole(standing.block)}."


def _lacking(competition: Competition, standing: Standing, champion: Standing, outlook: Outlook) -> list[str]:
    """What its losses lack, and what time alone would bring; nothing for who has met no champion."""
    duel, judge = standing.tally, competition.judge
    if duel is None or not duel.batches or standing.key == champion.key:
        return []
    if outlook.batches != duel.batches:
        return [
            f"These reports hold {whole(outlook.batches)} of the {counted(duel.batches, 'batch', 'batches')} of its "
            "duel, too few to tell what it lacks."
        ]
    if outlook.margin is None:
        least = counted(least_batches(judge.alpha), "batch", "batches")
        met = counted(duel.batches, "batch", "batches")
        return [f"On {met} no margin would be enough to take the seat: that takes {least}, all of them won."]
    if not outlook.margin:
        return ["On these batches it lacks nothing."]
    found = [f"To take the seat on these batches, all its losses would have to be {share(outlook.margin)} lower."]
    end = champion.block + competition.epsilon.decay_blocks
    last = share(competition.epsilon.end)
    if outlook.epsilon_block is not None:
        block = whole(outlook.epsilon_block)
        found.append(f"Epsilon alone, as it decays, would let it win on them from block {block} on.")
    else:
        found.append(
            f"Epsilon alone would never let it win on them, not even at its end of {last}, block {whole(end)}."
        )
    return found


def _next_round(competition: Competition, standing: Standing, outlook: Outlook) -> str:
    """When it may play again, and how long the line is that it stands in."""
    block = outlook.next_round
    if standing.status == "champion":
        return f"The next round that scores it is at block {whole(block)}." if block is not None else ""
    if outlook.place is not None:
        places = competition.round.challengers
        line = f"place {whole(outlook.place)} in the line for the next round, which scores {whole(places)}"
        if block is None:
            return f"It has {line}; the competition ends before its turn."
        turn = -(-outlook.place // places)
        rounds = "that round" if turn == 1 else f"round {whole(turn)} from now"
        return f"It has {line}: as the line stands, its turn comes at the latest in {rounds}, at block {whole(block)}."
    if standing.status == "resting":
        if outlook.rests_until is None:
            return "No later epsilon lets it play again under this champion in this season."
        rests = f"It rests until block {whole(outlook.rests_until)}"
        return f"{rests}; the next round that may score it is at block {whole(block)}." if block else f"{rests}."
    return f"The first round that may score it is at block {whole(block)}." if block is not None else ""


def _played(played: int, standing: Standing, champion: Standing) -> str:
    if not played:
        return "No report holds a loss of it." if standing.status == "out" else "It has not been scored yet."
    sentence = f"It was scored in {counted(played, 'round')}"
    if standing.mean is None:
        return f"{sentence}."
    sentence += f"; its mean loss over the last of them is {bits(standing.mean)}"
    duel = standing.tally
    if duel is not None and duel.batches and standing.key != champion.key:
        met = counted(duel.batches, "batch", "batches")
        means = f"it is {bits(duel.challenger_mean)}, the champion's counts as {bits(duel.champion_mean)}"
        return f"{sentence}. On the {met} that both were scored on {means}."
    return f"{sentence}."


def _beside(own: Mapping[str, float], champion: Mapping[str, float]) -> str:
    """On which tasks it is ahead of the champion's mean and on which behind."""
    shared = [task for task in own if task in champion]
    if len(shared) < 2:
        return ""
    ahead = [task for task in shared if own[task] < champion[task]]
    behind = [task for task in shared if own[task] > champion[task]]
    parts = [f"{words} on {listed(tasks)}" for words, tasks in (("lower", ahead), ("higher", behind)) if tasks]
    return f"Its mean loss is {' and '.join(parts)} than the champion's." if parts else ""
