"""Preference pairs: a request, a reply that does what it asks, and one that looks the same and does not.

A generated stream: it reads nothing. What is wrong with the worse reply can be seen from the request alone: a wrong
number or order, another form than the one asked for, a fact changed, a reply to somebody else's request. Both replies
have the same wording and, on average, the same length: no reply looks worse by itself. With the default options a
request and a reply take about 135 bytes, at most about 220.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from finetune.streams.draws import Draws
from finetune.streams.names import people, person, place
from finetune.streams.options import whole_number
from finetune.streams.preference_requests import (
    DAYS,
    DISHES,
    EVENTS,
    FOODS,
    FORMS,
    HOURS,
    JUDGES,
    MEALS,
    MEASURES,
    NOTES,
    NUMBERS,
    ORDERS,
    REQUESTS,
    ROOMS,
    STARTS,
    THINGS,
    document,
)
from finetune.streams.sample import AnySample, Message, PreferenceSample
from finetune.streams.wordings import is_text, only_message, readings

# A request's fields, and the better and the worse reply.
_Drawn = tuple[dict[str, str], str, str]


@dataclass(frozen=True, kw_only=True)
class PreferencePairs:
    """Draws numbers up to `largest_number`, and lists of `min_items` to `max_items` entries.

    Every request names one or more of 23,040 invented people, and its numbers, words or facts have 10,000 ways or more.
    """

    largest_number: int = 99
    min_items: int = 3
    max_items: int = 5

    def __post_init__(self) -> None:
        whole_number("preference_pairs", "largest_number", self.largest_number, least=20, most=9999)
        whole_number("preference_pairs", "min_items", self.min_items, least=3, most=12)
        whole_number("preference_pairs", "max_items", self.max_items, least=self.min_items, most=12)

    def draw(self, seed: bytes) -> PreferenceSample:
        """The sample of one 32-byte seed. The same request in other words is one document."""
        draws = Draws(seed)
        kind = draws.choice(tuple(_KINDS))
        fields, chosen, rejected = _KINDS[kind](self, draws)
        asked = _ASKED_AS.get(kind, kind)
        request = draws.choice(REQUESTS[asked]).say(**fields)
        messages = (Message(role="user", content=request),)
        return PreferenceSample(messages=messages, chosen=chosen, rejected=rejected, document=document(asked, fields))

    def items(self, draws: Draws) -> int:
        """How long a list is."""
        return self.min_items + draws.below(self.max_items - self.min_items + 1)

    def number(self, draws: Draws) -> int:
        """A number of two digits at least."""
        return 12 + draws.below(self.largest_number - 11)


def is_true(sample: AnySample) -> bool:
    """Whether the chosen reply does what the sample's own request asks, and the rejected one, a reply too, does not."""
    if not isinstance(sample, PreferenceSample) or not is_text(sample.chosen) or not is_text(sample.rejected):
        return False
    request = only_message(sample.messages) or ""
    found = [(kind, fields) for kind, known in REQUESTS.items() for fields in readings(known, request)]
    if len(found) != 1:
        return False
    ((kind, fields),) = found
    judged = [JUDGES[kind](fields, reply) for reply in (sample.chosen, sample.rejected)]
    return judged == [True, False] and sample.document == document(kind, fields)


def _product(stream: PreferencePairs, draws: Draws) -> _Drawn:
    count, more = stream.number(draws), stream.number(draws)
    return _numbers(draws, count, more, count * more)


def _sum(stream: PreferencePairs, draws: Draws) -> _Drawn:
    count, more = stream.number(draws), stream.number(draws)
    return _numbers(draws, count, more, count + more)


def _difference(stream: PreferencePairs, draws: Draws) -> _Drawn:
    more, left = stream.number(draws), stream.number(draws)
    return _numbers(draws, more + left, more, left)


