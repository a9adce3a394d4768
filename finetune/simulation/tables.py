"""The figures as tables on a terminal. It computes nothing but sums and shares."""

from collections.abc import Iterable, Sequence
from statistics import mean

from rich import box
from rich.console import Console
from rich.table import Table

from finetune.simulation.classic import CLASSIC_RULES
from finetune.simulation.climb import OURS, Climb
from finetune.simulation.crowd import Crowd
from finetune.simulation.figures import Figures

RULES = (OURS, *CLASSIC_RULES)


def print_tables(console: Console, figures: Figures) -> None:
    """What was simulated, then a table for each part."""
    about = ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in figures.about.items() if key in _SHOWN)
    console.print(f"\n{figures.about['competition']}: {about}", highlight=False, markup=False)
    _equals(console, figures)
    _climbs(console, figures)
    _copies(console, figures)
    _fields(console, figures)
    one = figures.decision
    console.print(
        f"one decision over {one.submissions} submissions and {one.batches:,} batches: {one.seconds:.3f} s",
        highlight=False,
    )


_SHOWN = {"seed", "batches", "batch_size", "alpha", "stop_alpha", "epsilon_start", "epsilon_end", "spread"}


def _equals(console: Console, figures: Figures) -> None:
    rows = [
        (
            f"{one.epsilon:.0%}",
            f"{one.between_rounds:.0%}",
            f"{one.dethroned:,} of {one.challengers:,}",
            f"{one.stopped:,}",
            *(_often(one, name) for name in CLASSIC_RULES),
        )
        for one in figures.equals
    ]
    title = f"equal challengers ever paid in {figures.equals[0].rounds} rounds (and rounds in which they are)"
    _print(console, title, ("epsilon", "spread", OURS, "stopped", *CLASSIC_RULES), rows)
    console.print(f"a fair coin is ever ahead with a chance of {figures.equals[0].chance:.1e}", highlight=False)


def _climbs(console: Console, figures: Figures) -> None:
    rows = [
        (
            f"{one.better:.0%}",
            one.age,
            *(_needed(one, name) for name in RULES),
        )
        for one in figures.climbs
    ]
    title = "rounds until a better model is first paid: median (90 in 100), samples"
    _print(console, title, ("better by", "champion", *RULES), rows)


def _copies(console: Console, figures: Figures) -> None:
    rows = [
        (
            f"{one.spread:g}",
            one.age,
            f"{one.first_batches:.1f}",
            f"{one.first_share:.1%}",
            f"{one.all_batches:.1f}",
            f"{one.all_share:.2%}",
            f"{one.paid}",
        )
        for one in figures.copies
    ]
    headings = ("differs by", "champion", "first round", "share", "all rounds", "share", "paid")
    _print(console, "batches that a copy costs", headings, rows)


def _fields(console: Console, figures: Figures) -> None:
    rows = [
        (
            one.age,
            f"{one.between_rounds:.0%}",
            name,
            f"{one.samples[name]:,.0f}",
            f"{100 * one.right[name][0]:.1f}",
            f"{100 * one.right[name][-1]:.1f}",
            f"{100 * mean(one.right[name]):.1f}",
            f"{100 * mean(one.first[name]):.1f}",
            f"{one.changes[name]:.1f}",
        )
        for one in figures.fields
        for name in RULES
    ]
    headings = ("age", "spread", "rule", "samples", "round 1", "last", "all", "earlier", "moves")
    title = "fields of ten: samples a round; a true rival is paid, of 100 plays; the earlier rival is"
    _print(console, title, headings, rows)


def _print(console: Console, title: str, headings: Iterable[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _often(one: Crowd, rule: str) -> str:
    ever, rounds = one.won_once[rule] / one.challengers, one.rounds_won[rule] / one.challengers / one.rounds
    return f"{ever:.1%} ({rounds:.1%})"


def _needed(one: Climb, rule: str) -> str:
    if one.median_rounds[rule] is None:
        return f"never in {one.rounds}" if not one.won[rule] else f"{one.won[rule]} of {one.plays} ever"
    return f"{one.median_rounds[rule]} ({one.most_rounds[rule] or 'more'}), {one.median_samples[rule]:,}"
