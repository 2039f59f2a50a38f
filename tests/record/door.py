"""Answer TLS for chosen hosts."""

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Self

from codexwrap.drill.httpd import HOST

_READ = 65536


class Door:
    """A proxy on loopback through which a program reaches our provider under its real hosts' names, and nobody else.

    CONNECT to one of `hosts` is answered with a certificate of our own and handed on to `port` as plain HTTP; any other
    is refused. `authority` is the file of the certificate authority that the program has to trust.
    """

    def __init__(self, hosts: Collection[str], port: int, folder: Path) -> None:
        self._hosts, self._backend = frozenset(hosts), port
        self.authority, leaf = _certificates(sorted(hosts), folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(leaf)
        self.refused: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, HOST, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="door")
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, *_ = head.split(" ", 2)
            host = target.rpartition(":")[0]
            if method == "CONNECT" and host in self._hosts:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await writer.start_tls(self._context)
                inner, outer = await asyncio.open_connection(HOST, self._backend)
                await asyncio.gather(_copy(reader, outer), _copy(inner, writer))
            else:
                self.refused.add(target)
                writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the reader's side has ended; then the writer's side is told."""
    try:
        while data := await reader.read(_READ):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


def _certificates(hosts: list[str], folder: Path) -> tuple[Path, Path]:
    """The files of an authority's certificate, and of a host certificate with its key, made for this one recording."""
    authority, leaf = folder / "authority.pem", folder / "host.pem"
    names = ",".join(f"DNS:{host}" for host in hosts)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files: list[str | Path] = ["-keyout", folder / "key.pem", "-out", authority]
    _openssl("req", "-x509", *key, *files, "-subj", "/CN=recorder", "-addext", "keyUsage=critical,keyCertSign")
    files = ["-keyout", folder / "host.key", "-out", leaf, "-CA", authority, "-CAkey", folder / "key.pem"]
    extensions = ["-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE"]
    _openssl("req", "-x509", *key, *files, "-subj", "/CN=provider", *extensions)
    leaf.write_bytes(leaf.read_bytes() + (folder / "host.key").read_bytes())
    return authority, leaf


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
