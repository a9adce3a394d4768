"""Plain text from a dataset on the hub: one column of texts, each cut after a word."""

import hashlib
from collections.abc import Mapping

from finetune.streams.cutting import cut
from finetune.streams.draws import Draws
from finetune.streams.hidden import read_hidden
from finetune.streams.hub_files import ALL_FILES, Dataset
from finetune.streams.hub_rows import HubRows, name_of_column
from finetune.streams.options import whole_number
from finetune.streams.parquet_rows import Columns, Row
from finetune.streams.row_text import checked
from finetune.streams.sample import Sample
from finetune.streams.sources import Sources, Window


def open_hub_text(
    *,
    repository: str,
    column: str = "text",
    max_bytes: int = 1024,
    files: str = ALL_FILES,
    revision: str = "",
    fresh: bool = False,
    signer: str = "",
    hidden: Mapping[str, object] | None = None,
    window: Window,
    sources: Sources,
) -> HubRows:
    """Open the column; the beginning of a text, of at most `max_bytes` of UTF-8, is the reference.

    The other options are those of `Dataset`. Raises `SetupError` for a value that is not allowed, and as `HubRows`.
    """
    dataset = Dataset(
        stream="hub_text",
        repository=repository,
        files=files,
        revision=revision,
        fresh=fresh,
        signer=signer,
        hidden=read_hidden("hub_text", hidden),
    )
    name_of_column("hub_text", "column", column)
    whole_number("hub_text", "max_bytes", max_bytes, least=16, most=1_000_000)

    def make(row: Row, _: Draws) -> Sample:
        text = checked(row.texts[column])
        document = hashlib.sha256(text.encode()).hexdigest()
        return Sample(messages=(), reference=cut(text, max_bytes), document=document)

    return HubRows(dataset, Columns(texts=(column,)), make, window=window, sources=sources)
