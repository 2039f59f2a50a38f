"""A real web server that answers as a test says."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Answer = bytes | Callable[["Request", socket.socket], None]
"""What goes over the wire, or who writes that."""


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def hang_up(_request: Request, connection: socket.socket) -> None:
    """Take everything, say nothing."""
    connection.shutdown(socket.SHUT_RDWR)


def half(_request: Request, connection: socket.socket) -> None:
    """Close the way to the client in the middle of an answer."""
    connection.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nonly a part")
    connection.shutdown(socket.SHUT_WR)


class Web:
    """`answers` are given one after the other, then `default` for ever; `requests` are those that came."""

    def __init__(self) -> None:
        self.default: Answer = answer(204)
        self.answers: list[Answer] = []
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def wait(self, _request: Request, _connection: socket.socket) -> None:
        """Say nothing until the test ends."""
        self.released.wait(30)

    def up(self) -> None:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.path, dict(self.headers), body)
                web.requests.append(request)
                given = web.answers.pop(0) if web.answers else web.default
                self.close_connection = True
                try:
                    if callable(given):
                        given(request, self.connection)
                    else:
                        self.connection.sendall(given)
                except OSError:
                    return

            def log_message(self, *_: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            block_on_close = True
            daemon_threads = False

            def handle_error(self, *_: Any) -> None:
                return

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        if self._server:
            self.released.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self.released = threading.Event()


@contextmanager
def web() -> Iterator[Web]:
    server = Web()
    server.up()
    try:
        yield server
    finally:
        server.down()
