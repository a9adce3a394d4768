"""One way to refuse a value: what key, what was found, what is allowed. It knows no files: `files` adds their names."""

from collections.abc import Container


class Invalid(ValueError):
    """A value that the rules do not allow, named so that its author can mend it."""

    def __init__(self, key: str, found: object, allowed: str) -> None:
        super().__init__(f"{key}: found {found!r}, allowed is {allowed}")
        self.key, self.found, self.allowed = key, found, allowed

    def under(self, table: str) -> "Invalid":
        """The same refusal with the name of the table that the key stands in."""
        return Invalid(f"{table}.{self.key}" if self.key else table, self.found, self.allowed)


def within(key: str, value: float, low: float, high: float = float("inf")) -> None:
    """Refuse a number outside [low, high]; NaN is outside. Raises `Invalid`."""
    if not low <= value <= high:
        allowed = f"at least {low:g}" if high == float("inf") else f"{low:g} to {high:g}"
        raise Invalid(key, value, allowed)


def one_of(key: str, value: object, allowed: Container[object], names: str) -> None:
    """Refuse a value that is not among those allowed. Raises `Invalid`."""
    if value not in allowed:
        raise Invalid(key, value, names)
