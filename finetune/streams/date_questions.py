"""Questions about dates and times, and what answers them, by counting. They know no draw and no `datetime`."""

from collections.abc import Callable, Mapping, Sequence

from finetune.streams import dates
from finetune.streams.wordings import Wording, wordings

ORDINALS = ("first", "second", "third", "fourth", "fifth")
_TIME = "[0-2][0-9]:[0-5][0-9]"
_NUMBER = "[1-9][0-9]{0,5}"
_FIELDS = {
    **dict.fromkeys(("start", "end"), dates.DATE),
    **dict.fromkeys(("clock", "last_clock"), _TIME),
    **dict.fromkeys(("count", "hours", "minutes", "more_hours", "more_minutes", "pause"), _NUMBER),
    "years": "[0-9]{4}(?:, [0-9]{4}){1,9}",
    "weekday": "|".join(dates.WEEKDAYS),
    "unit": "days|weeks",
    "side": "after|before",
    "ordinal": "|".join(ORDINALS),
}
# What can be asked, each in several wordings.
QUESTIONS: Mapping[str, Sequence[Wording]] = {
    "between": wordings(
        _FIELDS,
        "How many days after {start} is {end}?",
        "{end} comes a number of days after {start}. Which number?",
        "Count the days from {start} to {end}, leaving out the first of them and counting the last.",
        "A parcel was sent on {start} and came on {end}. How many days later was that?",
    ),
    "shift": wordings(
        _FIELDS,
        "Which date is {count} {unit} {side} {start}? Write it in the same form.",
        "Give the date {count} {unit} {side} {start}, written in the same way.",
        "A ship was due on {start} and came in {count} {unit} {side} that. On which date? Use the same form.",
        "Take {start} and find the day {count} {unit} {side} it. Write that date as this one is written.",
    ),
    "weekday": wordings(
        _FIELDS,
        "{start} is a {weekday}. Which day of the week is {end}?",
        "Given that {start} falls on a {weekday}, on which weekday does {end} fall?",
        "A diary begins on {start}, a {weekday}, and has an entry on {end}. What day of the week is that entry from?",
        "If you know that {start} is a {weekday}, what weekday is {end}?",
    ),
    "schedule": wordings(
        _FIELDS,
        "A filter is changed every {count} days, beginning on {start}. On which date is it changed for the {ordinal} "
        "time after {end}? Write the date in the same form.",
        "The club meets every {count} days, and met first on {start}. Give the date of its {ordinal} meeting after "
        "{end}, written in the same way.",
        "From {start} on, a boat calls at the island every {count} days. When does it call for the {ordinal} time "
        "after {end}? Use the same form of date.",
        "Starting on {start}, Ida waters the ferns every {count} days. Which is the {ordinal} watering day after "
        "{end}? Write it like the dates here.",
    ),
    "arrival": wordings(
        _FIELDS,
        "A train leaves at {clock}, runs for {hours} hours and {minutes} minutes, waits for {pause} minutes and runs "
        "for {more_hours} hours and {more_minutes} minutes more. At what time of day does it arrive?",
        "Setting out at {clock}, Leo walks {hours} h {minutes} min, rests {pause} min and walks another {more_hours} h "
        "{more_minutes} min. What does the clock show when he is there?",
        "An oven is lit at {clock}. It burns for {hours} hours and {minutes} minutes, goes out for {pause} minutes, "
        "then burns for {more_hours} hours and {more_minutes} minutes. At what time does it stop for good?",
        "Clock at the start: {clock}. First part: {hours} h {minutes} min. Break: {pause} min. Second part: "
        "{more_hours} h {more_minutes} min. Clock at the end?",
    ),
    "duration": wordings(
        _FIELDS,
        "A watch lasts from {clock} on {start} to {last_clock} on {end}. How long is that? Answer like 5 h 30 min.",
        "It began to rain at {clock} on {start} and stopped at {last_clock} on {end}. How long did it rain, in the "
        "form 5 h 30 min?",
        "From {clock} on {start} until {last_clock} on {end}: how many hours and minutes? Write them like 5 h 30 min.",
        "The lift broke at {clock} on {start} and ran again at {last_clock} on {end}. For how long did it stand still? "
        "Reply as in 5 h 30 min.",
    ),
    "leap years": wordings(
        _FIELDS,
        "Which of the years {years} are leap years? Keep their order; if there are none, say none.",
        "Years: {years}. List those with a 29 February, in this order, or say none.",
        "Out of {years}, name in order the years of 366 days, or reply none.",
        "Go through {years} and keep only the leap years, in order; answer none if nothing is left.",
    ),
    "leap days": wordings(
        _FIELDS,
        "How many times does 29 February occur after {start} and before {end}?",
        "How many leap days lie strictly between {start} and {end}?",
        "Somebody was away from {start} to {end}. How many 29ths of February passed between those two days?",
        "Count the 29ths of February that come later than {start} and earlier than {end}.",
    ),
}


