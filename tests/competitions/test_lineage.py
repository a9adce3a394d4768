import pytest

from competitions.check import Invalid
from competitions.lineage import NEAR, Likeness, Lineage, lineage
from competitions.season import REFERENCE, Entrant


def likeness(distance: float) -> Likeness:
    return Likeness(distance=distance, median=distance, largest=1.5, identical=0.25)


def entrant(block: int, key: str = "") -> Entrant:
    return Entrant(block=block, key=key or f"5H@{block}")


def test_the_nearest_earlier_entrant_is_told_with_its_figures() -> None:
    found = lineage({entrant(1): likeness(0.3), entrant(2): likeness(0.1), entrant(3): likeness(0.2)})
    assert found == Lineage(nearest="5H@2", distance=0.1, median=0.1, largest=1.5, identical=0.25)


def test_of_equally_near_ones_the_reference_comes_first_then_the_earlier() -> None:
    twins = {entrant(2): likeness(0.1), entrant(1): likeness(0.1)}
    found = lineage(twins)
    assert found is not None
    assert found.nearest == "5H@1"
    found = lineage({**twins, entrant(9, REFERENCE): likeness(0.1)})
    assert found is not None
    assert found.nearest == REFERENCE


def test_without_anything_to_compare_there_is_no_lineage() -> None:
    assert lineage({}) is None


@pytest.mark.parametrize(("distance", "near"), [(0.0, True), (NEAR * 0.99, True), (NEAR, False), (0.05, False)])
def test_near_is_what_rounding_could_have_done(distance: float, near: bool) -> None:
    found = lineage({entrant(1): likeness(distance)})
    assert found is not None
    assert found.is_near == near


@pytest.mark.parametrize(
    "figures", [(-0.1, 0, 0, 0), (1.1, 0, 0, 0), (0, float("nan"), 0, 0), (0, 0, float("inf"), 0), (0, 0, 0, 2)]
)
def test_figures_that_cannot_be_are_refused(figures: tuple[float, float, float, float]) -> None:
    distance, median, largest, identical = figures
    with pytest.raises(Invalid):
        Likeness(distance=distance, median=median, largest=largest, identical=identical)
