"""Small datasets on a local hub with a clock of its own, and machines that read them."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from finetune.hub.client import HubClient
from finetune.hub.server import LocalHub

TOKEN = "token-of-ada"


def parquet(columns: Mapping[str, Iterable[object] | pa.Array], **options: object) -> bytes:
    """A parquet file with these columns."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(dict(columns)), sink, **options)
    return bytes(sink.getvalue())


def texts(*values: str) -> bytes:
    """A parquet file with one column, `text`."""
    return parquet({"text": list(values)})


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class DatasetHub:
    """A hub that dates its commits by `now`, and ada's repositories on it."""

    def __init__(self, root: Path, hub: LocalHub, now: list[float]) -> None:
        self._root, self._now, self._numbers = root, now, itertools.count()
        self.endpoint = hub.endpoint
        self.ada = HubClient(hub.endpoint, TOKEN, kind="dataset")

    @property
    def now(self) -> float:
        return self._now[0]

    def set_time(self, time: float) -> None:
        """Date what is uploaded from now on, by whomever."""
        self._now[0] = time

    def new(self, files: Mapping[str, bytes] | None = None, *, time: float = 0.0) -> str:
        """A new public dataset, made at `time`, with these files if there are any."""
        self._now[0] = time
        repository = f"ada/d{next(self._numbers)}"
        self.ada.create(repository, private=False)
        if files:
            self.publish(repository, files, time=time)
        return repository

    def publish(self, repository: str, files: Mapping[str, bytes], *, time: float) -> str:
        """Make the dataset hold exactly these files; returns the revision."""
        self._now[0] = time
        folder = self._root / f"upload-{next(self._numbers)}"
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return self.ada.upload(repository, folder, message=f"at {time}")

    def reader(self, endpoint: str | None = None) -> HubClient:
        """The datasets as a stranger sees them, by another way to the hub if one is given."""
        return HubClient(endpoint or self.endpoint, None, kind="dataset")


@contextmanager
def dataset_hub(root: Path) -> Iterator[DatasetHub]:
    """A running hub."""
    now = [0.0]
    with LocalHub(root / "hub", {"ada": TOKEN}, clock=lambda: now[0]) as hub:
        yield DatasetHub(root, hub, now)
