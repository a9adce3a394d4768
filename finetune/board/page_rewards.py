"""Rewards: who is paid over time, what everybody earned, and whose the addresses are."""

from dataclasses import asdict

from finetune.board.bars import share_bar
from finetune.board.charts import line_colours, share_chart
from finetune.board.figures import alpha, counted, share, whole
from finetune.board.markup import Html, join, tag
from finetune.board.page import Page
from finetune.board.tables import Cell, Cells, Column, code, folded, table
from finetune.board.view import View


def rewards_page(view: View) -> Page:
    """Incentive by epoch where a chain was asked, else the weights that rounds ended with."""
    title = "Incentive per epoch" if view.from_chain else "Weights per round"
    caption = f"{title}, shares of {'all incentive' if view.from_chain else 'all weights'}"
    preferred: dict[str, int] = {}
    for one in view.competitions:
        preferred = {key.rpartition("@")[0]: number for key, number in line_colours(one.losses).items()} | preferred
    burnt = f"What goes to {view.owner_named}, the subnet owner, is burnt." if view.owner_named else ""
    body = join(
        tag("h1", "Rewards"),
        tag("p", burnt, class_="quiet") if burnt else None,
        tag("h2", title),
        share_chart("rewards", caption, view.incentive, preferred),
        tag("h2", "Earned by each coldkey"),
        _earnings(view),
        tag("h2", "Who is who"),
        _people(view),
    )
    data = {
        "from_chain": view.from_chain,
        "shares": asdict(view.incentive),
        "earnings": asdict(view.earnings),
        "people": [asdict(one) for one in view.people],
    }
    return Page(file="rewards.html", title="Rewards", body=body, data=data, charts=True)


def _people(view: View) -> Html:
    """The whole addresses behind the names."""
    columns = [
        Column("Name"),
        Column("uid", figures=True),
        Column("Hotkey"),
        Column("Coldkey"),
        Column("Coldkey's name"),
    ]
    rows = [[one.name, whole(one.uid), code(one.hotkey), code(one.coldkey), one.owner] for one in view.people]
    summary = f"{counted(len(rows), 'neuron')}: uids, hotkeys and coldkeys"
    return folded(summary, table("Everybody with a uid", columns, rows, sortable=True))


def _earnings(view: View) -> Html:
    earned = view.earnings
    columns = [
        Column("Coldkey"),
        Column("Role"),
        Column("Alpha", figures=True),
        Column("Share", figures=True),
        Column("Drawn"),
    ]
    rows: list[Cells] = [
        [one.name, one.roles, alpha(one.amount), share(one.part), Cell(share_bar(one.part), one.part)]
        for one in earned.rows
    ]
    total = [["All", "", alpha(earned.total), share(1.0) if earned.total else "0", ""]]
    if not view.from_chain:
        return tag("p", "Only the chain knows, and none was asked.", class_="quiet")
    if not rows:
        return tag("p", "Nobody has earned anything yet.", class_="quiet")
    return join(
        tag("p", earned.summary, class_="quiet"),
        table("Earned in alpha, by coldkey", columns, rows, foot=total, sortable=True),
    )
