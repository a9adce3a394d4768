"""The parts of the page about the chain: who is paid, what validators say, what everybody earned, who is who."""

from finetune.board.bars import share_bar
from finetune.board.chain_figures import WeightsRow
from finetune.board.figures import alpha, counted, share, whole
from finetune.board.incentive_chart import incentive_chart
from finetune.board.loss_chart import line_colours
from finetune.board.markup import Html, join, tag
from finetune.board.tables import Column, code, folded, table
from finetune.board.view import View


def chain_section(view: View) -> Html:
    """Incentive, weights and earnings."""
    burnt = f"What goes to {view.owner_named}, the subnet owner, is burnt." if view.owner_named else ""
    preferred: dict[str, int] = {}
    for one in view.competitions:
        preferred = line_colours(one.losses) | preferred
    return tag(
        "section",
        tag("h2", "Who is paid", id="chain-title"),
        tag("p", burnt, class_="quiet") if burnt else None,
        tag("h3", "Incentive per epoch"),
        incentive_chart(view.incentive, preferred),
        tag("h3", "Weights of each validator"),
        _weights(view),
        tag("h3", "Earned by each coldkey"),
        _earnings(view),
        id="chain",
        aria_labelledby="chain-title",
    )


def people_section(view: View) -> Html:
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
    return tag(
        "section",
        tag("h2", "Who is who", id="people-title"),
        folded(summary, table("Everybody with a uid", columns, rows)),
        id="people",
        aria_labelledby="people-title",
    )


def _weights(view: View) -> Html:
    """Validators down, hotkeys across; what the chain made of it at the foot."""
    weights = view.weights
    if not weights.rows:
        return tag("p", "There is no validator yet.", class_="quiet")
    fixed = [
        Column("Validator"),
        Column("Stake", figures=True),
        Column("vtrust", figures=True),
        Column("Dividends", figures=True),
        Column("Weights set at", figures=True),
    ]
    columns = fixed + [Column(one.name, figures=True) for one in weights.columns]
    foot = [
        ["Consensus", "", "", "", "", *(_part(one.consensus) for one in weights.columns)],
        ["Incentive", "", "", "", "", *(_part(one.incentive) for one in weights.columns)],
    ]
    left_out = None
    if weights.left_out:
        note = f"{counted(weights.left_out, 'more hotkey')} with small shares, without a column here."
        left_out = tag("p", note, class_="quiet")
    shown = table("Weights by validator, shares of 1", columns, map(_weights_row, weights.rows), foot=foot)
    return join(shown, left_out)


def _weights_row(row: WeightsRow) -> list[str]:
    return [
        row.name,
        f"{alpha(row.stake)} ({share(row.stake_share)})",
        f"{row.validator_trust:.3f}",
        _part(row.dividends),
        "never" if row.last_update < 0 else f"block {whole(row.last_update)}",
        *(_part(part) for part in row.weights),
    ]


def _part(part: float) -> str:
    return share(part) if part else "0"


def _earnings(view: View) -> Html:
    earned = view.earnings
    columns = [
        Column("Coldkey"),
        Column("Role"),
        Column("Alpha", figures=True),
        Column("Share", figures=True),
        Column("Drawn"),
    ]
    rows = [[one.name, one.roles, alpha(one.amount), share(one.part), share_bar(one.part)] for one in earned.rows]
    total = [["All", "", alpha(earned.total), share(1.0) if earned.total else "0", ""]]
    if not rows:
        return tag("p", "Nobody has earned anything yet.", class_="quiet")
    return join(
        tag("p", earned.summary, class_="quiet"), table("Earned in alpha, by coldkey", columns, rows, foot=total)
    )
