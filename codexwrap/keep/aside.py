"""Have savers run, one by one."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codexwrap import events
from codexwrap.keep.about import About, Scene
from codexwrap.story import Session

_COMMAND = (sys.executable, "-P", "-m", "codexwrap.keep.saver")

Learnt = dict[str, Any]


class Aside:
    """Starts processes that save what takes long (see `saver`), one at a time, and never waits for one."""

    def __init__(
        self,
        about: About,
        environ: Mapping[str, str],
        learn: Callable[[Learnt], None],
        command: Sequence[str] = _COMMAND,
    ) -> None:
        """`learn` is called by `poll` with what a saver that made a checkpoint learnt."""
        self._about, self._environ, self._learn, self._command = about, environ, learn, command
        self._running: subprocess.Popen[bytes] | None = None
        self._left: list[subprocess.Popen[bytes]] = []
        self._waiting: deque[dict[str, Any]] = deque()

    @property
    def busy(self) -> bool:
        return bool(self._running or self._left)

    def complete(self, path: Path) -> None:
        """Have a checkpoint completed."""
        self._waiting.append({"path": os.fspath(path)})
        self.poll()

    def roll(self, trigger: str, scene: Scene, session: Session | None) -> None:
        """Have a checkpoint made, unless nothing has changed; of several that wait only the newest is made."""
        known = [session.id, str(session.path) if session.path else None] if session else None
        for request in [each for each in self._waiting if "trigger" in each]:
            self._waiting.remove(request)
        # Checkpoints sort by their ids: this one belongs before whatever happens while it is made.
        made = {"id": events.new_id(), "trigger": trigger, "scene": scene._asdict(), "session": known}
        self._waiting.append(made)
        self.poll()

    def poll(self) -> None:
        """Learn what a saver that has ended has to tell, and start the next."""
        self._left = [process for process in self._left if process.poll() is None]
        if self._running is not None and self._running.poll() is not None:
            self._reap(self._running)
            self._running = None
        if self._running is None and self._waiting:
            self._running = self._start(self._waiting.popleft())

    def leave(self) -> None:
        """Let what runs end by itself, and start at once what still waits."""
        for request in self._waiting:
            if process := self._start(request, subprocess.DEVNULL):
                self._left.append(process)
        self._waiting.clear()

    def _start(self, request: dict[str, Any], out: int = subprocess.PIPE) -> subprocess.Popen[bytes] | None:
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.DEVNULL,
                env=dict(self._environ),
                cwd="/",
                start_new_session=True,
            )
        except OSError:  # what it would have saved is still said to be pending
            return None
        text = json.dumps({"about": self._about._asdict(), **request})
        with contextlib.suppress(OSError), contextlib.closing(process.stdin or io.BytesIO()) as given:
            given.write(text.encode())
        return process

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        with process.stdout or io.BytesIO() as out:
            text = out.read()
        if process.returncode == 0 and text.strip():
            try:
                self._learn(json.loads(text))
            except ValueError:
                return
