"""Streams by name. A new stream is one new file and one line here; what a stream draws is its own file's business."""

import inspect
from collections.abc import Callable, Mapping

from finetune.errors import SetupError
from finetune.streams.sample import Stream
from finetune.streams.text_lines import open_text_lines
from finetune.streams.word_sorting import WordSorting

# Each opens its stream from keyword options, and raises SetupError for a value that is not allowed.
STREAMS: Mapping[str, Callable[..., Stream]] = {
    "text_lines": open_text_lines,
    "word_sorting": WordSorting,
}


def open_stream(name: str, options: Mapping[str, object]) -> Stream:
    """Open the stream called `name`. Raises `SetupError` for an unknown name or option, or a value not allowed."""
    if name not in STREAMS:
        raise SetupError(f"no stream is called {name!r}; there are {', '.join(sorted(STREAMS))}")
    known = inspect.signature(STREAMS[name]).parameters
    for option in options:
        if option not in known:
            raise SetupError(f"stream {name} has no option {option!r}; it has {', '.join(known)}")
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in options:
            raise SetupError(f"stream {name} needs the option {option!r}")
    return STREAMS[name](**options)
