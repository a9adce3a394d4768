"""Kinds of rows, by name: what is asked for each, and how a reply becomes a row. A new one is a file and a line."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from finetune.generating import conversations, questions
from finetune.generating.checks import Unfit
from finetune.generating.sections import Section
from finetune.hub.strict_json import parse_object
from finetune.streams.draws import Draws

Row = dict[str, Any]
_LONGEST_REPLY = 40_000  # characters


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of rows.

    `system` is the prompt that all requests share, `request` the one for a section. `row` takes the reply's object and
    raises `Unfit`; `gist` is a row's text by which duplicates are found.
    """

    name: str
    system: str
    request: Callable[[Section, Draws], str]
    row: Callable[[Row, Section, Draws], Row]
    gist: Callable[[Row], str]


KINDS: Mapping[str, Kind] = {
    name: Kind(name=name, system=kind.SYSTEM, request=kind.request, row=kind.row, gist=kind.gist)
    for name, kind in (("conversations", conversations), ("questions", questions))
}


def row_of(kind: Kind, reply: str, section: Section, draws: Draws) -> Row:
    """The row that a model's reply gives: the kind's own columns, then `document`, `section`, `passage` and `id`.

    Words around the JSON object, such as a code fence, are passed over. `id` is the beginning of the SHA-256 of all
    other columns. Raises `Unfit` with the reason to count.
    """
    if len(reply) > _LONGEST_REPLY:
        raise Unfit("a text too long")
    start, end = reply.find("{"), reply.rfind("}")
    try:
        found = parse_object(reply[start : end + 1].encode())
    except ValueError:
        raise Unfit("not JSON") from None
    columns = kind.row(found, section, draws)
    columns |= {"document": section.document, "section": section.title, "passage": section.text}
    return columns | {"id": hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()[:32]}
