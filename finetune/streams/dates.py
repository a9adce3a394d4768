"""Dates as text, in forms that cannot be misread, and a calendar that counts: what a reader needs who has no other.

A date is (year, month, day) of the proleptic Gregorian calendar, whatever the year. Nothing depends on the locale.
"""

import re
from collections.abc import Mapping

Date = tuple[int, int, int]

_MONTHS = "January February March April May June July August September October November December"
MONTHS = tuple(_MONTHS.split())
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
WEEKDAYS = tuple(_WEEKDAYS.split())
_NAME = "|".join(MONTHS)
_SHORT_NAME = "|".join(month[:3] for month in MONTHS)
_YEAR = "[1-9][0-9]{3}"
_DAY = "[1-9][0-9]?"
# The expression of each form; its groups are named y, m and d. No date has two forms, not even in May.
_FORMS: Mapping[str, re.Pattern[str]] = {
    "{day} {month} {year}": re.compile(f"(?P<d>{_DAY}) (?P<m>{_NAME}) (?P<y>{_YEAR})"),
    "{month} {day}, {year}": re.compile(f"(?P<m>{_NAME}) (?P<d>{_DAY}), (?P<y>{_YEAR})"),
    "{day}-{short}-{year}": re.compile(f"(?P<d>{_DAY})-(?P<m>{_SHORT_NAME})-(?P<y>{_YEAR})"),
    "{year}-{number:02}-{day:02}": re.compile(f"(?P<y>{_YEAR})-(?P<m>[0-9]{{2}})-(?P<d>[0-9]{{2}})"),
}
FORMS = tuple(_FORMS)
# What a date looks like in any form.
DATE = "[A-Za-z0-9]{1,9}(?: [A-Za-z0-9,]{1,9} [0-9]{4}|-[A-Za-z0-9]{2,3}-[0-9]{2,4})"


def show(day: Date, form: str) -> str:
    """The date in one of `FORMS`, such as "14 March 1850", "March 14, 1850", "14-Mar-1850" or "1850-03-14"."""
    year, number, of_month = day
    month = MONTHS[number - 1]
    return form.format(year=year, month=month, short=month[:3], number=number, day=of_month)


def read_date(text: str) -> tuple[str, Date]:
    """The form and the date that `text` is. Raises `ValueError` if it is none: there is no 30 February."""
    for form, pattern in _FORMS.items():
        found = pattern.fullmatch(text)
        if found:
            name = found["m"]
            month = int(name) if name.isdigit() else [m[: len(name)] for m in MONTHS].index(name) + 1
            day = int(found["y"]), month, int(found["d"])
            if 1 <= month <= 12 and 1 <= day[2] <= days_in_month(day[0], month):
                return form, day
    raise ValueError(f"{text!r:.40} is no date")


def is_leap(year: int) -> bool:
    """Whether `year` has a 29 February: every fourth year, of the full hundreds only every fourth."""
    return year % 400 == 0 if year % 100 == 0 else year % 4 == 0


def days_in_month(year: int, month: int) -> int:
    """How many days the month has, 1 being January."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def day_number(day: Date) -> int:
    """How many days have passed since 31 December of the year 0: 1 January of the year 1 has the number 1."""
    year, month, of_month = day
    before = year - 1
    leap_days = before // 4 - before // 100 + before // 400
    return 365 * before + leap_days + sum(days_in_month(year, m) for m in range(1, month)) + of_month


def date_of(number: int) -> Date:
    """The date of a day number of 1 or more: the inverse of `day_number`."""
    year = number // 366 + 1
    while day_number((year + 1, 1, 1)) <= number:
        year += 1
    rest = number - day_number((year, 1, 1))
    month = 1
    while rest >= days_in_month(year, month):
        rest -= days_in_month(year, month)
        month += 1
    return year, month, rest + 1


def weekday(number: int) -> str:
    """The day of the week of a day number. 1 January of the year 1 was a Monday."""
    return WEEKDAYS[(number - 1) % 7]
