"""Ask the agent's own server."""

import contextlib
import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codexwrap import __version__
from codexwrap.usage import limits
from codexwrap.usage.limits import Snapshot

_PATIENCE = 20.0  # seconds


class NoAnswerError(Exception):
    """The server does not run here, does not know the question, or has no answer; says why."""


def ask(program: str, home: Path, environ: Mapping[str, str], *, patience: float = _PATIENCE) -> Snapshot:
    """What `codex app-server` says of the limits of a home's sign-in, over its stdin and stdout.

    It asks the provider, and may renew the sign-in for that: a user's permission is needed. Seen on 0.98 to 0.169.
    Raises NoAnswerError.
    """
    try:
        child = subprocess.Popen(
            [program, "app-server"],
            env={**environ, "CODEX_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise NoAnswerError(f"{program}: {error.strerror}") from None
    try:
        return _asked(child, time.monotonic() + patience)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _asked(child: subprocess.Popen[bytes], deadline: float) -> Snapshot:
    client = {"clientInfo": {"name": "codexwrap", "title": "codexwrap", "version": __version__}}
    _send(child, {"id": 1, "method": "initialize", "params": client})
    lines = _Lines(child, deadline)
    lines.answer(1)
    _send(child, {"method": "initialized"}, {"id": 2, "method": "account/rateLimits/read", "params": None})
    answer = lines.answer(2)
    at = time.time()
    main = answer.get("rateLimits")
    if not isinstance(main, dict):
        raise NoAnswerError("the app-server's answer has no rate limits")
    snapshot = limits.read(main, at)
    by_limit = answer.get("rateLimitsByLimitId")
    others = [limits.read(each, at).windows for each in (by_limit or {}).values() if isinstance(each, dict)]
    every = dict.fromkeys([*snapshot.windows, *(window for windows in others for window in windows)])
    return snapshot._replace(windows=tuple(every))


def _send(child: subprocess.Popen[bytes], *messages: dict[str, Any]) -> None:
    if child.stdin is None:
        return
    try:
        child.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
        child.stdin.flush()
    except OSError:
        return  # it has ended, which its output says


class _Lines:
    """What the server says, line by line, until a deadline."""

    def __init__(self, child: subprocess.Popen[bytes], deadline: float) -> None:
        self._child, self._deadline, self._rest = child, deadline, b""

    def answer(self, number: int) -> dict[str, Any]:
        """The result of a request. Raises NoAnswerError."""
        while True:
            while b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if isinstance(message, dict) and message.get("id") == number and "method" not in message:
                        return _result(message)
            self._rest += self._read()

    def _read(self) -> bytes:
        out = self._child.stdout
        if out is None:
            raise NoAnswerError("the app-server has no output")
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            if not selector.select(max(0.0, self._deadline - time.monotonic())):
                raise NoAnswerError("the app-server did not answer in time")
        data = os.read(out.fileno(), 65536)
        if not data:
            raise NoAnswerError("the app-server ended without an answer")
        return data


def _result(message: dict[str, Any]) -> dict[str, Any]:
    error, result = message.get("error"), message.get("result")
    if isinstance(result, dict):
        return result
    said = error.get("message") if isinstance(error, dict) else None
    raise NoAnswerError(f"the app-server says: {said or 'nothing'}")