def document(kind: str, values: Mapping[str, str]) -> str:
    """The values by name, with dates as 1850-03-14."""
    return " ".join((kind, *(values[name] for name in sorted(values))))


def answered(kind: str, reading: Mapping[str, str]) -> tuple[str, str]:
    """The answer to a question as it was read, and its document. Raises `ValueError` if it makes no sense."""
    found = {name: dates.read_date(reading[name]) for name in ("start", "end") if name in reading}
    if len({form for form, _ in found.values()}) > 1:
        raise ValueError("the dates have different forms")
    days = {name: dates.day_number(day) for name, (_, day) in found.items()}
    answer = _ANSWERS[kind](reading, days.get("start", 0), days.get("end", 0))
    if isinstance(answer, int):
        answer = dates.show(dates.date_of(answer), found["start"][0])
    plain = {name: dates.show(day, dates.FORMS[-1]) for name, (_, day) in found.items()}
    return answer, document(kind, {**reading, **plain})


# What is asked of a reading and its two dates, as day numbers. An answer that is a number is itself the day number of a
# date.


def _days_between(_: Mapping[str, str], start: int, end: int) -> str:
    if end <= start:
        raise ValueError("the dates are the wrong way round")
    return str(end - start)


def _day_shifted(reading: Mapping[str, str], start: int, _: int) -> int:
    days = int(reading["count"]) * (7 if reading["unit"] == "weeks" else 1)
    return start + days if reading["side"] == "after" else start - days


def _weekday_of(reading: Mapping[str, str], start: int, end: int) -> str:
    if dates.weekday(start) != reading["weekday"]:
        raise ValueError("the first date is another weekday")
    return dates.weekday(end)


def _day_scheduled(reading: Mapping[str, str], start: int, end: int) -> int:
    step, wanted = int(reading["count"]), ORDINALS.index(reading["ordinal"]) + 1
    later = [day for day in range(start, end + step * wanted + 1, step) if day > end]
    return later[wanted - 1]


def _time_of_arrival(reading: Mapping[str, str], _: int, __: int) -> str:
    hour, minute = _time(reading["clock"])
    for leg in ("minutes", "pause", "more_minutes"):
        minute += int(reading[leg])
    hour += int(reading["hours"]) + int(reading["more_hours"]) + minute // 60
    return f"{hour % 24:02}:{minute % 60:02}"


def _time_between(reading: Mapping[str, str], start: int, end: int) -> str:
    (hour, minute), (last_hour, last_minute) = _time(reading["clock"]), _time(reading["last_clock"])
    hours, minutes = 24 * (end - start) + last_hour - hour, last_minute - minute
    if minutes < 0:
        hours, minutes = hours - 1, minutes + 60
    if hours < 0:
        raise ValueError("it ends before it begins")
    return f"{hours} h {minutes} min"


def _years_of_366_days(reading: Mapping[str, str], _: int, __: int) -> str:
    years = reading["years"].split(", ")
    if len(set(years)) < len(years):
        raise ValueError("a year is named twice")
    return ", ".join(year for year in years if dates.is_leap(int(year))) or "none"


def _leap_days_between(_: Mapping[str, str], start: int, end: int) -> str:
    if end <= start:
        raise ValueError("the dates are the wrong way round")
    first, last = dates.date_of(start)[0], dates.date_of(end)[0]
    leap_days = (dates.day_number((year, 2, 29)) for year in range(first, last + 1) if dates.is_leap(year))
    return str(sum(start < day < end for day in leap_days))


def _time(text: str) -> tuple[int, int]:
    hour, minute = map(int, text.split(":"))
    if hour > 23:
        raise ValueError(f"{text} is no time of day")
    return hour, minute


_ANSWERS: Mapping[str, Callable[[Mapping[str, str], int, int], str | int]] = {
    "between": _days_between,
    "shift": _day_shifted,
    "weekday": _weekday_of,
    "schedule": _day_scheduled,
    "arrival": _time_of_arrival,
    "duration": _time_between,
    "leap years": _years_of_366_days,
    "leap days": _leap_days_between,
}
