"""What the options of the stream `subnet_feed` may be. It reads nothing."""

import re
from collections.abc import Mapping
from typing import Any

from finetune.errors import SetupError
from finetune.streams.options import whole_number

_PROJECT = re.compile(r"[A-Za-z0-9_.-]{1,128}/[A-Za-z0-9_.-]{1,128}")
_PATH = re.compile(r"[^.]{1,100}(\.[^.]{1,100}){0,7}")
_RANGES = {
    "netuid": (0, 65_535),
    "max_bytes": (16, 1_000_000),
    "settle_minutes": (0, 1_440),
    "run_days": (0, 365),
    "min_records": (1, 5_000),
}


def check_options(options: Mapping[str, Any]) -> None:
    """Raises `SetupError` for the first option whose value is not allowed, with what is."""
    for option, (least, most) in _RANGES.items():
        whole_number("subnet_feed", option, options[option], least=least, most=most)
    least_stake, least_score, where = options["min_stake"], options["min_score"], options["where"]
    rules = {
        "project": (_matches(_PROJECT, options["project"]), "entity/name"),
        "signed": (options["signed"] in ("required", "if_present"), '"required" or "if_present"'),
        "min_stake": (_is_number(least_stake) and least_stake >= 0, "a number from 0"),
        "min_score": (least_score is None or _is_number(least_score), "a number"),
        "score": (options["score"] == "" or _matches(_PATH, options["score"]), "a column's path, or empty"),
        "where": (where is None or _is_table_of_texts(where), "a table of texts by column path"),
    }
    rules |= {key: (_matches(_PATH, options[key]), "a column's path") for key in ("question", "answer", "time")}
    for option, (is_allowed, allowed) in rules.items():
        if not is_allowed:
            raise SetupError(f"stream subnet_feed: {option} must be {allowed}; found {options[option]!r:.80}")


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _is_table_of_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        _matches(_PATH, path) and isinstance(text, str) for path, text in value.items()
    )
