"""A real HTTP server in front of MLflow's, or of nothing, that misbehaves as it is told."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWERS = {
    "500": (500, b'{"error_code": "INTERNAL_ERROR", "message": "something broke"}'),
    "401": (401, b"You are not authenticated."),
    "full": (507, b'{"error_code": "INTERNAL_ERROR", "message": "Insufficient storage: database or disk is full"}'),
    "nonsense": (200, b"<html>a login page</html>"),
}
MODES = (*ANSWERS, "hang", "die-before", "die-after")
"""``die-before`` closes the connection and does nothing; ``die-after`` does what was asked, and closes it without a word."""


class FaultyServer(ThreadingHTTPServer):
    """Asks ``mode`` for every request how to treat it; ``pass`` hands it to the server on port ``upstream``."""

    daemon_threads = True

    def __init__(self, mode: Callable[[], str], upstream: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mode = mode
        self.upstream = upstream
        self.seen: list[str] = []
        self.released = threading.Event()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """Clients that have gone are no news here."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mode = self.server.mode()
        self.server.seen.append(mode)
        if mode == "hang":
            self.server.released.wait()
        if mode in ANSWERS:
            self._answer(*ANSWERS[mode], {"Content-Type": "application/json"})
            return
        if mode in ("pass", "die-after"):
            answer = self._ask(body)
            if mode == "pass":
                self._answer(*answer)
                return
        self.close_connection = True

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _ask(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """MLflow's own answer."""
        assert self.server.upstream is not None
        connection = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content, {"Content-Type": answer.getheader("Content-Type") or "application/json"}

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Not on the test's output."""


@contextmanager
def misbehaving(mode: Callable[[], str], upstream: int | None = None) -> Iterator[FaultyServer]:
    """Such a server while the block runs."""
    with FaultyServer(mode, upstream) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
