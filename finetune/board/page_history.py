"""The history of one competition over blocks: losses, who held the seat, and every round for whoever wants to check."""

from dataclasses import asdict

from finetune.board.charts import chart, colour, line_colours, loss_chart
from finetune.board.competition_view import CompetitionView
from finetune.board.figures import counted, share, whole
from finetune.board.links import Links, competition_file
from finetune.board.markup import Html, join, prose, tag
from finetune.board.page import Page
from finetune.board.page_competition import heading
from finetune.board.tables import Cell, Cells, Column, code, folded, table

_SHOWN_ROUNDS = 1_000  # rounds in the list; older ones are counted


def history_page(one: CompetitionView, links: Links) -> Page:
    """Losses and seat from the first block to the last."""
    body = join(
        heading(one, "history"),
        tag("h2", "Mean loss per round"),
        loss_chart("losses", one.losses),
        tag("h2", "Who held the seat"),
        _reigns(one, links),
        _changes(one),
        tag("h2", "Rounds"),
        _rounds(one, links),
    )
    return Page(
        file=competition_file(one.competition.id, "history"),
        title=f"History, {one.competition.title}",
        body=body,
        data={
            "losses": asdict(one.losses),
            "reigns": [asdict(each) for each in one.reigns],
            "changes": [asdict(each) for each in one.changes],
            "rounds": [asdict(each) for each in one.rounds],
        },
        place=competition_file(one.competition.id),
        charts=True,
    )


def _reigns(one: CompetitionView, links: Links) -> Html:
    if not one.reigns:
        return tag("p", "The reference holds the seat; no round has been played yet.", class_="quiet")
    numbers = line_colours(one.losses)
    columns = [
        Column("Holder", series="label"),
        Column("From block", figures=True, series="from"),
        Column("To block", figures=True, series="to"),
        Column("Blocks", figures=True),
        Column("How it came", series="colour"),
    ]
    rows: list[Cells] = []
    for each in reversed(one.reigns):
        drawn = colour(numbers[each.key]) if each.key in numbers else "rest"
        who = Cell(links.entrant(one.competition.id, each.key, each.name), each.name)
        rows.append([who, whole(each.since), whole(each.until), whole(each.blocks), Cell(each.how, drawn)])
    last = one.reigns[-1]
    summary = (
        f"{counted(len(one.reigns), 'reign')} so far; {last.name} has held the seat since block {whole(last.since)}."
    )
    return chart("reigns", "reigns", "Reigns, the latest first", summary, columns, rows)


def _changes(one: CompetitionView) -> Html:
    """Every change of the seat, the latest first, and how it began."""
    items = [
        tag("li", tag("span", f"block {whole(change.block)}", class_="when"), tag("span", prose(change.sentence)))
        for change in reversed(one.changes)
    ]
    first = "The reference held the seat." if not one.changes or one.changes[0].former.is_reference else ""
    opening = first or "Earlier changes are not in these reports."
    items.append(tag("li", tag("span", "before", class_="when"), tag("span", opening)))
    return tag("ol", *items, class_="history", reversed=True)


def _rounds(one: CompetitionView, links: Links) -> Html:
    """The rounds, for whoever wants to check one: seed, samples, how many validators told it."""
    if not one.rounds:
        return tag("p", "No round has been played yet.", class_="quiet")
    columns = [
        Column("Sync block", figures=True),
        Column("Champion after"),
        Column("Advantage", figures=True),
        Column("Samples", figures=True),
        Column("Scored", figures=True),
        Column("Saved", figures=True),
        Column("Validators", figures=True),
        Column("Seconds", figures=True),
        Column("Seed (block hash)"),
        Column("Digest of the samples"),
    ]
    rows: list[Cells] = [
        [
            Cell(links.report(row.validator, row.sync, whole(row.sync)), row.sync),
            row.champion,
            share(row.epsilon),
            whole(row.samples),
            whole(row.scored),
            whole(row.saved),
            whole(row.reporters),
            f"{row.seconds:,.1f}",
            code(row.seed[:64]),
            code(row.digest[:64]),
        ]
        for row in one.rounds[:_SHOWN_ROUNDS]
    ]
    older = len(one.rounds) - len(rows)
    caption = f"Rounds of {one.competition.title}" + (f", the newest {len(rows)}" if older else "")
    shown = table(caption, columns, rows, sortable=True)
    return folded(f"{counted(len(one.rounds), 'round')}: seeds, samples, early stops", shown)
