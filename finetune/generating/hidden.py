"""Hidden parts, from their maker's side: a file of conversations cut into parts, their list, the reveal of one.

    out/public/SHA256SUMS           what lies on the hub from the beginning: the list of all parts
    out/public/TRAINING.jsonl       and the file to train on, if there is one
    out/public/parts/0000.parquet   the specimen
    out/public/parts/0001.parquet   a part, once it is revealed
    out/hidden/parts/0002.parquet   a part that is not

`finetune/streams/hidden.py` says what validators make of them. It calls no model.
"""

import hashlib
import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from competitions.competition import Competition
from competitions.schedule import Catalog
from finetune.errors import SetupError
from finetune.files import write_atomically
from finetune.hub.port import Hub
from finetune.hub.strict_json import parse_object
from finetune.streams.hidden import LIST, MOST_BYTES, Hidden, Part, read_list, write_list
from finetune.streams.parquet_rows import BadRow
from finetune.streams.sample import Message
from finetune.streams.turns import chat_sample, conversation

_SHOWN_FAULTS = 20
_FORMS = {"messages": ("role", "content"), "conversations": ("from", "value")}


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What a file was cut into, the specimen first. `digest` is the list's SHA-256; `left_out` rows filled no part."""

    parts: tuple[Part, ...]
    digest: str
    left_out: int


@dataclass(frozen=True, kw_only=True)
class Reveal:
    """A part by its number, the sync block of its round, and the block from which it may be revealed."""

    part: int
    opens: int
    sync: int


def cut(file: Path, out: Path, *, rows: int, max_bytes: int = 8192, training: Path | None = None) -> Cut:
    """Cut conversations into parts of so many rows, in an order that their own SHA-256 gives; equal ones count once.

    Args:
        file: JSON Lines, each with `messages` of {role, content} or `conversations` of {from, value}.
        out: a new folder.
        max_bytes: the stream's, by whose rules every row is judged here already.
        training: the file to train on, published beside the list.

    Raises `SetupError` with the lines that validators would skip, for too few rows, and where `out` is there already.
    """
    if out.exists():
        raise SetupError(f"{out} is there already; parts are cut once, into a new folder")
    if training is not None and training.suffix != ".jsonl":
        raise SetupError(f"{training} must be a .jsonl file")
    found = _read(file, max_bytes)
    ordered = [found[key] for key in sorted(found)]
    count = len(ordered) // rows
    if count < 2:
        raise SetupError(
            f"{file} has {len(ordered):,} different conversations; a specimen and a part of {rows:,} need {2 * rows:,}"
        )
    contents = [_parquet(ordered[number * rows : (number + 1) * rows]) for number in range(count)]
    parts = tuple(
        Part(path=f"parts/{number:04}.parquet", digest=hashlib.sha256(content).hexdigest())
        for number, content in enumerate(contents)
    )
    listed = write_list(parts)
    if len(listed) > MOST_BYTES:
        raise SetupError(f"{count:,} parts are too many for one list; take more rows a part")
    try:
        for number, (part, content) in enumerate(zip(parts, contents, strict=True)):
            place = out / ("hidden" if number else "public") / part.path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, content)
        write_atomically(out / "public" / LIST, listed)
        if training is not None:
            shutil.copyfile(training, out / "public" / training.name)
    except OSError as error:
        raise SetupError(f"{out} cannot be written: {error.strerror}") from error
    return Cut(parts=parts, digest=hashlib.sha256(listed).hexdigest(), left_out=len(ordered) - count * rows)


def publish(out: Path, *, repository: str, hub: Hub) -> str:
    """Make the dataset repository what `out/public` is, made and public if it is not there; returns the revision.

    The same content again makes no new revision. Raises `SetupError`, `HubError`.
    """
    hub.create(repository, private=False)
    return hub.upload(repository, out / "public", message="the parts that are not hidden")


def reveal(out: Path, number: int, *, repository: str, hub: Hub) -> str:
    """Publish the part of that number beside all before it; returns the revision. Calling again is safe.

    Raises `SetupError` for a number that no part has, and for a part that was changed since it was cut; `HubError`.
    """
    try:
        parts = read_list((out / "public" / LIST).read_bytes())
    except (OSError, ValueError) as error:
        raise SetupError(f"{out} holds no parts that were cut: {error}") from error
    if not 0 <= number < len(parts):
        raise SetupError(f"{out} has parts up to {len(parts) - 1}; part {number} is none of them")
    part = parts[number]
    place = out / "public" / part.path
    try:
        if not place.exists():
            content = (out / "hidden" / part.path).read_bytes()
            if hashlib.sha256(content).hexdigest() != part.digest:
                raise SetupError(f"{out / 'hidden' / part.path} was changed since it was cut; nobody would count it")
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, content)
    except OSError as error:
        raise SetupError(f"part {number} cannot be laid out in {out}: {error.strerror}") from error
    return publish(out, repository=repository, hub=hub)


def next_reveal(catalog: Catalog, competition: Competition, hidden: Hidden, block: int) -> Reveal:
    """The part of the competition's next round after the block, and when it may be revealed.

    From half of `eval_delay` before the sync block on: then every model of the round stands on chain, and slow blocks
    do not bring the reveal before the window. Raises `SetupError` where the competition has no round any more.
    """
    step = catalog.sync_blocks
    first = max(block - block % step + step, -(-competition.first_block // step) * step)
    for sync in range(first, first + step * (len(catalog.competitions) + 1), step):
        if catalog.at(sync) and catalog.turn(sync).id == competition.id:
            return Reveal(part=hidden.part(sync), opens=sync - competition.round.eval_delay // 2, sync=sync)
    raise SetupError(f"competition {competition.id} has no round after block {block:,}")


def _read(file: Path, max_bytes: int) -> dict[str, list[dict[str, str]]]:
    """The conversations of a file by the SHA-256 of their texts. Raises `SetupError` with all bad lines."""
    found: dict[str, list[dict[str, str]]] = {}
    faults = []
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    messages = _messages(line)
                    sample = chat_sample(messages, max_bytes=max_bytes)
                    found[sample.document] = [{"role": one.role, "content": one.content} for one in messages]
                except (ValueError, BadRow) as reason:
                    faults.append(f"{file} line {number}: {reason!s:.200}")
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}") from error
    if faults:
        more = [f"and {len(faults) - _SHOWN_FAULTS:,} more"] if len(faults) > _SHOWN_FAULTS else []
        listed = "\n".join([*faults[:_SHOWN_FAULTS], *more])
        raise SetupError(f"{len(faults):,} lines would be skipped by validators:\n{listed}")
    return found


def _messages(line: bytes) -> tuple[Message, ...]:
    """The conversation of one line. Raises `ValueError`, `BadRow`."""
    row = parse_object(line)
    column = next((name for name in _FORMS if name in row), None)
    if column is None:
        raise ValueError(f"it has none of the keys {', '.join(_FORMS)}")
    role, content = _FORMS[column]
    turns = row[column]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError(f"{column} is no list of messages")
    pairs = [(turn.get(role), turn.get(content)) for turn in turns]
    if not all(isinstance(part, str) for pair in pairs for part in pair):
        raise ValueError(f"a message is not two texts, {role} and {content}")
    return conversation(pairs)


def _parquet(rows: Sequence[Any]) -> bytes:
    """Conversations as the bytes of a parquet file with the one column `messages`."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    table = pa.table({"messages": pa.array(rows, type=pa.list_(turn))})
    sink = io.BytesIO()
    write_table(table, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()
