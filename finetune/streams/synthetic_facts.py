"""Synthetic facts: an invented passage about the people of a town, and a multiple-choice question about it.

A generated stream: it reads nothing. Nothing in it can be known beforehand, and every option stands in the passage: the
people twice each, their trades and years once each, so that what occurs or occurs most is no help. With the default
options passage, question and options take about 600 bytes, at most about 740.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.names import people, place
from finetune.streams.options import whole_number
from finetune.streams.sample import AnySample, ChoiceSample
from finetune.streams.town_questions import QUESTIONS, answers
from finetune.streams.towns import DEEDS, QUARTERS, TRADES, Person, Town, read_passage, write_passage
from finetune.streams.wordings import is_text, readings, wordings

_KINDS, _TRADES, _DEEDS = tuple(QUESTIONS), tuple(TRADES), tuple(DEEDS)
_PLACES = wordings(
    {"passage": "[^\n]+", "question": "[^\n]+"},
    "{passage}\n\n{question}",
    "{question}\n\n{passage}",
    "Read this passage.\n\n{passage}\n\n{question}",
    "{passage}\n\nGoing by the passage alone: {question}",
)


@dataclass(frozen=True, kw_only=True)
class SyntheticFacts:
    """Draws a town of a few more people than `options`, the number of options. A passage has one sentence a person.

    That is 6 to 8 sentences for 4 options. Five names of 23,040 alone are more than 10^21 choices.
    """

    options: int = 4

    def __post_init__(self) -> None:
        whole_number("synthetic_facts", "options", self.options, least=2, most=8)

    def draw(self, seed: bytes) -> ChoiceSample:
        """The sample of one 32-byte seed. All questions about the same town and people are one document."""
        draws = Draws(seed)
        kind = draws.choice(_KINDS)
        # In a circle every name comes up twice: once for what was done, once for what was suffered.
        circle = self._circle(draws, kind)
        town = Town(name=place(draws), people=tuple(circle))
        fields, right, others = _asked(draws, kind, circle, self.options)
        options = draws.distinct(others, self.options - 1)
        at = draws.below(self.options)
        options.insert(at, right)
        question = draws.choice(QUESTIONS[kind]).say(**{**fields, "town": town.name})
        text = draws.choice(_PLACES).say(passage=write_passage(draws, town), question=question)
        return ChoiceSample(question=text, options=tuple(options), right=at, document=town.document())

    def _circle(self, draws: Draws, kind: str) -> list[Person]:
        """People of whom each did something to the next, and the last to the first."""
        count = max(self.options, 3) + 1 + draws.below(2)
        names, trades = people(draws, count), draws.distinct(_TRADES, count)
        years: dict[str, None] = {}
        while len(years) < count:
            years[str(1700 + draws.below(200))] = None
        quarters = [draws.choice(QUARTERS) for _ in names]
        if kind == "not there":
            quarters = _mostly_in_one(draws, count, self.options - 1)
        return [
            Person(name=n, trade=t, year=y, quarter=q, deed=draws.choice(_DEEDS), other=other)
            for n, t, y, q, other in zip(names, trades, years, quarters, names[1:] + names[:1], strict=True)
        ]


def is_true(sample: AnySample) -> bool:
    """Whether, by what the sample's own passage says, the right option and no other answers the question."""
    if not isinstance(sample, ChoiceSample) or not is_text(sample.question) or not _are_options(sample):
        return False
    for reading in readings(_PLACES, sample.question):
        town = read_passage(reading["passage"])
        if town is None or not all(option in reading["passage"] for option in sample.options):
            continue
        found = [(kind, asked) for kind, known in QUESTIONS.items() for asked in readings(known, reading["question"])]
        if len(found) == 1:
            return sample.document == town.document() and answers(town, *found[0], sample.options) == [sample.right]
    return False


def _are_options(sample: ChoiceSample) -> bool:
    options = sample.options
    return (
        isinstance(options, tuple)
        and 2 <= len(options) <= 26
        and all(map(is_text, options))
        and len(set(options)) == len(options)
        and isinstance(sample.right, int)
    )


def _mostly_in_one(draws: Draws, count: int, least: int) -> list[str]:
    """Quarters of `count` people of whom at least `least`, but not all, live in the same one."""
    chosen, *others = draws.distinct(QUARTERS, len(QUARTERS))
    there = least + draws.below(count - least)
    quarters = [chosen] * there + [draws.choice(others) for _ in range(count - there)]
    return draws.distinct(quarters, count)


# Kinds that ask about somebody on the circle: how many places on from this person the right one stands, what is asked
# of that one, and how many places on somebody stands whom the question names: no option, being too plainly wrong.
_ON_THE_CIRCLE: Mapping[str, tuple[int, str, int | None]] = {
    "trade": (0, "trade", None),
    "year": (0, "year", None),
    "by trade": (0, "name", None),
    "by year": (0, "name", None),
    "doer": (0, "name", 1),
    "done to": (1, "name", 0),
    "doer of the one": (-1, "name", 1),
    "done to by trade": (1, "name", None),
    "trade of the one": (0, "trade", None),
    "year of the one": (1, "year", None),
}
# What a question's fields hold, the right option, and what the others are drawn from.
_Asked = tuple[dict[str, object], str, list[str]]


def _asked(draws: Draws, kind: str, circle: list[Person], count: int) -> _Asked:
    """A question of that kind with at least `count` options to draw from."""
    if kind not in _ON_THE_CIRCLE:
        return _COMPARISONS[kind](draws, circle, count)
    at = draws.below(len(circle))
    before, one = circle[at - 1], circle[at]
    places, attribute, named = _ON_THE_CIRCLE[kind]
    values = [str(getattr(person, attribute)) for person in circle[at:] + circle[:at]]
    right = values[places]
    others = [value for place, value in enumerate(values) if value != right and place != named]
    fields: dict[str, object] = {**vars(one), "first_deed": before.deed}
    fields |= {"do": DEEDS[one.deed], "work": TRADES[one.trade]}
    return fields, right, others


def _not_there(draws: Draws, circle: list[Person], _: int) -> _Asked:
    """Where most live in one quarter, it is asked for one who does not."""
    quarters = [person.quarter for person in circle]
    most = max(QUARTERS, key=quarters.count)
    elsewhere = [person.name for person in circle if person.quarter != most]
    there = [person.name for person in circle if person.quarter == most]
    return {"quarter": most}, draws.choice(elsewhere), there


def _not_before(draws: Draws, circle: list[Person], count: int) -> _Asked:
    order = sorted(circle, key=_year)
    at = count - 1 + draws.below(len(order) - count + 1)
    since = int(order[at - 1].year) + 1
    year = since + draws.below(int(order[at].year) - since + 1)
    return {"year": year}, order[at].name, [person.name for person in order[:at]]


def _end(draws: Draws, circle: list[Person], count: int) -> _Asked:
    order = sorted(draws.distinct(circle, count), key=_year)
    end = draws.choice(("first", "last"))
    right = order.pop(0 if end == "first" else -1)
    return {"end": end}, right.name, [person.name for person in order]


def _next(draws: Draws, circle: list[Person], _: int) -> _Asked:
    order = sorted(circle, key=_year)
    at = draws.below(len(order) - 1)
    others = [person.name for person in order[:at] + order[at + 2 :]]
    return {"name": order[at].name}, order[at + 1].name, others


def _year(person: Person) -> str:
    return person.year


_COMPARISONS: Mapping[str, Callable[[Draws, list[Person], int], _Asked]] = {
    "not there": _not_there,
    "not before": _not_before,
    "end": _end,
    "next": _next,
}
