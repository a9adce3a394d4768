"""The head-to-head matrix: what each would do against each, if that one held the seat."""

from collections.abc import Sequence
from dataclasses import dataclass

from competitions.dethroning import dethrones
from competitions.duel import Tally
from competitions.season import Entrant
from finetune.board.names import Names
from finetune.board.rounds import Round, season_of
from finetune.board.standings import Standing

SHOWN = 16  # entrants in the matrix: a page's width


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The duel of a challenger with another as champion; `takes_seat` says whether it would be enough."""

    tally: Tally
    takes_seat: bool


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Entrants in the order of the standings; `cells[i][j]` is i's duel with j as champion, None where they never met.

    Counted over the season of the round at `sync`, with the champion's advantage as of that block.
    """

    sync: int
    keys: tuple[str, ...]
    names: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]
    left_out: int


def matrix(rounds: Sequence[Round], rows: Sequence[Standing], names: Names) -> Matrix | None:
    """The matrix of the first `SHOWN` standings that were scored this season; None before the first round."""
    if not rounds:
        return None
    season, newest = season_of(rounds), rounds[-1]
    met = {key for losses in season.rounds.values() for key in losses}
    scored = [Entrant(block=row.block, key=row.key) for row in rows if row.key in met]
    shown = scored[:SHOWN]

    def cell(challenger: Entrant, champion: Entrant) -> Cell | None:
        if challenger == champion:
            return None
        tally = season.duel(champion, challenger, newest.competition, newest.sync)
        return Cell(tally=tally, takes_seat=dethrones(tally, newest.competition)) if tally.batches else None

    return Matrix(
        sync=newest.sync,
        keys=tuple(one.key for one in shown),
        names=tuple(names.entrant(one.key) for one in shown),
        cells=tuple(tuple(cell(one, other) for other in shown) for one in shown),
        left_out=len(scored) - len(shown),
    )
