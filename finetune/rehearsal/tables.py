"""The end of a rehearsal as tables on a terminal."""

from rich.console import Console
from rich.table import Table

from finetune.rehearsal.promises import Delegation
from finetune.rehearsal.result import Result


def print_tables(console: Console, result: Result) -> None:
    """Print who earned what, and each validator's weights; with attackers, of those who earned alone."""
    neurons = Table(title="the subnet at the end", title_justify="left")
    for heading in ("name", "incentive", "dividends", "vtrust"):
        neurons.add_column(heading, justify="left" if heading == "name" else "right")
    order = sorted((-result.incentive[one], -result.dividends[one], one) for one in result.incentive)
    for *_, hotkey in order:
        mark = "  (champion)" if hotkey == result.champion else ""
        vtrust = f"{result.vtrust[hotkey]:.3f}" if hotkey in result.vtrust else ""
        row = (result.incentive[hotkey], result.dividends[hotkey])
        if result.attacks and not any(row):
            continue
        neurons.add_row(result.names[hotkey] + mark, *(f"{value:.3f}" if value else "" for value in row), vtrust)
    console.print(neurons)
    weights = Table(title="weights of each validator", title_justify="left")
    weights.add_column("validator")
    weights.add_column("weights")
    for validator, given in sorted(result.weights.items(), key=lambda pair: result.names[pair[0]]):
        shares = ", ".join(f"{result.names[hotkey]} {share:.3f}" for hotkey, share in sorted(given.items()))
        weights.add_row(result.names[validator], shares)
    console.print(weights)
    earned = Table(title="earned by each coldkey, in alpha", title_justify="left")
    earned.add_column("coldkey of")
    earned.add_column("earned", justify="right")
    for coldkey, amount in sorted(result.earned.items(), key=lambda pair: -pair[1]):
        if result.attacks and not amount:
            continue
        earned.add_row(result.names[coldkey], f"{amount:,.2f}")
    console.print(earned)
    if result.delegation:
        _print_delegation(console, result.delegation)
    if result.attacks:
        _print_attacks(console, result)
    if result.rogues:
        _print_rogues(console, result)


def _print_delegation(console: Console, one: Delegation) -> None:
    """What a delegator's stake did for its validator's share, and what it earned."""
    table = Table(title=f"{one.delegator} stakes {one.stake:,.0f} alpha on {one.validator}", title_justify="left")
    for heading in (f"share of {one.validator}", "before", "after"):
        table.add_column(heading, justify="left" if heading.startswith("share") else "right")
    table.add_row("of all stake", f"{one.stake_share_before:.3f}", f"{one.stake_share_after:.3f}")
    table.add_row("of all dividends", f"{one.dividends_before:.3f}", f"{one.dividends_after:.3f}")
    table.add_row(f"earned by {one.delegator}", "", f"{one.earned:,.2f}")
    console.print(table)


def _print_attacks(console: Console, result: Result) -> None:
    """Who attacked how, what stopped it, and what it cost the validators."""
    table = Table(title="attacks", title_justify="left")
    for heading in ("attack", "stopped by", "reason"):
        table.add_column(heading, overflow="fold")
    for heading in ("earned", "samples"):
        table.add_column(heading, justify="right")
    for one in result.attacks:
        row = (one.name, one.stopped_by, one.reason, f"{one.earned:.3f}", str(one.samples_spent))
        table.add_row(*row, style="bold red" if one.failure else None)
    console.print(table)


def _print_rogues(console: Console, result: Result) -> None:
    """What its stake brings a validator that does not play as the others do."""
    table = Table(title="dividends per stake; 1 is what all would get alike", title_justify="left")
    for heading in ("validator", "its own", "an honest one's"):
        table.add_column(heading, justify="left" if heading == "validator" else "right")
    for one in result.rogues:
        table.add_row(one.name, f"{one.dividends_per_stake:.3f}", f"{one.honest_dividends_per_stake:.3f}")
    console.print(table)
