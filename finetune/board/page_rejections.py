"""Rejections: who takes no part, why, whose fault it is, and whether it goes away by itself."""

from collections import Counter
from dataclasses import asdict

from finetune.board.figures import NONE, counted, listed
from finetune.board.links import Links
from finetune.board.markup import Html, isolated, join, tag
from finetune.board.page import Page
from finetune.board.rejections import RejectionRow
from finetune.board.tables import Cell, Cells, Column, table
from finetune.board.view import View


def rejections_page(view: View, links: Links) -> Page:
    """Who takes no part, and why."""
    body = join(tag("h1", "Rejections"), _rejections(view, links))
    data = [asdict(one) for one in view.rejections]
    return Page(file="rejections.html", title="Rejections", body=body, data=data)


def _rejections(view: View, links: Links) -> Html:
    rows = view.rejections
    if not rows:
        return tag("p", "Nobody is rejected.", class_="lead")
    kinds = Counter(row.reason for row in rows)
    summary = listed([f"{number} {reason}" for reason, number in kinds.most_common()])
    columns = [
        Column("Miner"),
        Column("Committed", figures=True),
        Column("Competition", figures=True),
        Column("Reason"),
        Column("In words", sentences=True),
        Column("Fault"),
        Column("Again?"),
    ]
    lines: list[Cells] = [
        [_who(row, links), row.block, row.competition or NONE, row.reason, row.text, row.fault, _again(row.retry)]
        for row in rows
    ]
    shown = table("Rejected submissions and commitments", columns, lines, sortable=True)
    return join(tag("p", f"{counted(len(rows), 'rejection')}: {summary}.", class_="lead"), shown)


def _who(row: RejectionRow, links: Links) -> Cell:
    """The miner, linked to the submission's page where the commitment could be read."""
    shown = links.entrant(int(row.competition), row.key, row.name) if row.competition else isolated(row.name)
    return Cell(shown, row.name.casefold())


def _again(retry: bool) -> str:
    return "by itself" if retry else "no"
