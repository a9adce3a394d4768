"""A publication: a run's rows as one dated parquet file, with a manifest that a hotkey signs. It knows no hub.

    publication/data/2026-11-21T06-00-00Z.parquet
    publication/manifests/2026-11-21T06-00-00Z.json

A run has one publication. It is made again, with another date, when its rows have changed, and never once it was sent:
the same rows under a second date would count as new, and everybody could have trained on them.
"""

import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.chain.port import Signer
from finetune.errors import SetupError
from finetune.files import write_atomically
from finetune.generating.harvest import rows_bytes
from finetune.generating.kinds import Row
from finetune.hub.strict_json import read_object
from finetune.signing import sign
from finetune.streams.manifests import DATE, FORMAT, MOST_BYTES, data_path, manifest_path

if TYPE_CHECKING:
    import pyarrow

FOLDER = "publication"
_GROUP_ROWS = 1_000  # rows that a reader has to decode for one of them


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What is ready to be sent: `folder` holds exactly the files that `record` names, and the manifest."""

    name: str
    folder: Path
    record: Mapping[str, Any]


def make_publication(
    out: Path, *, kind: str, rows: Sequence[Row], facts: Mapping[str, Any], hotkey: Signer | None, now: datetime
) -> Publication:
    """The run's publication, made anew unless it is there with the same rows, facts and signer.

    Args:
        out: the run's folder.
        kind: which columns the rows have.
        rows: at least one.
        facts: what the manifest says besides: model, seed, counts, and as `repository` where it may be published.
        hotkey: who signs; without one, nobody does.
        now: its date, with a time zone.

    Raises `SetupError` where the folder cannot be written.
    """
    record = {"kind": kind, "rows": len(rows), "rows_sha256": _sha256(rows_bytes(rows)), **facts}
    signer = hotkey.ss58_address if hotkey else None
    there = find_publication(out)
    if there is not None and there.record.items() >= record.items() and signer_of(there) == signer:
        return there
    date = now.astimezone(UTC)
    name, parquet = f"{date:%Y-%m-%dT%H-%M-%SZ}", _parquet(kind, rows)
    files = {data_path(name): {"bytes": len(parquet), "sha256": _sha256(parquet)}}
    record |= {"format": FORMAT, "date": date.strftime(DATE), "files": files}
    building, folder = out / f".{FOLDER}", out / FOLDER
    try:
        shutil.rmtree(building, ignore_errors=True)
        for path in (data_path(name), manifest_path(name)):
            (building / path).parent.mkdir(parents=True)
        write_atomically(building / data_path(name), parquet)
        signed = sign(record, hotkey) if hotkey else {"record": record, "hotkey": None, "signature": None}
        manifest = json.dumps(signed, sort_keys=True, indent=1).encode()
        write_atomically(building / manifest_path(name), manifest)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error.strerror}") from error
    return Publication(name=name, folder=folder, record=record)


def find_publication(out: Path) -> Publication | None:
    """The publication that the run's folder holds, if there is one and its files are those of its manifest."""
    folder = out / FOLDER
    try:
        (manifest,) = (folder / "manifests").iterdir()
        record = read_object(manifest, MOST_BYTES)["record"]
        (data,) = (folder / "data").iterdir()
        if record["files"][data_path(data.stem)]["sha256"] != _sha256(data.read_bytes()):
            return None
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return Publication(name=manifest.stem, folder=folder, record=record)


def signer_of(publication: Publication) -> str | None:
    """The hotkey that signed the manifest, if anybody did."""
    found = read_object(publication.folder / manifest_path(publication.name), MOST_BYTES).get("hotkey")
    return found if isinstance(found, str) else None


def _parquet(kind: str, rows: Sequence[Row]) -> bytes:
    """The rows as the bytes of a parquet file."""
    import pyarrow
    from pyarrow.parquet import write_table

    sink = io.BytesIO()
    table = pyarrow.Table.from_pylist(list(rows), schema=_schema(kind))
    write_table(table, sink, row_group_size=_GROUP_ROWS, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


def _schema(kind: str) -> "pyarrow.Schema":
    import pyarrow as pa

    text = pa.string()
    own = {
        "conversations": [("messages", pa.list_(pa.struct([("role", text), ("content", text)])))],
        "questions": [("question", text), ("options", pa.list_(text)), ("right", pa.int64())],
    }[kind]
    return pa.schema([*own, *((name, text) for name in ("evidence", "document", "section", "passage", "id"))])


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
