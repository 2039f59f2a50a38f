"""Use a program like a person."""

import contextlib
import os
import re
import select
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from codexwrap.drill import processes
from codexwrap.drill.replies import Replies
from codexwrap.screen.screen import Screen

KEYSTROKE = 0.012  # seconds between characters; a faster burst counts as pasted text, and Enter then as one more line
PAUSE = 0.25  # seconds before Enter, for the same reason
_TERM_GRACE = 3.0  # seconds between asking a program to end and ending it


class Chunk(NamedTuple):
    """What was read at once, or a resize of the terminal: `time` in seconds since the epoch."""

    time: float
    data: bytes
    size: tuple[int, int] | None = None  # columns, lines


class TimeoutExpiredError(TimeoutError):
    """What was waited for never came; the message holds the screen as it was."""


class Terminal:
    """A terminal of its own with a program in it.

    A thread reads, renders and answers queries; all methods may be called from one other thread. `chunks` keeps what
    the program wrote, `started` is the epoch second of its start.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        columns: int = 80,
        lines: int = 24,
        answers: bool = True,
    ) -> None:
        self.chunks: list[Chunk] = []
        self.columns, self.lines = columns, lines
        self._screen = Screen(columns, lines)
        self._replies = Replies() if answers else None
        self._changed = threading.Condition(threading.RLock())
        self._master, slave = os.openpty()
        self._wake_read, self._wake_write = os.pipe()
        termios.tcsetwinsize(slave, (lines, columns))
        self.started = time.time()
        self._process = _spawn(argv, slave, cwd, env)
        os.close(slave)
        self.ended: float | None = None
        self._reader = threading.Thread(target=self._read, name="terminal")
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal, None while the program runs."""
        return self._process.poll()

    def rows(self) -> list[str]:
        """The screen, line by line, without blanks at the ends."""
        with self._changed:
            return [row.rstrip() for row in self._screen.rows()]

    def text(self) -> str:
        return "\n".join(self.rows())

    def squashed(self) -> str:
        """The screen without any white space and with plain quotes: words stay whole wherever they are wrapped."""
        return squash(self.text())

    def shows(self, pattern: str) -> bool:
        """Whether a regular expression is found on the squashed screen."""
        return re.search(pattern, self.squashed()) is not None

    def send(self, data: bytes | str) -> None:
        """Send bytes at once, as a terminal sends a paste or a key. Raises OSError when the program has gone."""
        view = memoryview(data.encode() if isinstance(data, str) else data)
        while view:
            view = view[os.write(self._master, view) :]

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type character by character, then, after a moment, Enter."""
        for character in text:
            self.send(character)
            time.sleep(KEYSTROKE)
        if enter:
            time.sleep(PAUSE)
            self.send("\r")

    def resize(self, columns: int, lines: int) -> None:
        with self._changed:
            self.columns, self.lines = columns, lines
            self.chunks.append(Chunk(time.time(), b"", (columns, lines)))
            self._screen.resize(lines=lines, columns=columns)
        termios.tcsetwinsize(self._master, (lines, columns))  # the kernel sends SIGWINCH

    def wait_for(self, what: str | Callable[[], object], timeout: float = 20) -> None:
        """Until a regular expression is found on the squashed screen, or a predicate is true.

        Raises TimeoutExpiredError, at once where the program has ended and what it left does not match.
        """
        found: Callable[[], object] = (lambda: self.shows(what)) if isinstance(what, str) else what
        deadline = time.monotonic() + timeout
        while not found():
            if self.ended or time.monotonic() > deadline:
                if found():
                    return
                name = what if isinstance(what, str) else getattr(what, "__name__", repr(what))
                raise TimeoutExpiredError(f"waited {timeout:g} s for {name!r}; the screen:\n{self.text()}")
            with self._changed:
                self._changed.wait(0.02)

    def settle(self, quiet: float = 0.5, timeout: float = 20) -> None:
        """Until the program has written nothing for `quiet` seconds, or for `timeout` at most."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not self.ended:
            with self._changed:
                last = self.chunks[-1].time if self.chunks else self.started
                rest = last + quiet - time.time()
                if rest <= 0:
                    return
                self._changed.wait(rest)

    def wait(self, timeout: float = 20) -> int:
        """Until the program ends by itself and all that it wrote is read: its status. Raises TimeoutExpiredError."""
        self.wait_for(lambda: self.ended, timeout)
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutExpiredError(f"it left its terminal and still runs; the screen:\n{self.text()}") from None

    def close(self) -> None:
        """End the program and all that runs in its session, first by asking; nothing is left behind."""
        processes.end_session(self._process, grace=_TERM_GRACE)
        os.close(self._wake_write)
        self._reader.join()
        os.close(self._wake_read)
        os.close(self._master)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        while True:
            readable, _, _ = select.select([self._master, self._wake_read], [], [])
            data = b""
            if self._master in readable:
                with contextlib.suppress(OSError):  # EIO: nobody has the terminal open any more
                    data = os.read(self._master, 65536)
            if not data:
                break
            self._take(data)
        with self._changed:
            self.ended = time.time()
            self._changed.notify_all()

    def _take(self, data: bytes) -> None:
        with self._changed:
            self.chunks.append(Chunk(time.time(), data))
            self._screen.feed(data)
            place = min(self._screen.cursor.x, self.columns - 1), self._screen.cursor.y
            replies = list(self._replies.to(data, place)) if self._replies else []
            self._changed.notify_all()
        with contextlib.suppress(OSError):
            for reply in replies:
                self.send(reply)


def squash(text: str) -> str:
    """`text` without white space and with plain quotes."""
    return re.sub(r"\s+", "", text).replace("’", "'")


def _spawn(argv: Sequence[str | Path], slave: int, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program whose controlling terminal is `slave`.

    Not by pty.fork(): the drill has threads, and Python warns of a fork beside threads. The first terminal that the
    leader of a new session opens becomes its controlling one, so a shell opens it and then becomes the program.
    """
    opener = 'exec <>"$0" >&0 2>&0 && exec "$@"'
    return subprocess.Popen(
        ["/bin/sh", "-c", opener, os.ttyname(slave), *map(str, argv)],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
