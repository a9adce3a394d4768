"""Streams by name. A new stream is one new file and one line here; what a stream draws is its own file's business."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn, cast

from finetune.errors import SetupError
from finetune.streams.date_reasoning import DateReasoning
from finetune.streams.dyck_language import DyckLanguage
from finetune.streams.hub_chats import open_hub_chats
from finetune.streams.hub_questions import open_hub_questions
from finetune.streams.hub_reasoning import open_hub_reasoning
from finetune.streams.hub_text import open_hub_text
from finetune.streams.ifeval_prompts import IfevalPrompts
from finetune.streams.list_operations import ListOperations
from finetune.streams.logic_puzzles import LogicPuzzles
from finetune.streams.preference_pairs import PreferencePairs
from finetune.streams.sample import Stream
from finetune.streams.sources import Sources, Window
from finetune.streams.subnet_feed import open_subnet_feed
from finetune.streams.synthetic_facts import SyntheticFacts
from finetune.streams.table_lookup import TableLookup
from finetune.streams.text_lines import open_text_lines
from finetune.streams.word_problems import WordProblems
from finetune.streams.word_sorting import WordSorting

# Each opens its stream from keyword options, and raises SetupError for a value that is not allowed. One that takes
# `window` or `sources` is remote: it is given these besides.
STREAMS: Mapping[str, Callable[..., Stream]] = {
    "date_reasoning": DateReasoning,
    "dyck_language": DyckLanguage,
    "hub_chats": open_hub_chats,
    "hub_questions": open_hub_questions,
    "hub_reasoning": open_hub_reasoning,
    "hub_text": open_hub_text,
    "ifeval_prompts": IfevalPrompts,
    "list_operations": ListOperations,
    "logic_puzzles": LogicPuzzles,
    "preference_pairs": PreferencePairs,
    "subnet_feed": open_subnet_feed,
    "synthetic_facts": SyntheticFacts,
    "table_lookup": TableLookup,
    "text_lines": open_text_lines,
    "word_problems": WordProblems,
    "word_sorting": WordSorting,
}
_GIVEN = ("window", "sources")


class _Asked(Exception):
    """A stream begins to ask its source: by then it has checked its options."""


class _NoSources:
    """Sources that give nothing."""

    def __getattr__(self, name: str) -> NoReturn:
        raise _Asked(name)


def is_remote(name: str) -> bool:
    """Whether the stream of that name needs a window and sources. Raises `KeyError`."""
    return not set(_GIVEN).isdisjoint(inspect.signature(STREAMS[name]).parameters)


# What a validator opens a stream with: its name, its options, and the time that the round may draw from.
OpenStream = Callable[[str, Mapping[str, object], Window], Stream]


def check_stream(name: str, options: Mapping[str, object]) -> None:
    """Check that a stream opens with these options: a remote one up to its first question, which is not asked.

    Raises `SetupError` as `open_stream` does.
    """
    with suppress(_Asked):
        open_stream(name, options, Window(start=0.0, end=0.0), sources=cast(Sources, _NoSources()))


def open_stream(
    name: str, options: Mapping[str, object], window: Window | None = None, *, sources: Sources | None = None
) -> Stream:
    """Open the stream called `name`.

    Raises `SetupError` for an unknown name or option, a value not allowed, or a remote stream without `window` and
    `sources`; and what a remote stream raises when its source cannot be had.
    """
    if name not in STREAMS:
        raise SetupError(f"no stream is called {name!r}; there are {', '.join(sorted(STREAMS))}")
    parameters = inspect.signature(STREAMS[name]).parameters
    known = {option: parameter for option, parameter in parameters.items() if option not in _GIVEN}
    for option in options:
        if option not in known:
            raise SetupError(f"stream {name} has no option {option!r}; it has {', '.join(known)}")
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in options:
            raise SetupError(f"stream {name} needs the option {option!r}")
    given = {key: value for key, value in (("window", window), ("sources", sources)) if key in parameters}
    if None in given.values():
        raise SetupError(f"stream {name} reads from a remote source, and nothing here gives it one")
    return STREAMS[name](**options, **given)
