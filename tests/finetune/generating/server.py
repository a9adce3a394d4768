"""An OpenAI-compatible endpoint on loopback that answers as a test says, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.finetune.generating.made import Body, completion, good


@dataclass(frozen=True, kw_only=True)
class Response:
    """`body` is sent as it is if it is bytes. With `hang` the answer never comes; `cut` bytes of it are not sent.

    With `drip` the answer never ends: its body comes again after every so many seconds.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: int = 0
    drip: float | None = None


Respond = Callable[[Body], Response]


def well(body: Body) -> Response:
    return Response(body=completion(good(body)))


class FakeEndpoint:
    """Answers by `respond`, which a test may change. `asked` holds the requests' bodies, `headers` their headers."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.respond: Respond = well
        self.asked: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.closing = threading.Event()

    def each(self, *responses: Response) -> None:
        """Give these answers one after the other, then good ones."""
        left = iter(responses)
        self.respond = lambda body: next(left, None) or well(body)


@contextmanager
def fake_endpoint() -> Iterator[FakeEndpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                fake.asked.append(body)
                fake.headers.append(dict(self.headers))
                fake.paths.append(self.path)
                response = fake.respond(body)
            if response.hang:
                fake.closing.wait(20)
                return
            data = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.drip is None:
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            while response.drip is not None and not fake.closing.wait(response.drip):
                self.wfile.write(data)
            self.wfile.write(data[: len(data) - response.cut])

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that went away is no fault of the server."""

    lock = threading.Lock()
    server = Server(("127.0.0.1", 0), Handler)
    fake = FakeEndpoint(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        fake.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
