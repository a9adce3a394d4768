"""Reasoning traces from a dataset on the hub: a problem, and an answer with all the reasoning before it.

A dataset has them as conversations, or as a column of problems beside one of answers. Where the reasoning has a
column of its own, the reference begins with it, between <think> and </think>.
"""

from collections.abc import Mapping

from finetune.errors import SetupError
from finetune.streams.draws import Draws
from finetune.streams.hidden import read_hidden
from finetune.streams.hub_files import ALL_FILES, Dataset
from finetune.streams.hub_rows import HubRows, name_of_column
from finetune.streams.options import whole_number
from finetune.streams.parquet_rows import Columns, Row
from finetune.streams.row_text import checked
from finetune.streams.sample import Message, Sample
from finetune.streams.sources import Sources, Window
from finetune.streams.turns import chat_sample, conversation


def open_hub_reasoning(
    *,
    repository: str,
    messages: str = "messages",
    prompt: str = "",
    response: str = "",
    reasoning: str = "",
    max_bytes: int = 32_768,
    files: str = ALL_FILES,
    revision: str = "",
    fresh: bool = False,
    signer: str = "",
    hidden: Mapping[str, object] | None = None,
    window: Window,
    sources: Sources,
) -> HubRows:
    """Open the column `messages` of turns, or, where they are named, the columns `prompt`, `response`, `reasoning`.

    The reference is cut to `max_bytes` of UTF-8, and the messages before it may have as many together. The other
    options are those of `Dataset`. Raises `SetupError` for a value that is not allowed, and as `HubRows`.
    """
    dataset = Dataset(
        stream="hub_reasoning",
        repository=repository,
        files=files,
        revision=revision,
        fresh=fresh,
        signer=signer,
        hidden=read_hidden("hub_reasoning", hidden),
    )
    whole_number("hub_reasoning", "max_bytes", max_bytes, least=16, most=1_000_000)
    named = {"prompt": prompt, "response": response, "reasoning": reasoning}
    used = {option: name for option, name in named.items() if name != ""}
    if used and not {"prompt", "response"} <= set(used):
        raise SetupError("stream hub_reasoning: prompt and response must be named together")
    for option, name in (used or {"messages": messages}).items():
        name_of_column("hub_reasoning", option, name)

    def make(row: Row, _: Draws) -> Sample:
        if not used:
            return chat_sample(conversation(row.turns), max_bytes=max_bytes)
        answer = checked(row.texts[response])
        if reasoning:
            answer = f"<think>\n{checked(row.texts[reasoning])}\n</think>\n\n{answer}"
        asked = Message(role="user", content=row.texts[prompt])
        return chat_sample((asked, Message(role="assistant", content=answer)), max_bytes=max_bytes)

    columns = Columns(texts=tuple(dict.fromkeys(used.values()))) if used else Columns(turns=messages)
    return HubRows(dataset, columns, make, window=window, sources=sources)
