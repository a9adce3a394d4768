"""A hub behind a bad line: it answers what the real one does, until a test says otherwise."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

BUSY, BROKEN, CUT, FLIPPED = "429", "503", "cut off after half of the body", "one byte flipped"
EXPIRED, REFUSED, DROPPED = "401", "403", "hung up without an answer"


class FlakyHub:
    """Passes reads on to the hub at `endpoint`, and keeps what was asked.

    `fault(method, path)` is asked first: a name above, or any HTTP status, spoils the answer, None lets it pass. Where
    it answers with a status, it says back what token it was given, as no hub should.
    """

    def __init__(self, endpoint: str) -> None:
        self._behind = urlsplit(endpoint)
        self.asked: list[tuple[str, str]] = []
        self.ranges: list[str] = []
        self.fault: Callable[[str, str], str | None] = lambda method, path: None

    def once(self, fault: str, method: str, end: str) -> None:
        """Spoil the first answer to a request of this method whose path ends so."""
        left = [fault]
        self.fault = lambda found, path: left.pop() if left and found == method and path.endswith(end) else None

    def always(self, fault: str) -> None:
        """Spoil every answer from now on."""
        self.fault = lambda method, path: fault

    def well(self) -> None:
        """Spoil nothing any more."""
        self.fault = lambda method, path: None

    def __enter__(self) -> Self:
        flaky = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                flaky._answer(self)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: Any) -> None:
        path = urlsplit(request.path).path
        self.asked.append((request.command, path))
        fault = self.fault(request.command, path)
        if fault == DROPPED:
            request.close_connection = True
            return
        if fault is not None and fault.isdigit():
            request.send_response(int(fault))
            request.send_header("Content-Length", "0")
            request.send_header("Retry-After", "3600")
            request.send_header("X-Error-Message", f"what is {request.headers.get('Authorization')}?")
            request.end_headers()
            return
        if "Range" in request.headers:
            self.ranges.append(request.headers["Range"])
        status, headers, body = self._real(request)
        request.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                request.send_header(name, value)
        request.end_headers()
        if fault == CUT:
            body = body[: len(body) // 2]
        if fault == FLIPPED:
            body = body[:100] + bytes([body[100] ^ 1]) + body[101:]
        request.wfile.write(body)

    def _real(self, request: Any) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(str(self._behind.hostname), self._behind.port)
        connection.request(request.command, request.path, headers=dict(request.headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), body
