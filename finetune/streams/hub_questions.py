"""Multiple-choice questions from a dataset on the hub: a question, its options and the index of the right one.

By default the columns are those that `scripts/generate_data.py` publishes. The options stay in their order: the method
rotates them under its letters.
"""

import hashlib
from collections.abc import Mapping

from finetune.streams.draws import Draws
from finetune.streams.hidden import read_hidden
from finetune.streams.hub_files import ALL_FILES, Dataset
from finetune.streams.hub_rows import HubRows, name_of_column
from finetune.streams.options import whole_number
from finetune.streams.parquet_rows import BadRow, Columns, Row
from finetune.streams.row_text import checked, seen
from finetune.streams.sample import ChoiceSample
from finetune.streams.sources import Sources, Window

_MOST_OPTIONS = 26  # one for each letter


def open_hub_questions(
    *,
    repository: str,
    question: str = "question",
    options: str = "options",
    right: str = "right",
    passage: str = "passage",
    max_bytes: int = 8192,
    files: str = ALL_FILES,
    revision: str = "",
    fresh: bool = False,
    signer: str = "",
    hidden: Mapping[str, object] | None = None,
    window: Window,
    sources: Sources,
) -> HubRows:
    """Open the columns `question`, `options` (lists of texts), `right` (from 0), and `passage`.

    The passage is what a question was written about. It is not shown, but questions about the same one are one
    document. Where it is empty, a dataset without passages, each question is its own. Question and options may have
    `max_bytes` of UTF-8 together. The other options are those of `Dataset`. Raises `SetupError` for a value that is not
    allowed, and as `HubRows`.
    """
    dataset = Dataset(
        stream="hub_questions",
        repository=repository,
        files=files,
        revision=revision,
        fresh=fresh,
        signer=signer,
        hidden=read_hidden("hub_questions", hidden),
    )
    named = {"question": question, "options": options, "right": right} | ({"passage": passage} if passage else {})
    for option, name in named.items():
        name_of_column("hub_questions", option, name)
    whole_number("hub_questions", "max_bytes", max_bytes, least=16, most=1_000_000)

    def make(row: Row, _: Draws) -> ChoiceSample:
        asked = checked(row.texts[question])
        given = _options(row.lists[options])
        if not 0 <= row.numbers[right] < len(given):
            raise BadRow("its right option is none of its options")
        if sum(len(text.encode()) for text in (asked, *given)) > max_bytes:
            raise BadRow("its question is too long")
        about = checked(row.texts[passage]) if passage else asked
        document = hashlib.sha256(about.encode()).hexdigest()
        return ChoiceSample(question=asked, options=given, right=row.numbers[right], document=document)

    texts = (question, passage) if passage else (question,)
    columns = Columns(texts=texts, lists=(options,), numbers=(right,))
    return HubRows(dataset, columns, make, window=window, sources=sources)


def _options(found: tuple[str, ...]) -> tuple[str, ...]:
    """The options as they are shown, each on a line after its letter. Raises `BadRow`."""
    if not 2 <= len(found) <= _MOST_OPTIONS:
        raise BadRow("it has too few or too many options")
    options = tuple(checked(option) for option in found)
    # A second line could pass for one more option.
    if any(len(option.splitlines()) > 1 for option in options):
        raise BadRow("an option has more than one line")
    if len(set(map(seen, options))) < len(options):
        raise BadRow("two of its options are the same")
    return options
