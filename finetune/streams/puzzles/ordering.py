"""Ordering puzzles: people compared with each other, such that the facts leave one order.

They are drawn by putting one person after the other into the order, each where the facts so far leave no doubt, and
solved by trying every order.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from finetune.streams.draws import Draws
from finetune.streams.names import PERSON, people
from finetune.streams.puzzles.puzzle import Puzzle, Solution
from finetune.streams.wordings import Wording

_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
MOST_PEOPLE = len(_PLACES)

Fields = Mapping[str, str]
# The wording of a fact, and whom it is about.
Fact = tuple[str, Fields]
# The people, from most to least.
Order = Sequence[str]


def _next(order: Order, name: str) -> str:
    return order[min(order.index(name) + 1, len(order) - 1)]


def _at(order: Order, place: str) -> str:
    return order[min(_PLACES.index(place), len(order) - 1)]


def _falling(order: Order, *names: str) -> bool:
    """Whether the names stand in the order as listed."""
    places = [order.index(name) for name in names]
    return places == sorted(places)


def _yes(true: bool) -> str:
    return "yes" if true else "no"


# Each fact's wording, in which capitals stand for a theme's words, and whether it holds in an order.
FACTS: Mapping[str, Callable[[Order, Fields], bool]] = {
    "{a} is MORE {b}": lambda order, f: _falling(order, f["a"], f["b"]),
    "{a} is LESS {b}": lambda order, f: _falling(order, f["b"], f["a"]),
    "{a} is MORE {b} but LESS {c}": lambda order, f: _falling(order, f["c"], f["a"], f["b"]),
    "{a} is LESS {b} but MORE {c}": lambda order, f: _falling(order, f["b"], f["a"], f["c"]),
    "{a} is MOST": lambda order, f: order[0] == f["a"],
    "{a} is LEAST": lambda order, f: order[-1] == f["a"],
    "{a} is HIGH": lambda order, f: _at(order, f["place"]) == f["a"],
    "{a} is LOW": lambda order, f: _at(order[::-1], f["place"]) == f["a"],
}
MORE, LESS, MORE_BUT_LESS, LESS_BUT_MORE, MOST, LEAST, HIGH, LOW = FACTS
# Each question's wording, and its answer in an order. The second of a pair asks from the other end.
QUESTIONS: Mapping[str, Callable[[Order, Fields], str]] = {
    "Who is MOST?": lambda order, _: order[0],
    "Who is LEAST?": lambda order, _: order[-1],
    "Who is HIGH?": lambda order, f: _at(order, f["place"]),
    "Who is LOW?": lambda order, f: _at(order[::-1], f["place"]),
    "From SCALE, who comes right after {a}?": lambda order, f: _next(order, f["a"]),
    "From SCALE, who comes right before {a}?": lambda order, f: _next(order[::-1], f["a"]),
    "How many of them are MORE {a}?": lambda order, f: str(order.index(f["a"])),
    "How many of them are LESS {a}?": lambda order, f: str(len(order) - 1 - order.index(f["a"])),
    "Is {a} MORE {b}?": lambda order, f: _yes(_falling(order, f["a"], f["b"])),
    "Is {a} LESS {b}?": lambda order, f: _yes(_falling(order, f["b"], f["a"])),
    "What is the order from SCALE?": lambda order, _: ", ".join(order),
    "How do they come, from SCALE?": lambda order, _: ", ".join(order),
}
# Those that a fact about a single person would answer at once.
_OF_ONE_PLACE = tuple(QUESTIONS)[:4]


@dataclass(frozen=True, kw_only=True)
class Theme:
    """What people are compared by: its words, and the wordings of facts and questions with these words."""

    scale: str
    facts: Mapping[str, Wording]
    questions: Mapping[str, Wording]


def _theme(more: str, less: str, most: str, least: str, high: str, low: str, scale: str) -> Theme:
    """A theme from its words; `high` and `low` count places from either end, where PLACE stands."""
    words = {"MORE": more, "LESS": less, "MOST": most, "LEAST": least, "HIGH": high, "LOW": low, "SCALE": scale}
    fields = {"a": PERSON, "b": PERSON, "c": PERSON, "place": "|".join(_PLACES)}

    def wording(text: str) -> Wording:
        for word, said in words.items():
            text = text.replace(word, said)
        return Wording(text.replace("PLACE", "{place}"), fields)

    return Theme(
        scale=scale,
        facts={text: wording(text) for text in FACTS},
        questions={text: wording(text) for text in QUESTIONS},
    )


def _adjective(more: str, less: str) -> Theme:
    """The theme of a comparative and its opposite, whose superlatives end in -est."""
    most, least = more.removesuffix("er") + "est", less.removesuffix("er") + "est"
    ends = f"the {most}", f"the {least}"
    return _theme(
        f"{more} than", f"{less} than", *ends, f"the PLACE {most}", f"the PLACE {least}", f"{most} to {least}"
    )


THEMES = (
    _adjective("older", "younger"),
    _adjective("taller", "shorter"),
    _adjective("faster", "slower"),
    _adjective("richer", "poorer"),
    _adjective("stronger", "weaker"),
    _adjective("heavier", "lighter"),
    _adjective("louder", "quieter"),
    _theme(
        "in front of",
        "behind",
        "at the front of the queue",
        "at the end of the queue",
        "the PLACE from the front of the queue",
        "the PLACE from the end of the queue",
        "the front of the queue to its end",
    ),
    _theme(
        "to the left of",
        "to the right of",
        "at the left end of the row",
        "at the right end of the row",
        "the PLACE from the left in the row",
        "the PLACE from the right in the row",
        "left to right",
    ),
    _theme(
        "above",
        "below",
        "on the top floor",
        "on the bottom floor",
        "on the PLACE floor from the top",
        "on the PLACE floor from the bottom",
        "the top floor to the bottom",
    ),
)


def draw(draws: Draws, size: int) -> Puzzle:
    """A puzzle about `size` people."""
    order = people(draws, size)
    theme = draws.choice(THEMES)
    asked, fields = _question(draws, order)
    facts = [
        theme.facts[text].say(**fact) for text, fact in _facts(draws, order, telling_places=asked not in _OF_ONE_PLACE)
    ]
    if draws.below(2):
        # By something that the question is not about.
        other = draws.choice([other for other in THEMES if other is not theme])
        a, b = draws.distinct(order, 2)
        facts.append(other.facts[draws.choice((MORE, LESS))].say(a=a, b=b))
    return Puzzle(
        facts=tuple(draws.distinct(facts, len(facts))),
        question=theme.questions[asked].say(**fields),
        solution=_solution(theme, order, QUESTIONS[asked](order, fields)),
    )


def _question(draws: Draws, order: Order) -> tuple[str, Fields]:
    asked = draws.choice(tuple(QUESTIONS))
    a, b = draws.distinct(order, 2)
    if "after" in asked:
        a = order[draws.below(len(order) - 1)]
    if "before" in asked:
        a = order[1 + draws.below(len(order) - 1)]
    return asked, {"a": a, "b": b, "place": draws.choice(_PLACES[1 : len(order) - 1])}


def _facts(draws: Draws, order: Order, *, telling_places: bool) -> list[Fact]:
    """Facts that leave this order alone; some tell one person's place, if they may."""
    facts: list[Fact] = []
    sequence = draws.distinct(range(len(order)), len(order))
    for i, place in enumerate(sequence[1:], start=1):
        above = max((other for other in sequence[:i] if other < place), default=None)
        below = min((other for other in sequence[:i] if other > place), default=None)
        # The first two are compared, so that everybody is named.
        if telling_places and i > 1 and draws.below(2):
            absolute = _place(draws, order, place, last=i == len(order) - 1)
            if absolute is not None:
                facts.append(absolute)
                continue
        higher = order[above] if above is not None else None
        lower = order[below] if below is not None else None
        facts += _between(draws, order[place], higher, lower)
    return facts


