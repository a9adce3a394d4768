"""Serves a site's folder on loopback, to this machine alone. It reads files, follows nothing out of the folder."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from finetune.errors import SetupError

_HOST = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Gives files to whoever asks by this machine's own name: a page elsewhere that guesses the port gets none."""

    def do_GET(self) -> None:
        if self._is_ours():
            super().do_GET()

    def do_HEAD(self) -> None:
        if self._is_ours():
            super().do_HEAD()

    def _is_ours(self) -> bool:
        name = self.headers.get("Host", "").rpartition(":")[0]
        if name in (_HOST, "localhost"):
            return True
        self.send_error(HTTPStatus.FORBIDDEN, "ask by 127.0.0.1")
        return False

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Who reads which page is nobody's business."""


@contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    """Serve the folder for as long as the block runs; gives the address. Port 0 takes any free one.

    Raises `SetupError` where the port is taken.
    """
    try:
        server = ThreadingHTTPServer((_HOST, port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise SetupError(f"port {port} of {_HOST} cannot be used: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{_HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
