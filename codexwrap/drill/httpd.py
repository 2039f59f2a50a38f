"""Serve HTTP on loopback only."""

import contextlib
import select
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

HOST = "127.0.0.1"
_GLANCE = 0.1  # seconds between looks at whether a silent client is still there


class Request(NamedTuple):
    """What a client asks: the path without its query, header names in lower case, the body as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class GoneError(ConnectionError):
    """The client hung up, or the server is closing."""


class Link:
    """The way back to one client. Every method raises ConnectionError when nobody is there any more."""

    def __init__(self, handler: BaseHTTPRequestHandler, closing: threading.Event) -> None:
        self._handler = handler
        self._closing = closing

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """A whole answer."""
        self._head(status, {**headers, "content-length": str(len(body))})
        self._handler.wfile.write(body)

    def begin(self, headers: Mapping[str, str]) -> None:
        """The start of an answer that comes in pieces."""
        self._head(200, {**headers, "transfer-encoding": "chunked"})

    def write(self, data: bytes) -> None:
        """One piece."""
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        """The orderly end of an answer in pieces."""
        self._handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Hang up in the middle."""
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)

    def wait(self, seconds: float) -> None:
        """Let time pass. Raises GoneError as soon as the client hangs up or the server closes."""
        while seconds > 0:
            if self._closing.wait(min(_GLANCE, seconds)) or self._client_left():
                raise GoneError
            seconds -= _GLANCE

    def _client_left(self) -> bool:
        connection = self._handler.connection
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and not connection.recv(1, socket.MSG_PEEK)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()


Handle = Callable[[Request, Link], None]


class Server:
    """A server on a port of its own that can go down and come back on it.

    Requests run in threads. `failures` are the exceptions that `handle` did not expect; a client that vanished is none.
    """

    def __init__(self, handle: Handle) -> None:
        self.failures: list[BaseException] = []
        self._handle = handle
        self._running: _Running | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        """Listen, on the same port as before. Raises OSError when another program has taken it."""
        if self._running is None:
            self._running = _Running(self._handle, self.port, self.failures)
            self.port = self._running.server_address[1]

    def stop(self) -> None:
        """Hang up on everybody and free the port; no thread and no socket is left."""
        if self._running is not None:
            self._running.stop()
            self._running = None


class _Running(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close() waits for them

    def __init__(self, handle: Handle, port: int, failures: list[BaseException]) -> None:
        super().__init__((HOST, port), _Handler)
        self.handle = handle
        self.closing = threading.Event()
        self._failures = failures
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="provider")
        self._thread.start()

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as the base class calls it
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self._failures.append(error)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it hung up first
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Running

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        request = Request(self.command, self.path.partition("?")[0], headers, body)
        self.server.handle(request, Link(self, self.server.closing))

    do_POST = do_GET  # noqa: N815 - the names that BaseHTTPRequestHandler calls
    do_PUT = do_GET  # noqa: N815
    do_PATCH = do_GET  # noqa: N815
    do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Say nothing: the exchanges are logged where they are answered."""