def _place(draws: Draws, order: Order, place: int, *, last: bool) -> Fact | None:
    """The fact that tells the place of a person: one at an end, or the last of all to be put into the order."""
    a, from_end = order[place], len(order) - 1 - place
    if place == 0:
        return MOST, {"a": a}
    if from_end == 0:
        return LEAST, {"a": a}
    # A number is sure to leave one order only where all others are compared already.
    if not last:
        return None
    return draws.choice(((HIGH, {"a": a, "place": _PLACES[place]}), (LOW, {"a": a, "place": _PLACES[from_end]})))


def _between(draws: Draws, a: str, higher: str | None, lower: str | None) -> list[Fact]:
    """Facts that put a person right between two neighbours, or beyond the only one."""
    facts: list[Fact] = []
    if higher is not None and lower is not None and draws.below(2):
        combined = (
            (MORE_BUT_LESS, {"a": a, "b": lower, "c": higher}),
            (LESS_BUT_MORE, {"a": a, "b": higher, "c": lower}),
        )
        return [draws.choice(combined)]
    if higher is not None:
        facts.append(draws.choice(((LESS, {"a": a, "b": higher}), (MORE, {"a": higher, "b": a}))))
    if lower is not None:
        facts.append(draws.choice(((MORE, {"a": a, "b": lower}), (LESS, {"a": lower, "b": a}))))
    return facts


def _solution(theme: Theme, order: Order, answer: str) -> Solution:
    finding = f"From {theme.scale}: {', '.join(order)}."
    return Solution(findings=(finding,), answer=answer, document=finding)


def solve(facts: Sequence[str], question: str) -> Solution | None:
    """What the facts and the question say, or None if they are no such puzzle or leave more or less than one order."""
    for theme in THEMES:
        for asked, wording in theme.questions.items():
            fields = wording.read(question)
            if fields is not None:
                return _solve(theme, facts, QUESTIONS[asked], fields)
    return None


def _solve(
    theme: Theme, facts: Sequence[str], answer: Callable[[Order, Fields], str], asked: Fields
) -> Solution | None:
    known: list[Fact] = []
    for fact in facts:
        readings = [(text, fields) for text, wording in theme.facts.items() if (fields := wording.read(fact))]
        if not readings and not _is_beside(theme, fact):
            return None
        known += readings
    names = _names(fields for _, fields in known)
    if not 2 <= len(names) <= MOST_PEOPLE or not _names([asked]) <= names:
        return None
    orders = [
        order for order in permutations(sorted(names)) if all(FACTS[text](order, fields) for text, fields in known)
    ]
    return _solution(theme, orders[0], answer(orders[0], asked)) if len(orders) == 1 else None


def _is_beside(theme: Theme, fact: str) -> bool:
    """Whether a fact compares by something that the question is not about."""
    return any(other.facts[text].read(fact) for other in THEMES if other is not theme for text in (MORE, LESS))


def _names(known: Iterable[Fields]) -> set[str]:
    return {name for fields in known for field, name in fields.items() if field in "abc"}
