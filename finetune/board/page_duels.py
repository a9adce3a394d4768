"""The head-to-head matrix of one competition: everybody against everybody, each in turn as champion."""

from dataclasses import asdict

from finetune.board.competition_view import CompetitionView
from finetune.board.figures import NONE, counted, whole
from finetune.board.links import Links, competition_file
from finetune.board.markup import Html, isolated, join, tag
from finetune.board.matrix import Cell, Matrix
from finetune.board.page import Page
from finetune.board.page_competition import heading
from finetune.board.reasons import score


def duels_page(one: CompetitionView, links: Links) -> Page:
    """Who would beat whom."""
    body = join(heading(one, "duels"), tag("h2", "Head to head"), _matrix(one, links))
    return Page(
        file=competition_file(one.competition.id, "duels"),
        title=f"Head to head, {one.competition.title}",
        body=body,
        data=asdict(one.duels) if one.duels else {},
        place=competition_file(one.competition.id),
    )


def _matrix(one: CompetitionView, links: Links) -> Html:
    found = one.duels
    if found is None or len(found.keys) < 2:
        return tag("p", "No two models have been scored on the same batches yet.", class_="quiet")
    words = (
        f"Wins to losses of the one on the left against the one above, as if that one held the seat with the advantage "
        f"of a champion at block {whole(found.sync)}, over all batches of the season that both were scored on. A duel "
        "that would take the seat is marked as won; a lead without enough evidence is not yet one."
    )
    rest = (
        f" {counted(found.left_out, 'more entrant')} scored, further down in the standings." if found.left_out else ""
    )
    key = tag(
        "ul",
        tag("li", tag("span", class_="swatch won"), "would take the seat"),
        tag("li", tag("span", class_="swatch leads"), "leads"),
        tag("li", tag("span", class_="swatch trails"), "trails"),
        class_="key",
    )
    return join(tag("p", words + rest, class_="quiet"), key, _table(one, found, links))


def _table(one: CompetitionView, found: Matrix, links: Links) -> Html:
    competition = one.competition.id
    numbers = range(1, len(found.keys) + 1)
    heads = [
        tag("th", f"{number} ", tag("span", isolated(name), class_="short", title=name), scope="col", class_="n")
        for number, name in zip(numbers, found.names, strict=True)
    ]
    rows = []
    for number, key, name, cells in zip(numbers, found.keys, found.names, found.cells, strict=True):
        head = tag("th", tag("span", f"{number}", class_="place"), links.entrant(competition, key, name), scope="row")
        rows.append(
            tag("tr", head, *(_cell(cell, key == other) for cell, other in zip(cells, found.keys, strict=True)))
        )
    caption = "Wins to losses of each row against each column as champion"
    shown = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", tag("th", "Challenger", scope="col"), *heads)),
        tag("tbody", *rows),
        class_="matrix",
    )
    return tag("div", shown, class_="scroll", role="region", aria_label=caption, tabindex="0")


def _cell(cell: Cell | None, same: bool) -> Html:
    if cell is None:
        return tag("td", "" if same else NONE, class_="n self" if same else "n")
    wins, losses = cell.tally.wins, cell.tally.losses
    kind = "won" if cell.takes_seat else "leads" if wins > losses else "trails" if losses > wins else ""
    return tag("td", score(cell.tally), class_=f"n {kind}".strip(), title=f"{whole(cell.tally.batches)} batches")
