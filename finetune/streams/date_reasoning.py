"""Date reasoning: days between dates, dates after a while, weekdays, schedules, hours across midnight, leap years.

A generated stream: it reads nothing. Dates are those of the proleptic Gregorian calendar, whatever the year. The draw
counts with `datetime.date`, the checker with the calendar of `dates`. With the default options a question and its
reference take about 115 bytes, at most about 200.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from finetune.streams import dates
from finetune.streams.date_questions import ORDINALS, QUESTIONS, answered, document
from finetune.streams.draws import Draws
from finetune.streams.options import whole_number
from finetune.streams.sample import AnySample, Message, Sample
from finetune.streams.wordings import only_message, readings


@dataclass(frozen=True, kw_only=True)
class DateReasoning:
    """Draws dates from `earliest_year` to `latest_year`, 20 years later at least, and spans of at most `most_days`.

    With the defaults there are 146,097 dates, and about 58 million truths of the kind that has fewest.
    """

    earliest_year: int = 1800
    latest_year: int = 2199
    most_days: int = 400

    def __post_init__(self) -> None:
        # Within these, no date that is asked for has a year of less or more than four digits.
        whole_number("date_reasoning", "earliest_year", self.earliest_year, least=1100, most=9780)
        whole_number("date_reasoning", "latest_year", self.latest_year, least=self.earliest_year + 20, most=9800)
        whole_number("date_reasoning", "most_days", self.most_days, least=30, most=30_000)

    def draw(self, seed: bytes) -> Sample:
        """The sample of one 32-byte seed. The same values asked for in other words or forms are one document."""
        draws = Draws(seed)
        kind = draws.choice(tuple(QUESTIONS))
        values, answer = _KINDS[kind](self, draws)
        form = draws.choice(dates.FORMS)
        said = {name: _shown(value, form) for name, value in values.items()}
        question = draws.choice(QUESTIONS[kind]).say(**said)
        messages = (Message(role="user", content=question),)
        named = document(kind, {name: _shown(value, dates.FORMS[-1]) for name, value in values.items()})
        return Sample(messages=messages, reference=_shown(answer, form), document=named)

    def day(self, draws: Draws) -> date:
        """Any date of these years."""
        first = date(self.earliest_year, 1, 1).toordinal()
        return date.fromordinal(first + draws.below(date(self.latest_year, 12, 31).toordinal() - first + 1))

    def span(self, draws: Draws) -> int:
        """A number of days from 2 on: no wording needs a singular."""
        return 2 + draws.below(self.most_days - 1)


def is_true(sample: AnySample) -> bool:
    """Whether the reference is what the sample's own question asks for, by counting days; a false premise is untrue."""
    if not isinstance(sample, Sample):
        return False
    question = only_message(sample.messages) or ""
    found = [(kind, reading) for kind, known in QUESTIONS.items() for reading in readings(known, question)]
    if len(found) != 1:
        return False
    ((kind, reading),) = found
    try:
        return (sample.reference, sample.document) == answered(kind, reading)
    except ValueError:
        return False


_Value = date | int | str
_Drawn = tuple[dict[str, _Value], _Value]


def _shown(value: _Value, form: str) -> str:
    return dates.show((value.year, value.month, value.day), form) if isinstance(value, date) else str(value)


def _between(stream: DateReasoning, draws: Draws) -> _Drawn:
    start, days = stream.day(draws), stream.span(draws)
    return {"start": start, "end": start + timedelta(days)}, days


def _shift(stream: DateReasoning, draws: Draws) -> _Drawn:
    start, days, side = stream.day(draws), stream.span(draws), draws.choice(("after", "before"))
    # One in two is a number of weeks, of two or more.
    weeks = days // 7 if draws.below(2) and days >= 14 else 0
    moved = timedelta(7 * weeks if weeks else days)
    values: dict[str, _Value] = {"start": start, "side": side, "count": weeks or days}
    values["unit"] = "weeks" if weeks else "days"
    return values, start + moved if side == "after" else start - moved


def _weekday(stream: DateReasoning, draws: Draws) -> _Drawn:
    start, moved = stream.day(draws), timedelta(stream.span(draws))
    end = start + moved if draws.below(2) else start - moved
    return {"start": start, "weekday": dates.WEEKDAYS[start.weekday()], "end": end}, dates.WEEKDAYS[end.weekday()]


def _schedule(stream: DateReasoning, draws: Draws) -> _Drawn:
    start, days, step, place = stream.day(draws), stream.span(draws), 3 + draws.below(38), draws.below(5)
    values: dict[str, _Value] = {"start": start, "count": step, "ordinal": ORDINALS[place]}
    values["end"] = start + timedelta(days)
    return values, start + timedelta((days // step + 1 + place) * step)


def _arrival(_: DateReasoning, draws: Draws) -> _Drawn:
    clock, pause = draws.below(24 * 60), 5 + draws.below(51)
    hours, minutes, more_hours, more_minutes = (2 + draws.below(most - 1) for most in (11, 59, 11, 59))
    values: dict[str, _Value] = {"clock": _clock(clock), "pause": pause, "hours": hours, "minutes": minutes}
    values |= {"more_hours": more_hours, "more_minutes": more_minutes}
    return values, _clock(clock + 60 * (hours + more_hours) + minutes + pause + more_minutes)


def _duration(stream: DateReasoning, draws: Draws) -> _Drawn:
    start, nights, clock, last = stream.day(draws), 1 + draws.below(3), draws.below(24 * 60), draws.below(24 * 60)
    values: dict[str, _Value] = {"start": start, "end": start + timedelta(nights)}
    values |= {"clock": _clock(clock), "last_clock": _clock(last)}
    hours, minutes = divmod(nights * 24 * 60 + last - clock, 60)
    return values, f"{hours} h {minutes} min"


def _leap_years(stream: DateReasoning, draws: Draws) -> _Drawn:
    years: dict[int, None] = {}
    while len(years) < 5:
        year = stream.day(draws).year
        # Of years as they come, three in four are plainly none, and of the full hundreds there are too few.
        rounded = year - year % draws.choice((1, 2, 4, 4, 100))
        years[max(rounded, stream.earliest_year)] = None
    leap = [str(year) for year in years if _has_leap_day(year)]
    return {"years": ", ".join(map(str, years))}, ", ".join(leap) or "none"


def _leap_days(stream: DateReasoning, draws: Draws) -> _Drawn:
    start = stream.day(draws)
    end = start + timedelta(1 + draws.below(20_000))
    days = (date(year, 2, 29) for year in range(start.year, end.year + 1) if _has_leap_day(year))
    return {"start": start, "end": end}, sum(start < day < end for day in days)


def _has_leap_day(year: int) -> bool:
    return (date(year, 3, 1) - date(year, 2, 28)).days == 2


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


_KINDS: Mapping[str, Callable[[DateReasoning, Draws], _Drawn]] = {
    "between": _between,
    "shift": _shift,
    "weekday": _weekday,
    "schedule": _schedule,
    "arrival": _arrival,
    "duration": _duration,
    "leap years": _leap_years,
    "leap days": _leap_days,
}
