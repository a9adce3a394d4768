"""The calls that change nothing: what repositories there are, what they hold, and the files themselves."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from finetune.hub.server.access import Access, json_body
from finetune.hub.server.blobs import Blobs
from finetune.hub.server.names import Refusal, checked_revision
from finetune.hub.server.repositories import Commit, Repositories, Repository, StoredFile

MAX_PAGE = 1_000  # commits
_PAGE = 50
_POINTER_BYTES = 134  # the usual size of the text that stands for a large file in git


class Reading:
    """Answers about repositories, for those who may read them."""

    def __init__(self, access: Access, repositories: Repositories, blobs: Blobs) -> None:
        self._access, self._repositories, self._blobs = access, repositories, blobs

    def routes(self) -> list[Route]:
        """The routes of this part."""
        repository = "/api/{kind}/{namespace}/{name}"
        return [
            Route("/api/whoami-v2", self.whoami),
            Route("/api/validate-yaml", self.validate_yaml, methods=["POST"]),
            Route(repository, self.info),
            Route(repository + "/revision/{revision}", self.info),
            Route(repository + "/tree/{revision}", self.tree),
            Route(repository + "/tree/{revision}/{path:path}", self.tree),
            Route(repository + "/commits/{revision}", self.commits),
            Route("/{namespace}/{name}/resolve/{revision}/{path:path}", self.resolve),
            Route("/{kind}/{namespace}/{name}/resolve/{revision}/{path:path}", self.resolve),
        ]

    async def whoami(self, request: Request) -> Response:
        """The name behind the token, and its rights."""
        caller = self._access.known(request)
        token = {"displayName": caller.role, "role": caller.role}
        auth = {"type": "access_token", "accessToken": token}
        return JSONResponse({"type": "user", "id": caller.user, "name": caller.user, "orgs": [], "auth": auth})

    async def validate_yaml(self, request: Request) -> Response:
        """Any model card will do here."""
        await json_body(request)
        return JSONResponse({"errors": [], "warnings": []})

    async def info(self, request: Request) -> Response:
        """A repository and its files; their sizes too when asked for `blobs`."""
        repository, oid, files = self._files(request)
        blobs = request.query_params.get("blobs", "").lower() == "true"
        answer = {
            "_id": repository.id,
            "id": repository.name,
            "author": repository.name.partition("/")[0],
            "sha": oid,
            "private": repository.private,
            "gated": False,
            "disabled": False,
            "tags": [],
            "siblings": [_sibling(file, blobs=blobs) for file in files],
        }
        if request.path_params["kind"] == "models":
            answer["modelId"] = repository.name
        return JSONResponse(answer, headers={"X-Repo-Commit": oid})

    async def commits(self, request: Request) -> Response:
        """A page of a branch's commits with their dates, newest first; a link leads to the next page."""
        repository = self._access.readable(request)
        oid = self._repositories.resolve(repository, checked_revision(request.path_params["revision"]))
        size = max(1, min(_number(request, "limit", _PAGE), MAX_PAGE))
        page = _number(request, "p", 0)
        commits = self._repositories.history(repository.id, oid)
        headers = {}
        if size * (page + 1) < len(commits):
            query = urlencode({"limit": size, "p": page + 1})
            headers["Link"] = f'<{request.url.replace(query=query)}>; rel="next"'
        author = repository.name.partition("/")[0]
        return JSONResponse(
            [_dated(commit, author) for commit in commits[size * page : size * (page + 1)]], headers=headers
        )

    async def tree(self, request: Request) -> Response:
        """The files at or below a path. Folders are not listed: nobody here asks for them."""
        _, oid, files = self._files(request)
        prefix = request.path_params.get("path", "").rstrip("/")
        below = [file for file in files if not prefix or file.path == prefix or file.path.startswith(prefix + "/")]
        return JSONResponse([_entry(file) for file in below], headers={"X-Repo-Commit": oid})

    async def resolve(self, request: Request) -> Response:
        """One file, or its headers alone."""
        _, oid, files = self._files(request)
        file = next((file for file in files if file.path == request.path_params["path"]), None)
        if file is None:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        headers = {"X-Repo-Commit": oid, "ETag": f'"{file.etag}"'}
        if file.is_large:
            headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
        return FileResponse(self._blobs.path(file.sha256), headers=headers, media_type="application/octet-stream")

    def _files(self, request: Request) -> tuple[Repository, str, list[StoredFile]]:
        repository = self._access.readable(request)
        oid = self._repositories.resolve(repository, checked_revision(request.path_params.get("revision", "main")))
        return repository, oid, self._repositories.files(repository.id, oid)


def _number(request: Request, name: str, default: int) -> int:
    """A whole number of the query."""
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdecimal() or len(given) > 9:
        raise Refusal(400, f"{name} is a whole number of at most 9 digits")
    return int(given)


def _dated(commit: Commit, author: str) -> dict[str, Any]:
    date = datetime.fromtimestamp(commit.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"id": commit.oid, "title": commit.message, "message": "", "authors": [{"user": author}], "date": date}


def _sibling(file: StoredFile, *, blobs: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"rfilename": file.path}
    if blobs:
        found |= {"size": file.size, "blobId": file.etag[:40]}
        if file.is_large:
            found["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": _POINTER_BYTES}
    return found


def _entry(file: StoredFile) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": file.path, "size": file.size, "oid": file.etag[:40]}
    if file.is_large:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": _POINTER_BYTES}
    return entry
