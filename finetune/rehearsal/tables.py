"""The end of a rehearsal as tables on a terminal."""

from rich.console import Console
from rich.table import Table

from finetune.rehearsal.result import Result


def print_tables(console: Console, result: Result) -> None:
    """Print who earned what, and each validator's weights."""
    neurons = Table(title="the subnet at the end", title_justify="left")
    for heading in ("name", "incentive", "dividends", "vtrust"):
        neurons.add_column(heading, justify="left" if heading == "name" else "right")
    order = sorted((-result.incentive[one], -result.dividends[one], one) for one in result.incentive)
    for *_, hotkey in order:
        mark = "  (champion)" if hotkey == result.champion else ""
        vtrust = f"{result.vtrust[hotkey]:.3f}" if hotkey in result.vtrust else ""
        row = (result.incentive[hotkey], result.dividends[hotkey])
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
        earned.add_row(result.names[coldkey], f"{amount:,.2f}")
    console.print(earned)
