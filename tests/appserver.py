"""Drives the real `codex app-server`."""

import itertools
import json
import os
import signal
import subprocess
from typing import Any, Self

import pytest

from codexwrap.drill.stage import Stage


class AppServer:
    """`codex app-server` as a desktop program drives it: JSON-RPC on its standard streams."""

    def __init__(self, stage: Stage, *program: str) -> None:
        """`program` is Codex, and what runs it."""
        self._numbers = itertools.count(1)
        self._process = subprocess.Popen(
            [*program, "app-server"],
            cwd=stage.project,
            env=dict(stage.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.ask("initialize", clientInfo={"name": "Codex Desktop", "title": "Codex Desktop", "version": "1.0"})
        self._send({"method": "initialized"})
        self.thread = self.ask("thread/start", cwd=str(stage.project))["thread"]["id"]

    def ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        return self._until(lambda message: message.get("id") == number)["result"]

    def turn(self, text: str) -> str:
        """The status with which a turn ended."""
        self.ask("turn/start", threadId=self.thread, input=[{"type": "text", "text": text}])
        ended = self._until(lambda message: message.get("method") == "turn/completed")
        return str(ended["params"]["turn"]["status"])

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _until(self, wanted: Any) -> Any:
        assert self._process.stdout
        for line in self._process.stdout:
            message = json.loads(line)
            if wanted(message):
                return message
        pytest.fail("the app-server ended")

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            stream.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
