"""Chats from a dataset on the hub: one column of conversations, whose last answer is the reference."""

from finetune.streams.hub_files import Dataset
from finetune.streams.hub_rows import HubRows, name_of_column
from finetune.streams.options import whole_number
from finetune.streams.parquet_rows import Columns, Row
from finetune.streams.sample import Sample
from finetune.streams.sources import Sources, Window
from finetune.streams.turns import chat_sample, conversation


def open_hub_chats(
    *,
    repository: str,
    column: str = "messages",
    max_bytes: int = 8192,
    files: str = "*.parquet",
    revision: str = "",
    fresh: bool = False,
    signer: str = "",
    window: Window,
    sources: Sources,
) -> HubRows:
    """Open the column of turns, each {role, content} or {from, value}.

    The answer is cut to `max_bytes` of UTF-8, and the messages before it may have as many together. The other options
    are those of `Dataset`. Raises `SetupError` for a value that is not allowed, and as `HubRows`.
    """
    dataset = Dataset(
        stream="hub_chats", repository=repository, files=files, revision=revision, fresh=fresh, signer=signer
    )
    name_of_column("hub_chats", "column", column)
    whole_number("hub_chats", "max_bytes", max_bytes, least=16, most=1_000_000)

    def make(row: Row) -> Sample:
        return chat_sample(conversation(row.turns), max_bytes=max_bytes)

    return HubRows(dataset, Columns(turns=column), make, window=window, sources=sources)
