"""The calls that change a repository: make it, show or hide it, commit to it, remove it."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from finetune.hub.server.access import Access, body, json_body, json_object
from finetune.hub.server.blobs import Blobs
from finetune.hub.server.names import Refusal, checked_name, checked_path, checked_sha256, stored_id
from finetune.hub.server.repositories import Repositories, StoredFile

LARGE_BYTES = 1_000_000  # from this size on a file goes the way of large files
MAX_COMMIT_BYTES = 64_000_000  # of one commit's text, small files included
MAX_FILES = 150_000  # in a repository

# Large whatever their size, by the kind of repository.
_LARGE = {"models": ".safetensors", "datasets": ".parquet"}


class Writing:
    """Changes to repositories, for their owners."""

    def __init__(self, access: Access, repositories: Repositories, blobs: Blobs, clock: Callable[[], float]) -> None:
        self._access, self._repositories, self._blobs, self._clock = access, repositories, blobs, clock

    def routes(self) -> list[Route]:
        """The routes of this part."""
        repository = "/api/{kind}/{namespace}/{name}"
        return [
            Route("/api/repos/create", self.create, methods=["POST"]),
            Route("/api/repos/delete", self.delete, methods=["DELETE"]),
            Route(repository + "/settings", self.settings, methods=["PUT"]),
            Route(repository + "/preupload/main", self.preupload, methods=["POST"]),
            Route(repository + "/commit/main", self.commit, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """A new repository with the one file that the public hub puts in too."""
        wanted = await json_body(request)
        repository = self._own(request, wanted)
        name = repository.removeprefix("datasets/")
        answer = {"url": f"{str(request.base_url).rstrip('/')}/{repository}", "name": name}
        if self._repositories.find(repository):
            return JSONResponse(answer | {"error": "You already created this repo"}, status_code=409)
        self._repositories.create(
            repository,
            private=wanted.get("visibility") == "private" or wanted.get("private") is True,
            files=[self._small_file(".gitattributes", _attributes(repository))],
            time=self._clock(),
        )
        return JSONResponse(answer)

    async def delete(self, request: Request) -> Response:
        """A repository goes, with every revision."""
        repository = self._own(request, await json_body(request))
        if not self._repositories.find(repository):
            raise Refusal(404, "Repository not found", "RepoNotFound")
        self._repositories.delete(repository)
        return Response()

    async def settings(self, request: Request) -> Response:
        """A repository is hidden or shown."""
        repository = self._access.writable(request)
        visibility = (await json_body(request)).get("visibility")
        if visibility not in ("private", "public"):
            raise Refusal(400, "visibility is private or public")
        self._repositories.set_private(repository.id, visibility == "private")
        return JSONResponse({"private": visibility == "private"})

    async def preupload(self, request: Request) -> Response:
        """Which way each file goes, and what stands under its name now."""
        repository = self._access.writable(request)
        there = {file.path: file.etag for file in self._repositories.files(repository.id, repository.head)}
        answer = []
        for file in _maps((await json_body(request, MAX_COMMIT_BYTES)).get("files")):
            path, size = checked_path(file.get("path")), file.get("size")
            large = (
                path.endswith(_LARGE[request.path_params["kind"]]) or not isinstance(size, int) or size >= LARGE_BYTES
            )
            mode = "lfs" if large else "regular"
            answer.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": there.get(path)})
        return JSONResponse({"files": answer})

    async def commit(self, request: Request) -> Response:
        """A new commit on `main`: a header line, then one line a change. All of it holds, or none."""
        self._access.writable(request)
        lines = [json_object(line) for line in (await body(request, MAX_COMMIT_BYTES)).splitlines() if line]
        # Looked up again: while the body came in, another commit may have moved the head.
        repository = self._access.writable(request)
        files = {file.path: file for file in self._repositories.files(repository.id, repository.head)}
        message = ""
        for line in lines:
            key, value = line.get("key"), line.get("value")
            if not isinstance(value, dict):
                raise Refusal(400, "each line has a key and a value")
            if key == "header":
                message = str(value.get("summary", ""))[:1000]
                _check_parent(value.get("parentCommit"), repository.head)
            else:
                self._change(files, str(key), value, request.path_params["namespace"])
        _check_tree(files)
        oid = self._repositories.commit(repository.id, message=message, files=list(files.values()), time=self._clock())
        url = f"{str(request.base_url).rstrip('/')}/{repository.id}/commit/{oid}"
        return JSONResponse({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})

    def _own(self, request: Request, wanted: dict[str, Any]) -> str:
        """The repository that a body names, in the caller's own namespace."""
        user = self._access.writer(request)
        kind = wanted.get("type") or "model"
        if kind not in ("model", "dataset"):
            raise Refusal(400, "this hub has models and datasets only")
        namespace = checked_name(wanted.get("organization") or user)
        if namespace != user:
            raise Refusal(403, f"{user} has no rights in the namespace {namespace}")
        return stored_id(f"{kind}s", namespace, checked_name(wanted.get("name")))

    def _change(self, files: dict[str, StoredFile], key: str, value: dict[str, Any], namespace: str) -> None:
        """One line of a commit, done to the files."""
        path = checked_path(str(value.get("path", "")).rstrip("/"))
        if key == "file":
            files[path] = self._small_file(path, _decoded(value.get("content")))
        elif key == "lfsFile":
            files[path] = self._large_file(path, checked_sha256(value.get("oid")), namespace)
        elif key == "deletedFile" and path in files:
            del files[path]
        elif key == "deletedFolder" and any(name.startswith(path + "/") for name in files):
            for name in [name for name in files if name.startswith(path + "/")]:
                del files[name]
        elif key in ("deletedFile", "deletedFolder"):
            raise Refusal(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
        else:
            raise Refusal(400, f"no change is called {key[:40]}")

    def _small_file(self, path: str, content: bytes) -> StoredFile:
        git_sha1 = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        return StoredFile(path=path, size=len(content), sha256=self._blobs.add(content), etag=git_sha1)

    def _large_file(self, path: str, sha256: str, namespace: str) -> StoredFile:
        if not self._repositories.has_uploaded(namespace, sha256):
            raise Refusal(400, f"the content of {path} has not been uploaded")
        return StoredFile(path=path, size=self._blobs.path(sha256).stat().st_size, sha256=sha256, etag=sha256)


def _attributes(repository: str) -> bytes:
    """The file in which git reads what is large."""
    large = _LARGE["datasets" if repository.startswith("datasets/") else "models"]
    return f"*{large} filter=lfs diff=lfs merge=lfs -text\n".encode()


def _maps(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refusal(400, "a list of objects is expected")
    return value


def _decoded(content: object) -> bytes:
    try:
        return base64.b64decode(str(content), validate=True)
    except binascii.Error:
        raise Refusal(400, "a file's content must be base64") from None


def _check_parent(parent: object, head: str) -> None:
    if parent is not None and not (isinstance(parent, str) and len(parent) >= 7 and head.startswith(parent)):
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")


def _check_tree(files: dict[str, StoredFile]) -> None:
    """No name is both a file and a folder, and there are not too many."""
    if len(files) > MAX_FILES:
        raise Refusal(400, f"a repository has at most {MAX_FILES:,} files")
    for path in files:
        parts = path.split("/")
        if any("/".join(parts[:depth]) in files for depth in range(1, len(parts))):
            raise Refusal(400, f"{path} lies below a file")
