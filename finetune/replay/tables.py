"""A comparison as tables on a terminal."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from competitions.season import REFERENCE
from finetune.replay.comparison import Comparison, SeatAfter

_MOST_NOTES = 10


def print_tables(console: Console, comparison: Comparison) -> None:
    """Print who held each seat beside who would have, the shares, and what is not known."""
    rounds, differing = len(comparison.seats), len(comparison.differing)
    console.print(f"{rounds} rounds as {comparison.validator} reported them", highlight=False)
    _print_seats(console, comparison)
    _print_shares(console, comparison)
    for one in comparison.shortened:
        console.print(
            f"competition {one.competition}: {one.batches} of a round's {one.scored} batches make the other task mix; "
            "a whole round of it would give more evidence",
            highlight=False,
        )
    unknown = sum(bool(one.unknown) for one in comparison.seats)
    if unknown:
        console.print(
            f"{unknown} of {rounds} rounds would need losses that no report holds: seats and shares there are what the "
            "others give, and a champion without losses stays for want of evidence",
            style="bold yellow",
            highlight=False,
        )
    gaps = [(one.sync, gap) for one in comparison.seats for gap in one.unknown]
    for sync, gap in gaps[:_MOST_NOTES]:
        console.print(f"round {sync}: {escape(str(gap))}", highlight=False, soft_wrap=True)
    if len(gaps) > _MOST_NOTES:
        console.print(f"... and {len(gaps) - _MOST_NOTES} more; --json lists all", highlight=False)
    text = f"by the rules they were played by, {rounds - differing} of {rounds} rounds come out as recorded"
    if differing:
        text += (
            f"; the first that does not is {comparison.differing[0]}: earlier reports are missing, or other code judged"
        )
    console.print(text, style="bold red" if differing else "green", highlight=False)


def _print_seats(console: Console, comparison: Comparison) -> None:
    """One row for rounds running with the same two champions."""
    table = Table(title="who held the seat, and who would have", title_justify="left")
    for heading in ("competition", "after rounds", "champion", "would be", "unknown"):
        table.add_column(heading, justify="right" if heading == "unknown" else "left")
    ordered = sorted(comparison.seats, key=lambda one: (one.competition, one.sync))
    for (competition, recorded, replayed), group in groupby(
        ordered, key=lambda one: (one.competition, one.recorded, one.replayed)
    ):
        rounds = list(group)
        same = recorded == replayed
        other = "the same" if same else _name(replayed, comparison)
        style = None if same else "bold"
        table.add_row(
            str(competition), _span(rounds), _name(recorded, comparison), other, _unknown(rounds), style=style
        )
    console.print(table)


def _span(rounds: Sequence[SeatAfter]) -> str:
    first, last = rounds[0].sync, rounds[-1].sync
    return str(first) if first == last else f"{first} to {last}"


def _unknown(rounds: Sequence[SeatAfter]) -> str:
    """In how many of the rounds the rules tried lack losses."""
    count = sum(bool(one.unknown) for one in rounds)
    return f"{count} of {len(rounds)}" if count else ""


def _print_shares(console: Console, comparison: Comparison) -> None:
    table = Table(title="share of the reward, by hotkey", title_justify="left")
    table.add_column("hotkey")
    for heading in ("earned", "would earn", "change"):
        table.add_column(heading, justify="right")
    for hotkey, share in sorted(comparison.shares.items(), key=lambda pair: (-pair[1].recorded, -pair[1].replayed)):
        change = share.replayed - share.recorded
        shown = f"{change:+.1%}" if abs(change) > 1e-9 else ""
        table.add_row(_hotkey(hotkey, comparison), f"{share.recorded:.1%}", f"{share.replayed:.1%}", shown)
    console.print(table)


def _name(key: str, comparison: Comparison) -> str:
    """What a champion's key is shown as."""
    return "the reference" if key == REFERENCE else _hotkey(key.rpartition("@")[0], comparison)


def _hotkey(hotkey: str, comparison: Comparison) -> str:
    """The first letters of the hotkey, and what it submitted last; strangers wrote both."""
    repository = comparison.repositories.get(hotkey, "")
    note = "the owner, burnt" if hotkey == comparison.owner and not repository else repository
    return escape(f"{hotkey[:8]} {note}".strip())
