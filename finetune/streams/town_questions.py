"""Questions about an invented town, and which options answer them. They know no draw."""

from collections.abc import Callable, Mapping, Sequence

from finetune.streams.towns import DEEDS, FIELDS, TRADES, Person, Town
from finetune.streams.wordings import Wording, wordings

_FIELDS = {**FIELDS, "end": "first|last"}
# What can be asked, each in several wordings. In the names of kinds, "of the one" is one step more.
QUESTIONS: Mapping[str, Sequence[Wording]] = {
    "trade": wordings(
        _FIELDS, "What was the trade of {name}?", "As what did {name} work?", "Which trade did {name} have?"
    ),
    "year": wordings(
        _FIELDS,
        "In which year did {name} come to {town}?",
        "Since when did {name} live in {town}?",
        "What year saw the arrival of {name}?",
    ),
    "by trade": wordings(
        _FIELDS, "Who {work} for a living?", "Which of these people {work}?", "Name the one who {work}."
    ),
    "by year": wordings(
        _FIELDS, "Who came to {town} in {year}?", "Whose arrival was in {year}?", "Who was new in {town} in {year}?"
    ),
    "doer": wordings(_FIELDS, "Who {deed} {other}?", "By whom was {other} {deed}?", "Name the one who {deed} {other}."),
    "done to": wordings(
        _FIELDS, "Who was {deed} by {name}?", "Name the one that {name} {deed}.", "Whom did {name} {do}?"
    ),
    "doer of the one": wordings(
        _FIELDS,
        "Who {first_deed} the one who {deed} {other}?",
        "By whom was the person {first_deed} who {deed} {other}?",
        "{other} was {deed} by somebody. Who {first_deed} that person?",
    ),
    "done to by trade": wordings(
        _FIELDS,
        "Who was {deed} by the {trade}?",
        "Whom did the {trade} {do}?",
        "Somebody who {work} for a living {deed} someone. Whom?",
    ),
    "trade of the one": wordings(
        _FIELDS,
        "What was the trade of the one who {deed} {other}?",
        "As what did the person work who {deed} {other}?",
        "{other} was {deed} by somebody of which trade?",
    ),
    "year of the one": wordings(
        _FIELDS,
        "In which year did the one who was {deed} by {name} come to {town}?",
        "{name} {deed} somebody. When did that person arrive?",
        "Since when did the person whom {name} {deed} live in {town}?",
    ),
    "not there": wordings(
        _FIELDS,
        "Which of these people did not live by the {quarter}?",
        "All of these but one lived by the {quarter}. Who did not?",
        "Who of these had a home that was not by the {quarter}?",
    ),
    "not before": wordings(
        _FIELDS,
        "Which of these people did not come before {year}?",
        "All but one of these were in {town} before {year}. Who was not?",
        "Whose arrival, of these, was not before {year}?",
    ),
    "end": wordings(
        _FIELDS,
        "Which of these people came to {town} {end}?",
        "Of these, who arrived {end}?",
        "Put these people in the order of their arrival. Who is {end}?",
    ),
    "next": wordings(
        _FIELDS,
        "Which of these people came next after {name}?",
        "Of these, who was the first to arrive later than {name}?",
        "After {name} came others. Who of these was the earliest among them?",
    ),
}


def answers(town: Town, kind: str, asked: Mapping[str, str], options: Sequence[str]) -> list[int]:
    """The indices of the options that answer a question of that kind with the fields `asked`.

    None does where the question or an option is about something that the passage does not name.
    """
    if asked.get("town", town.name) != town.name:
        return []
    try:
        return [i for i, option in enumerate(options) if _ANSWERS[kind](town, asked, option, options)]
    except KeyError:
        return []


def _did(person: Person, asked: Mapping[str, str]) -> bool:
    """Whether it is this person's deed that is asked about."""
    do = DEEDS[person.deed]
    return asked.get("deed", person.deed) == person.deed and asked.get("do", do) == do


def _has_trade(person: Person, asked: Mapping[str, str]) -> bool:
    work = TRADES[person.trade]
    return asked.get("trade", person.trade) == person.trade and asked.get("work", work) == work


def _answers_doer(town: Town, asked: Mapping[str, str], option: str, _: Sequence[str]) -> bool:
    return _did(town.person(option), asked) and town.person(option).other == asked["other"]


def _answers_done_to(town: Town, asked: Mapping[str, str], option: str, _: Sequence[str]) -> bool:
    return _did(town.person(asked["name"]), asked) and town.person(asked["name"]).other == option


def _answers_doer_of_the_one(town: Town, asked: Mapping[str, str], option: str, _: Sequence[str]) -> bool:
    person = town.person(option)
    return person.deed == asked["first_deed"] and _answers_doer(town, asked, person.other, ())


def _answers_done_to_by_trade(town: Town, asked: Mapping[str, str], option: str, _: Sequence[str]) -> bool:
    return any(_has_trade(one, asked) and _did(one, asked) and one.other == option for one in town.people)


def _answers_trade_of_the_one(town: Town, asked: Mapping[str, str], option: str, _: Sequence[str]) -> bool:
    return any(one.trade == option and _answers_doer(town, asked, one.name, ()) for one in town.people)


def _answers_year_of_the_one(town: Town, asked: Mapping[str, str], option: str, _: Sequence[str]) -> bool:
    person = town.person(asked["name"])
    return _did(person, asked) and town.person(person.other).year == option


def _answers_not_before(town: Town, asked: Mapping[str, str], option: str, _: Sequence[str]) -> bool:
    return town.year(option) >= int(asked["year"])


def _answers_end(town: Town, asked: Mapping[str, str], option: str, options: Sequence[str]) -> bool:
    years = [town.year(one) for one in options]
    return town.year(option) == (min(years) if asked["end"] == "first" else max(years))


def _answers_next(town: Town, asked: Mapping[str, str], option: str, options: Sequence[str]) -> bool:
    since = town.year(asked["name"])
    later = [town.year(one) for one in options if town.year(one) > since]
    return town.year(option) == min(later, default=0)


# Whether an option answers a question, by what the passage says. Raises `KeyError` for somebody it does not name.
_ANSWERS: Mapping[str, Callable[[Town, Mapping[str, str], str, Sequence[str]], bool]] = {
    "trade": lambda town, asked, option, _: town.person(asked["name"]).trade == option,
    "year": lambda town, asked, option, _: town.person(asked["name"]).year == option,
    "by trade": lambda town, asked, option, _: _has_trade(town.person(option), asked),
    "by year": lambda town, asked, option, _: town.person(option).year == asked["year"],
    "doer": _answers_doer,
    "done to": _answers_done_to,
    "doer of the one": _answers_doer_of_the_one,
    "done to by trade": _answers_done_to_by_trade,
    "trade of the one": _answers_trade_of_the_one,
    "year of the one": _answers_year_of_the_one,
    "not there": lambda town, asked, option, _: town.person(option).quarter != asked["quarter"],
    "not before": _answers_not_before,
    "end": _answers_end,
    "next": _answers_next,
}
