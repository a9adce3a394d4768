"""Checks that streams share for the values of their options. It knows no stream."""

from finetune.errors import SetupError


def whole_number(stream: str, option: str, value: object, *, least: int, most: int) -> int:
    """`value` as a whole number from `least` to `most`. Raises `SetupError` naming stream, option and range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SetupError(
            f"stream {stream}: {option} must be a whole number from {least} to {most}; found {value!r:.80}"
        )
    return value
