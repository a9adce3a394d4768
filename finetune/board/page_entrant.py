"""The page of one submission: where it stands and why, in sentences; its duels, its tasks, every round of it."""

from collections.abc import Sequence
from dataclasses import asdict

from competitions.competition import Competition
from finetune.board.bars import evidence_bar, evidence_words
from finetune.board.charts import chart, figure_or_none
from finetune.board.competition_view import CompetitionView
from finetune.board.entrant_view import EntrantView, Played
from finetune.board.figures import NONE, bits, counted, whole
from finetune.board.links import Links, competition_file, entrant_file
from finetune.board.losses import LAST_ROUNDS, unit_of
from finetune.board.markup import Html, isolated, join, prose, tag
from finetune.board.meter import REMEMBERS
from finetune.board.page import Page
from finetune.board.page_competition import model_line
from finetune.board.reasons import score
from finetune.board.tables import Cell, Cells, Column, code, facts, table


def entrant_page(one: CompetitionView, entrant: EntrantView, links: Links) -> Page:
    """Everything about one submission."""
    row, place = entrant.standing, competition_file(entrant.competition)
    back = tag("p", tag("a", isolated(entrant.title), href=place), class_="eyebrow")
    body = join(
        back,
        tag("h1", isolated(row.name)),
        _where(one.competition, entrant, links),
        tag("h2", "Loss over its rounds"),
        _rounds(one.competition, entrant, links),
        tag("h2", "Loss per task"),
        _tasks(one.competition, entrant),
        tag("h2", "Duels with the leading"),
        _meetings(entrant, links),
        *_meter(one.competition, entrant),
    )
    return Page(
        file=entrant_file(entrant.competition, row.key),
        title=f"{row.name}, {entrant.title}",
        body=body,
        data=asdict(entrant),
        place=place,
        charts=bool(entrant.rounds),
    )


def _where(competition: Competition, entrant: EntrantView, links: Links) -> Html:
    row = entrant.standing
    pill = tag("p", tag("span", row.status, class_="pill"), class_=row.status)
    sentences = [tag("p", prose(one), class_="story" if one == row.reason else None) for one in entrant.sentences]
    pairs: list[tuple[str, str]] = []
    if row.repository:
        pairs.append(("Model", model_line(row, links)))
    if entrant.hotkey:
        pairs += [("Hotkey", code(entrant.hotkey)), ("Coldkey", code(entrant.coldkey or NONE))]
        pairs += [
            ("uid", NONE if entrant.uid is None else whole(entrant.uid)),
            ("Committed", f"block {whole(row.block)}"),
        ]
    if row.tally is not None:
        words = tag("span", prose(evidence_words(row.strength, competition)), class_="under")
        pairs.append(("Wins to losses", f"{score(row.tally)} over {counted(row.tally.batches, 'batch', 'batches')}"))
        pairs.append(("Evidence", join(evidence_bar(row.strength, competition), words)))
    pairs.append((f"Mean loss, last {LAST_ROUNDS} rounds", figure_or_none(row.mean)))
    if entrant.rounds:
        newest = entrant.rounds[0]
        pairs.append(("Newest report that scored it", links.report(newest.validator, newest.sync)))
    return tag("div", tag("div", pill, *sentences), facts(pairs), class_="seat card")


def _rounds(competition: Competition, entrant: EntrantView, links: Links) -> Html:
    if not entrant.rounds:
        return tag("p", "No round has scored it yet.", class_="quiet")
    columns = [
        Column("Block", figures=True),
        Column(entrant.standing.name, figures=True, series="c1"),
        Column("Champion", figures=True, series="c0"),
        Column("To beat", figures=True, series="hurdle"),
        Column("Batches", figures=True),
        Column("Stopped"),
    ]
    first, last = entrant.rounds[-1], entrant.rounds[0]
    summary = f"Mean loss in {unit_of(competition)}, lower is better: {bits(first.mean)} at block {whole(first.sync)}"
    summary += f", {bits(last.mean)} at block {whole(last.sync)}." if len(entrant.rounds) > 1 else "."
    if any(one.stopped for one in entrant.rounds):
        summary += " A hollow mark is a round that was stopped early: its mean covers the first batches only."
    rows = [_round(one, links) for one in entrant.rounds]
    title = "Mean loss per round; * stopped early"
    return chart("losses", "lines", title, summary, columns, rows, unit=unit_of(competition))


def _round(one: Played, links: Links) -> Cells:
    hurdle = one.hurdle
    return [
        Cell(links.report(one.validator, one.sync, whole(one.sync)), one.sync),
        bits(one.mean) + ("*" if one.stopped else ""),
        bits(hurdle.mean) if hurdle else "",
        bits(hurdle.counted) if hurdle else "",
        whole(one.batches),
        one.stopped or NONE,
    ]


def _tasks(competition: Competition, entrant: EntrantView) -> Html:
    if not entrant.tasks:
        return tag("p", "No task has been scored yet.", class_="quiet")
    columns = [
        Column("Task"),
        Column(entrant.standing.name, figures=True, series="c1"),
        Column("Champion", figures=True, series="c0"),
    ]
    rows: Sequence[Cells] = [
        [task.name, figure_or_none(entrant.tasks.get(task.name)), figure_or_none(entrant.champion_tasks.get(task.name))]
        for task in competition.tasks
    ]
    caption = f"Mean loss per task over the last {LAST_ROUNDS} rounds, {unit_of(competition)}"
    if len(rows) < 2:
        return table(caption, columns, rows)
    words = "Lower is better; the figures stand in the table below."
    return chart("tasks", "bars", caption, words, columns, rows, unit=unit_of(competition), fold=False)


def _meetings(entrant: EntrantView, links: Links) -> Html:
    if not entrant.meetings:
        return tag("p", "It has met none of the leading models on the same batches this season.", class_="quiet")
    columns = [
        Column("Against"),
        Column("Wins to losses", figures=True),
        Column("Batches", figures=True),
        Column("Its mean loss", figures=True),
        Column("What the other's counts as", figures=True),
        Column("Would take the seat"),
    ]
    rows = [
        [
            Cell(links.entrant(entrant.competition, one.key, one.name), one.name.casefold()),
            Cell(score(one.cell.tally), one.cell.tally.wins - one.cell.tally.losses),
            whole(one.cell.tally.batches),
            bits(one.cell.tally.challenger_mean),
            bits(one.cell.tally.champion_mean),
            "yes" if one.cell.takes_seat else "no",
        ]
        for one in entrant.meetings
    ]
    caption = "Each in turn as champion, over the batches of this season that both were scored on"
    return table(caption, columns, rows, sortable=True)


def _meter(competition: Competition, entrant: EntrantView) -> list[Html]:
    """The leakage meter; nothing for who has no reading."""
    reading = entrant.reading
    if reading is None:
        return []
    columns = [
        Column("Samples"),
        Column("Round", figures=True),
        Column("Mean loss", figures=True),
        Column("Standard errors", figures=True),
    ]
    rows: list[Cells] = [
        ["fresh: nobody could know them", whole(reading.sync), bits(reading.fresh), f"{reading.excess:+.1f}"],
        ["past: drawn before its commit", whole(reading.past_sync), bits(reading.past), "0"],
    ]
    caption = f"The same tasks in the same mixture, {unit_of(competition)}; it judges nobody"
    words = f"From {REMEMBERS:g} standard errors on, a model is said to remember past samples."
    return [tag("h2", "Leakage meter"), tag("p", words, class_="quiet"), table(caption, columns, rows)]
