"""Chats from a dataset on the hub: one column of conversations, of each of which one answer is the reference."""

from collections.abc import Mapping

from finetune.errors import SetupError
from finetune.streams.draws import Draws
from finetune.streams.hidden import read_hidden
from finetune.streams.hub_files import ALL_FILES, Dataset
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
    answers: str = "last",
    max_bytes: int = 8192,
    files: str = ALL_FILES,
    revision: str = "",
    fresh: bool = False,
    signer: str = "",
    hidden: Mapping[str, object] | None = None,
    window: Window,
    sources: Sources,
) -> HubRows:
    """Open the column of turns, each {role, content} or {from, value}.

    The reference is the last answer of a conversation; with `answers` "any" it is any of them, each with the same
    chance, and a conversation still is one document. It is cut to `max_bytes` of UTF-8, and the messages before it may
    have as many together. The other options are those of `Dataset`. Raises `SetupError` for a value that is not
    allowed, and as `HubRows`.
    """
    dataset = Dataset(
        stream="hub_chats",
        repository=repository,
        files=files,
        revision=revision,
        fresh=fresh,
        signer=signer,
        hidden=read_hidden("hub_chats", hidden),
    )
    name_of_column("hub_chats", "column", column)
    if answers not in ("last", "any"):
        raise SetupError(f'stream hub_chats: answers must be "last" or "any"; found {answers!r:.80}')
    whole_number("hub_chats", "max_bytes", max_bytes, least=16, most=1_000_000)

    def make(row: Row, draws: Draws) -> Sample:
        messages = conversation(row.turns)
        if answers == "last":
            return chat_sample(messages, max_bytes=max_bytes)
        places = [place for place, message in enumerate(messages) if message.role == "assistant"]
        return chat_sample(messages, max_bytes=max_bytes, place=draws.choice(places))

    return HubRows(dataset, Columns(turns=column), make, window=window, sources=sources)