def _numbers(draws: Draws, count: int, more: int, right: int) -> _Drawn:
    """A question whose answer is `right`, of 12 or more; the wrong one is as many digits long."""
    fields = {"name": person(draws), "things": draws.choice(THINGS), "count": str(count), "more": str(more)}
    off = draws.choice((1, 2, 3, 10, 11, 20)) * draws.choice((1, -1))
    wrong = right + off
    if wrong < 0 or len(str(wrong)) != len(str(right)):
        wrong = right - off
    said = draws.choice(NUMBERS)
    return fields, said.say(**fields, number=right), said.say(**fields, number=wrong)


def _order(stream: PreferencePairs, draws: Draws) -> _Drawn:
    measure, ends = draws.choice(tuple(MEASURES.items()))
    names = people(draws, stream.items(draws))
    figures: dict[int, str] = {}
    for name in names:
        figure = 12 + draws.below(88)
        while figure in figures:
            figure = 12 + draws.below(88)
        figures[figure] = name
    end = draws.below(2)
    right = [figures[figure] for figure in sorted(figures, reverse=bool(end))]
    wrong = list(right)
    one, other = draws.distinct(range(len(right)), 2)
    wrong[one], wrong[other] = right[other], right[one]
    said = draws.choice(ORDERS)
    listed = ", ".join(f"{name} {figure}" for figure, name in figures.items())
    fields = {"measure": measure, "first": ends[end], "figures": listed}
    return fields, said.say(names=", ".join(right)), said.say(names=", ".join(wrong))


def _form(stream: PreferencePairs, draws: Draws) -> _Drawn:
    names = people(draws, stream.items(draws))
    form, other = draws.distinct(tuple(FORMS), 2)
    return {"names": ", ".join(names), "form": form}, FORMS[form](names), FORMS[other](names)


def _start(_: PreferencePairs, draws: Draws) -> _Drawn:
    start, other = draws.distinct(tuple(STARTS), 2)
    things = draws.choice(THINGS)
    fields = {"name": person(draws), "town": place(draws), "things": things}
    good, bad = (STARTS[one].say(**fields, Things=things.title()) for one in (start, other))
    return {**fields, "start": start}, good, bad


def _note(_: PreferencePairs, draws: Draws) -> _Drawn:
    """One of the facts is changed."""
    fact = draws.choice(("event", "day", "hour", "room"))
    fields, other = _two_events(draws)
    said = draws.choice(NOTES)
    return fields, said.say(**fields), said.say(**{**fields, fact: other[fact]})


def _other_note(_: PreferencePairs, draws: Draws) -> _Drawn:
    """The worse reply is the reply to another request."""
    fields, other = _two_events(draws)
    said = draws.choice(NOTES)
    return fields, said.say(**fields), said.say(**other)


def _two_events(draws: Draws) -> tuple[dict[str, str], dict[str, str]]:
    """Two events that have nothing in common."""
    lists = (people(draws, 2), *(draws.distinct(words, 2) for words in (EVENTS, DAYS, HOURS, ROOMS)))
    one, other = (
        dict(zip(("name", "event", "day", "hour", "room"), facts, strict=True)) for facts in zip(*lists, strict=True)
    )
    return one, other


def _meal(stream: PreferencePairs, draws: Draws) -> _Drawn:
    """Of all dishes, one has neither of two foods in it."""
    count = stream.items(draws)
    dishes = draws.distinct(DISHES, count)
    food, other_food, liked = draws.distinct(FOODS, 3)
    at = draws.below(count)
    menu = [f"{dish} with {draws.choice((food, other_food)) if dish != dishes[at] else liked}" for dish in dishes]
    fields = {"name": person(draws), "food": food, "other_food": other_food, "menu": ", ".join(menu)}
    wrong = dishes[at - 1 - draws.below(count - 1)]
    said = draws.choice(MEALS)
    return fields, said.say(dish=dishes[at]), said.say(dish=wrong)


_KINDS: Mapping[str, Callable[[PreferencePairs, Draws], _Drawn]] = {
    "product": _product,
    "sum": _sum,
    "difference": _difference,
    "order": _order,
    "form": _form,
    "start": _start,
    "note": _note,
    "other note": _other_note,
    "meal": _meal,
}
_ASKED_AS = {"other note": "note"}
