"""A web application on a free port of 127.0.0.1, in a thread of its own, for tests that need a server."""

import socket
import threading
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route


class LoopbackServer:
    """Serves `routes`, which a subclass gives, at `endpoint`, for as long as it is entered."""

    def routes(self) -> list[Route]:
        raise NotImplementedError("a subclass gives the routes")

    def __enter__(self) -> Self:
        # The protocol is named, or else asyncio leaves small packets to wait for each other: 40 ms a request.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        application = Starlette(routes=self.routes())
        config = uvicorn.Config(application, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
