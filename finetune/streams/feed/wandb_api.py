"""wandb's public API, of which three questions are asked: the runs of a project, a run's last step, and its rows.

It judges nothing that it reads. The questions are those that the `wandb` library asks, sent over plain HTTP, because
the library's own reader cannot be bounded: it starts a service process that outlives the call, reads answers of any
size, makes folders named by strangers, and refuses to read even public projects without a key.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from finetune.errors import SetupError, StreamError
from finetune.hub.strict_json import parse_object
from finetune.streams.feed.access import FeedAccess

if TYPE_CHECKING:
    from httpx2 import Client, Response

RUNS_PER_PAGE = 50
MOST_RUNS = 2_000  # of a project that one window may have to look through
_MOST_STEPS = 1 << 53
_FIRST_WAIT = 1.0  # seconds before the second attempt, doubled before each further one
_LONGEST_WAIT = 60.0  # seconds, whatever the service asks for

_RUNS = """
query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int = 50, $order: String,
           $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
      edges { node { name config heartbeatAt } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""
_LAST_STEP = """
query RunHistoryKeys($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) { run(name: $name) { historyKeys } }
}
"""
_ROWS = """
query HistoryPage($entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!,
                  $pageSize: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}
"""


class TooMuch(StreamError):
    """One answer is larger than any answer may be."""


class _Passing(Exception):
    """A fault that another attempt may not meet. `wait` is what the service asks for, in seconds."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much one reading of a project may take. The totals count all its questions together."""

    answer_bytes: int = 8 << 20
    total_bytes: int = 512 << 20
    request_seconds: float = 20.0
    total_seconds: float = 600.0
    attempts: int = 5


class WandbApi:
    """A project on wandb, open for reading inside a `with` block. Every question may raise `StreamError`.

    A 429, a 5xx, a broken, late or unreadable answer is asked for again, up to `bounds.attempts` times in all.

    Attributes:
        taken: bytes of answers read so far.
    """

    def __init__(
        self,
        access: FeedAccess,
        project: str,
        *,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Describe the reading of `project`, as entity/name; nothing is asked yet. Raises `SetupError`."""
        parts = urlsplit(access.endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SetupError(f"wandb's endpoint must be an http or https URL; found {access.endpoint[:100]!r}")
        self._access, self._project = access, project
        self._bounds, self._clock, self._sleep = bounds or Bounds(), clock, sleep
        self.taken = 0

    def __enter__(self) -> Self:
        """Begin: the total time counts from here."""
        self._client = _http_client(self._access)
        self._deadline = self._clock() + self._bounds.total_seconds
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        self._client.close()

    def runs(self, start: float, end: float) -> Iterator[dict[str, Any]]:
        """The runs created within [start, end), in Unix seconds, oldest first, as wandb describes them.

        What wandb says of when a run was created never changes, so pages do not shift while they are read.
        """
        variables: dict[str, Any] = {
            "perPage": RUNS_PER_PAGE,
            "order": "+created_at",
            "filters": json.dumps({"createdAt": {"$gte": _iso(start), "$lt": _iso(end)}}),
        }
        for _ in range(MOST_RUNS // RUNS_PER_PAGE):
            try:
                runs = self._ask(_RUNS, variables)["runs"]
                yield from (edge["node"] for edge in runs["edges"])
                if not runs["pageInfo"]["hasNextPage"]:
                    return
                variables["cursor"] = runs["pageInfo"]["endCursor"]
            except (TypeError, KeyError) as error:
                raise StreamError(f"{self}: the answer holds no list of runs") from error
        raise StreamError(f"{self}: more than {MOST_RUNS:,} runs were created since {_iso(start)}")

    def last_step(self, run: str) -> int:
        """The step of the run's newest row, or -1 where it has none. Raises `TooMuch`."""
        try:
            step = (self._ask(_LAST_STEP, {"name": run})["run"]["historyKeys"] or {}).get("lastStep", -1)
        except (TypeError, KeyError, AttributeError):
            step = None
        if type(step) is not int or not -1 <= step < _MOST_STEPS:
            raise StreamError(f"{self}: the answer does not say how far run {run[:40]!r} is")
        return step

    def rows(self, run: str, first: int, end: int) -> list[object]:
        """The rows of the run whose steps lie within [first, end), each a JSON text. Raises `TooMuch`."""
        variables = {"run": run, "minStep": first, "maxStep": end, "pageSize": end - first}
        found = self._ask(_ROWS, variables).get("run")
        rows = found.get("history") if isinstance(found, dict) else None
        if not isinstance(rows, list):
            raise StreamError(f"{self}: the answer holds no rows of run {run[:40]!r}")
        return rows

    def __str__(self) -> str:
        return f"{self._project} on {self._access.endpoint}"

    def _ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """What the answer says of the project."""
        entity, _, project = self._project.partition("/")
        question = {"query": query, "variables": {"entity": entity, "project": project, **variables}}
        wait = _FIRST_WAIT
        for attempt in range(1, self._bounds.attempts + 1):
            try:
                found = self._answer(question).get("project")
                break
            except _Passing as fault:
                pause = min(max(wait, fault.wait), _LONGEST_WAIT)
                if attempt == self._bounds.attempts or self._clock() + pause >= self._deadline:
                    raise StreamError(f"{self}: {fault}, after {attempt} attempts") from fault
                self._sleep(pause)
                wait *= 2
        if not isinstance(found, dict):
            raise StreamError(f"{self}: no such project, or not for strangers to read")
        return found

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """The data of one answer. Raises `_Passing` where another attempt may help."""
        from httpx2 import HTTPError

        now = self._clock()
        timeout = min(self._bounds.request_seconds, self._deadline - now)
        if timeout <= 0:
            raise StreamError(f"{self}: not read within {self._bounds.total_seconds:g} s")
        try:
            with self._client.stream("POST", "/graphql", json=question, timeout=timeout) as response:
                self._check_status(response)
                answer = parse_object(self._read(response, now + timeout))
        except HTTPError as error:
            raise _Passing(f"no answer ({type(error).__name__})") from error
        except ValueError as error:
            raise _Passing(f"the answer cannot be read: {error}") from error
        data = answer.get("data")
        if not isinstance(data, dict) or answer.get("errors"):
            raise _Passing(f"the service answers {json.dumps(answer.get('errors'))[:200]}")
        return data

    def _check_status(self, response: "Response") -> None:
        status = response.status_code
        if status in (408, 429) or status >= 500:
            asked = response.headers.get("retry-after", "")
            raise _Passing(f"HTTP {status}", float(asked) if asked.isdecimal() else 0.0)
        if status != 200:
            raise StreamError(f"{self}: HTTP {status}")

    def _read(self, response: "Response", deadline: float) -> bytes:
        """The body, which may come neither too large nor too slowly. Never unpacked: a small one could be a bomb."""
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            self.taken += len(chunk)
            if self.taken > self._bounds.total_bytes:
                raise StreamError(f"{self}: more than {self._bounds.total_bytes:,} bytes in all")
            if len(body) > self._bounds.answer_bytes:
                raise TooMuch(f"{self}: an answer has more than {self._bounds.answer_bytes:,} bytes")
            if self._clock() > deadline:
                raise _Passing("the answer comes too slowly")
        return bytes(body)


def _http_client(access: FeedAccess) -> "Client":
    from httpx2 import Client

    return Client(
        base_url=access.endpoint,
        auth=("api", access.key) if access.key else None,
        headers={"accept-encoding": "identity"},
        mounts=dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]")),  # no proxy for a local server
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
