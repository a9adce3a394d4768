"""Where a submission stands, in sentences for its miner: what it is, how it fares, what it lacks.

Made of the figures of a standing; the reasons themselves are written in `reasons`, the story of a seat in `story`.
"""

from collections.abc import Mapping, Sequence

from competitions.competition import Competition
from finetune.board.figures import bits, counted, listed, whole
from finetune.board.reigns import Reign
from finetune.board.standings import Standing


def explain(
    competition: Competition,
    standing: Standing,
    champion: Standing,
    played: int,
    tasks: Mapping[str, float],
    champion_tasks: Mapping[str, float],
    reigns: Sequence[Reign],
) -> tuple[str, ...]:
    """The sentences, the decisive one second. `played` is in how many rounds it was scored, `tasks` its mean losses."""
    found = [_entry(competition, standing), standing.reason]
    if standing.lineage:
        found.append(f"Its model lies {standing.lineage}.")
    found.append(_played(played, standing, champion))
    if standing.key != champion.key and tasks and champion_tasks:
        found.append(_beside(tasks, champion_tasks))
    if reigns:
        spans = [f"from block {whole(one.since)} to {whole(one.until)}" for one in reigns]
        found.append(f"It held the seat {listed(spans)}.")
    return tuple(one for one in found if one)


def _entry(competition: Competition, standing: Standing) -> str:
    title = competition.title
    if standing.status == "reference" or standing.key == "reference":
        return f"The reference of {title}: the model that holds the seat until a miner takes it."
    return f"{standing.name} committed {standing.repository or 'it'} to {title} at block {whole(standing.block)}."


def _played(played: int, standing: Standing, champion: Standing) -> str:
    if not played:
        return "It has not been scored yet."
    sentence = f"It was scored in {counted(played, 'round')}"
    if standing.mean is None:
        return f"{sentence}."
    sentence += f"; its mean loss over the last of them is {bits(standing.mean)}"
    if champion.mean is not None and champion.key != standing.key:
        sentence += f", the champion's {bits(champion.mean)}"
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
