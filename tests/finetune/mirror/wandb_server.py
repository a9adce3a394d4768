"""A wandb on 127.0.0.1 that the `wandb` library can write runs and reports to."""

import asyncio
import json
import re
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.loopback import LoopbackServer

KEY = "4f" * 20


@dataclass
class WrittenRun:
    """A run as the library has written it; rows are of its history, by step."""

    name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    complete: bool = False

    @property
    def rows(self) -> dict[int, dict[str, Any]]:
        return {row["_step"]: row for row in map(json.loads, self.lines)}


class WandbServer(LoopbackServer):
    """Keeps runs and reports by id, what was shared, and every path and body it was sent.

    It takes one `key`. While `hangs` is set, requests are taken and not answered.
    """

    def __init__(self) -> None:
        self.runs: dict[str, WrittenRun] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.shared: list[Any] = []
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.key = KEY
        self.hangs = threading.Event()
        self.asked = threading.Event()

    def routes(self) -> list[Route]:
        return [Route("/{path:path}", self._answer, methods=["GET", "POST", "PUT"])]

    async def _answer(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(body)
        self.paths.append(request.url.path)
        self.asked.set()
        while self.hangs.is_set() and not await request.is_disconnected():
            await asyncio.sleep(0.02)
        path = request.url.path
        if path == "/graphql":
            if request.headers.get("authorization") != f"Basic {b64encode(f'api:{self.key}'.encode()).decode()}":
                return JSONResponse({"errors": [{"message": "user is not logged in"}]}, status_code=401)
            asked = json.loads(body)
            name = re.search(r"(?:query|mutation)\s+(\w+)", asked["query"])
            assert name
            return JSONResponse({"data": self._data(name[1], asked.get("variables") or {})})
        if path.endswith("/file_stream"):
            self._stream(self.runs[path.split("/")[-2]], json.loads(body))
        return JSONResponse({"exitcode": None, "limits": {}})

    def _data(self, asked: str, given: dict[str, Any]) -> dict[str, Any]:
        if asked == "RunResumeStatus":
            return {"model": self._resumed(given["name"])}
        if asked == "UpsertBucket":
            return {"upsertBucket": {"bucket": self._upserted(given), "inserted": True}}
        if asked == "CreateRunFiles":
            files = [{"name": name, "uploadUrl": f"{self.endpoint}/upload/{name}"} for name in given["files"]]
            return {"createRunFiles": {"runID": given["run"], "uploadHeaders": [], "files": files}}
        if asked == "Viewer":
            viewer = {"id": "1", "entity": "ada", "username": "ada", "flags": "{}", "teams": {"edges": []}}
            return {"viewer": viewer}
        return self._view_data(asked, given)

    def _view_data(self, asked: str, given: dict[str, Any]) -> dict[str, Any]:
        """What is answered while a report is saved, read and shared."""
        if asked == "GetProjects":
            page = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}
            return {"models": {"pageInfo": page, "edges": []}}
        if asked == "upsertView":
            view = {key: given[key] for key in ("name", "displayName", "description", "spec", "type")}
            view |= {
                "id": given["id"] or b64encode(f"View:{1000 + len(self.views)}".encode()).decode(),
                "updatedAt": None,
            }
            view["project"] = {"id": "p", "name": given["projectName"], "entityName": given["entityName"]}
            self.views[view["id"]] = view
            return {"upsertView": {"view": view, "inserted": True}}
        if asked == "SpecificReport":
            return {"view": dict(self.views[given["reportId"]])}
        if asked == "ViewAccessTokens":
            return {"view": {"accessTokens": []}}
        if asked == "createAccessToken":
            self.shared.append(given["projects"])
            return {"createAccessToken": {"accessToken": {"token": "open", "type": "PUBLIC"}}}
        return {}

    def _upserted(self, given: dict[str, Any]) -> dict[str, Any]:
        run = self.runs.setdefault(given["name"], WrittenRun())
        run.name = given["displayName"] or run.name
        if given["config"]:
            run.config = {key: one["value"] for key, one in json.loads(given["config"]).items()}
        return {
            "id": given["name"],
            "name": given["name"],
            "displayName": run.name,
            "description": "",
            "config": given["config"],
            "sweepName": None,
            "historyLineCount": len(run.lines),
            "project": {"id": "p", "name": given["project"], "entity": {"id": "e", "name": given["entity"] or "ada"}},
        }

    def _resumed(self, name: str) -> dict[str, Any] | None:
        run = self.runs.get(name)
        if run is None:
            return None
        bucket = {
            "id": name,
            "name": name,
            "summaryMetrics": "{}",
            "displayName": run.name,
            "logLineCount": 0,
            "historyLineCount": len(run.lines),
            "eventsLineCount": 0,
            "historyTail": json.dumps(run.lines[-1:]),
            "eventsTail": "[]",
            "config": json.dumps({key: {"value": value} for key, value in run.config.items()}),
            "tags": [],
            "notes": None,
            "wandbConfig": json.dumps({"t": 1}) if run.lines else "{}",
        }
        return {"id": "p", "name": "proj", "entity": {"id": "e", "name": "ada"}, "bucket": bucket}

    def _stream(self, run: WrittenRun, sent: dict[str, Any]) -> None:
        history = (sent.get("files") or {}).get("wandb-history.jsonl")
        if history:
            run.lines[history["offset"] :] = history["content"]
        run.complete = run.complete or bool(sent.get("complete"))
