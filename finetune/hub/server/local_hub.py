"""The hub as something one starts and stops: state under a folder, an HTTP server in a thread of its own."""

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from finetune.errors import SetupError
from finetune.hub.server.access import Access
from finetune.hub.server.blobs import Blobs
from finetune.hub.server.lfs import Lfs
from finetune.hub.server.names import Refusal, checked_name
from finetune.hub.server.reading import Reading
from finetune.hub.server.repositories import Repositories
from finetune.hub.server.writing import Writing

_HOST = "127.0.0.1"
_STOP_SECONDS = 2  # given to requests under way


class LocalHub:
    """A hub on 127.0.0.1 for as long as the `with` block runs. What it holds stays under `root` for the next one.

    Attributes:
        endpoint: its URL, inside the block.
    """

    def __init__(
        self,
        root: Path,
        users: Mapping[str, str],
        *,
        readers: Mapping[str, str] | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Describe a hub; it runs from `with` on.

        Args:
            root: where it keeps its state; made if it is not there.
            users: token by user name. A user owns the namespace of the same name.
            readers: a second token by user name, which may only read.
            port: 0 for any free one.
            clock: the time in seconds since 1970: upload links expire by it, commits are dated by it.

        Raises:
            SetupError: a user's name or token cannot be one.
        """
        self._root, self._users, self._port, self._clock = root, dict(users), port, clock
        self._readers = dict(readers or {})
        tokens = [*self._users.items(), *self._readers.items()]
        for user, token in tokens:
            _check_user(user, token)
        if len({token for _, token in tokens}) < len(tokens):
            raise SetupError("two tokens of the local hub are the same")
        self.endpoint = ""

    def __enter__(self) -> Self:
        """Start. Raises `SetupError` when the port is taken, or the folder cannot be used."""
        with ExitStack() as undo:
            listener = undo.enter_context(_listen(self._port))
            try:
                self._root.mkdir(parents=True, exist_ok=True)
                self._repositories = undo.enter_context(closing(Repositories(self._root / "hub.sqlite")))
                blobs = Blobs(self._root / "blobs")
            except (OSError, sqlite3.Error) as error:
                raise SetupError(f"the local hub cannot keep its state in {self._root}: {error}") from None
            undo.pop_all()
        self.endpoint = f"http://{_HOST}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            _application(
                Access(self._users, self._readers, self._repositories), self._repositories, blobs, self._clock
            ),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="local-hub", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: the port and the thread are gone afterwards."""
        self._server.should_exit = True
        self._thread.join()
        self._repositories.close()


def _application(access: Access, repositories: Repositories, blobs: Blobs, clock: Callable[[], float]) -> Starlette:
    return Starlette(
        routes=[
            *Writing(access, repositories, blobs, clock).routes(),
            *Lfs(access, repositories, blobs, clock).routes(),
            *Reading(access, repositories, blobs).routes(),
        ],
        exception_handlers={Refusal: _refused},
    )


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    headers = {"X-Error-Message": error.text.encode("ascii", "replace").decode()}
    if error.code:
        headers["X-Error-Code"] = error.code
    return JSONResponse({"error": error.text}, status_code=error.status, headers=headers)


def _listen(port: int) -> socket.socket:
    # The protocol is named, or else asyncio leaves small packets to wait for each other: 40 ms a request.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise SetupError(f"the local hub cannot use port {port}: {error}") from None
    listener.listen()
    return listener


def _check_user(user: str, token: str) -> None:
    try:
        checked_name(user)
    except Refusal as refusal:
        raise SetupError(f"{user!r} cannot be a user of the local hub: {refusal.text}") from None
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SetupError(f"the token of user {user} must be printable ASCII without spaces")
