"""What one key of a configuration may hold: kinds of rules, each with words for the miner. It knows no key by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a key may hold.

    `holds` says whether a value is allowed, `allowed` says the same in words. A `required` key must be there. Where
    the value is an object, `keys` has the rules of what is inside; keys without a rule are left out.
    """

    allowed: str
    holds: Callable[[Any], bool]
    required: bool = False
    keys: Mapping[str, "Rule"] | None = None


def is_off(value: Any) -> bool:
    """Whether a switch with this value asks for nothing: null, false or empty."""
    return value is None or value is False or value in ([], {}, "")


def flag() -> Rule:
    """True or false."""
    return Rule(allowed="true or false", holds=lambda value: isinstance(value, bool))


def whole(least: int, most: int) -> Rule:
    """A whole number, both ends included; 8.0 is none, as in the libraries."""
    return Rule(
        allowed=f"a whole number from {least:,} to {most:,}",
        holds=lambda value: type(value) is int and least <= value <= most,
    )


def number(least: float, most: float) -> Rule:
    """A finite number, both ends included."""
    return Rule(allowed=f"a number from {least:g} to {most:g}", holds=lambda value: _is_number(value, least, most))


def numbers(least: float, most: float, *, up_to: int) -> Rule:
    """A list of 1 to `up_to` numbers."""
    return Rule(
        allowed=f"a list of 1 to {up_to} numbers from {least:g} to {most:g}",
        holds=lambda value: (
            isinstance(value, list) and 1 <= len(value) <= up_to and all(_is_number(x, least, most) for x in value)
        ),
    )


def word(*choices: str) -> Rule:
    """One of some words."""
    return Rule(allowed="one of " + ", ".join(choices), holds=lambda value: value in choices)


def words(*choices: str, up_to: int) -> Rule:
    """A list of at most `up_to` words."""
    return Rule(
        allowed=f"a list of at most {up_to}, each one of " + ", ".join(choices),
        holds=lambda value: isinstance(value, list) and len(value) <= up_to and all(x in choices for x in value),
    )


def table(keys: Mapping[str, Rule]) -> Rule:
    """An object, whose keys have rules of their own."""
    return Rule(allowed="an object", holds=lambda value: isinstance(value, Mapping), keys=keys)


def or_null(rule: Rule) -> Rule:
    """The same, or null."""
    return replace(rule, allowed=rule.allowed + ", or null", holds=lambda value: value is None or rule.holds(value))


def required(rule: Rule) -> Rule:
    """The same, and the key must be there."""
    return replace(rule, required=True)


def _is_number(value: Any, least: float, most: float) -> bool:
    # NaN is not within any range: both comparisons are false.
    return type(value) in (int, float) and least <= value <= most
