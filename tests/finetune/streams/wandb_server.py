"""A wandb on 127.0.0.1: it answers what the `wandb` library asks about a project's runs and their rows."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.loopback import LoopbackServer


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class FakeRun:
    """A run; each row is a table, or a text that is sent as it is."""

    id: str
    created: float
    heard: float
    config: dict[str, Any] | str
    rows: dict[int, dict[str, Any] | str] = field(default_factory=dict)

    def node(self) -> dict[str, Any]:
        config = self.config
        if not isinstance(config, str):
            config = json.dumps({key: {"desc": None, "value": value} for key, value in config.items()})
        plain = dict.fromkeys(("id", "displayName", "state", "group", "jobType", "commit", "description"), self.id)
        return plain | {
            "projectId": 1,
            "name": self.id,
            "config": config,
            "createdAt": iso(self.created),
            "heartbeatAt": iso(self.heard),
            "historyKeys": {"lastStep": max(self.rows, default=-1), "keys": {}},
            "historyLineCount": len(self.rows),
            "summaryMetrics": "{}",
            "systemMetrics": "{}",
            "tags": [],
            "readOnly": True,
            "user": {"name": "ada", "username": "ada"},
        }

    def history(self, first: int, end: int, samples: int) -> list[str]:
        rows = [self.rows[step] for step in sorted(self.rows) if first <= step < end][:samples]
        return [row if isinstance(row, str) else json.dumps(row) for row in rows]


class WandbServer(LoopbackServer):
    """Holds the runs of ada/feed. What is in `faults` is done instead of answering, one a request.

    A fault is an HTTP status, "truncated", "hang", "drip", "none", or any other text, which is sent as the answer.
    """

    def __init__(self) -> None:
        self.runs: list[FakeRun] = []
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.authorization: set[str | None] = set()

    def routes(self) -> list[Route]:
        return [Route("/graphql", self._answer, methods=["POST"])]

    async def _answer(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body["query"].split("query", 1)[1].split("(")[0].strip(" {\n"))
        self.authorization.add(request.headers.get("authorization"))
        fault = self.faults.pop(0) if self.faults else "none"
        if fault != "none":
            return await self._fail(fault, request)
        return JSONResponse({"data": self._data(self.asked[-1], body.get("variables") or {})})

    def _data(self, asked: str, given: dict[str, Any]) -> dict[str, Any]:
        if asked.startswith(("Viewer", "GetDefaultEntity")):
            return {"viewer": {"id": "1", "entity": "ada", "username": "ada", "flags": "{}", "teams": {"edges": []}}}
        if (given["entity"], given["project"]) != ("ada", "feed"):
            return {"project": None}
        if asked == "Runs":
            return {"project": {"internalId": "1", "readOnly": True} | self._runs(given)}
        run = next(run for run in self.runs if run.id in (given.get("run"), given.get("name"), given.get("runName")))
        if asked == "RunHistoryKeys":
            return {"project": {"run": {"historyKeys": run.node()["historyKeys"]}}}
        if asked == "RunParquetHistory":
            live = [{"_step": min(run.rows)}] if run.rows else []
            return {"project": {"run": {"parquetHistory": {"parquetUrls": [], "liveData": live}}}}
        history = run.history(given["minStep"], given["maxStep"], given["pageSize"])
        return {"project": {"run": {"history": history}}}

    def _runs(self, given: dict[str, Any]) -> dict[str, Any]:
        created = json.loads(given.get("filters") or "{}").get("createdAt", {})
        least, below = created.get("$gte", ""), created.get("$lt", "9999")
        found = sorted((run for run in self.runs if least <= iso(run.created) < below), key=lambda run: run.created)
        first = int(given.get("cursor") or 0)
        end = first + given["perPage"]
        return {
            "runCount": len(found),
            "runs": {
                "edges": [{"node": run.node(), "cursor": str(end)} for run in found[first:end]],
                "pageInfo": {"endCursor": str(end), "hasNextPage": end < len(found)},
            },
        }

    async def _fail(self, fault: str, request: Request) -> Response:
        if fault.isdecimal():
            return Response(status_code=int(fault), headers={"retry-after": "7"} if fault == "429" else {})
        if fault == "hang":
            await _gone(request)
        if fault == "drip":
            return StreamingResponse(_drip())
        if fault == "truncated":
            return Response(b'{"data": {"project"', headers={"content-length": "1000"})
        return Response(fault.encode())


async def _gone(request: Request) -> None:
    """Waits until the client has given up."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.02)


async def _drip() -> Any:
    for _ in range(1000):
        yield b" "
        await asyncio.sleep(0.02)
