"""HTTP servers on loopback that answer as a test tells them to.

Faults that a real stack cannot be asked for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hang_up: bool = False
    """Sends nothing, and closes the connection."""
    last: bool = False
    """Closes the connection after the answer without having said so, as idle ones are by load balancers."""


def problem(kind: str, status: int, detail: str = "What to do instead.") -> Answer:
    return Answer(
        status, {"type": f"https://stepstile.dev/problems/{kind}", "status": status, "detail": detail}
    )


HANG_UP = Answer(0, None, hang_up=True)


@contextmanager
def api(answer: Callable[[Call], Answer]) -> Generator[str, None, None]:
    """The endpoint of a server that asks the function for each answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            told = answer(Call(self.command, self.path, dict(self.headers.items()), body))
            if told.hang_up:
                self.close_connection = True
                return
            text = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
            self.send_response(told.status)
            self.send_header("content-length", str(len(text)))
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
            self.wfile.flush()
            self.close_connection = told.last

        do_GET = do_POST = _any

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
