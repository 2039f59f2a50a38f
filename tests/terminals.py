"""A terminal that a test plays, byte by byte, with the pump in it."""

import fcntl
import os
import struct
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect

from tests.support import eventually

ROOT = Path(__file__).parent.parent


class Terminal(pexpect.spawn):  # type: ignore[type-arg]  # generic for mypy only
    """A pty with `python -m tests.pumped` in it."""

    ptyproc: Any
    pid: int

    def __init__(
        self, command: list[str], environment: Mapping[str, str] | None = None, size: tuple[int, int] = (24, 80)
    ):
        super().__init__(
            command[0],
            command[1:],
            cwd=ROOT,
            env=dict(environment if environment is not None else os.environ),
            dimensions=size,
            timeout=20,
            echo=True,
        )
        self.delaybeforesend = None
        self.delayafterclose = self.delayafterterminate = 0.01
        self.ptyproc.delayafterclose = self.ptyproc.delayafterterminate = 0.01

    def shows(self, pattern: Any) -> bytes:
        """What came before the pattern, once it has come."""
        self.expect(pattern)
        before = self.before
        assert isinstance(before, bytes)
        return before

    def rest(self) -> bytes:
        """Everything up to the end."""
        return self.shows(pexpect.EOF)

    def code(self) -> int:
        """The pump's exit status, once it has ended."""
        self.rest()
        self.wait()
        assert self.exitstatus is not None, f"ended by signal {self.signalstatus}"
        return self.exitstatus

    def raw(self) -> bool:
        """Whether keys go through as they are typed."""
        return not termios.tcgetattr(self.child_fd)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        self.ptyproc.fileobj.close()

    def resize(self, columns: int, lines: int, *, pixels: tuple[int, int] = (0, 0)) -> None:
        fcntl.ioctl(self.child_fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, *pixels))


@contextmanager
def pumped(
    *program: str,
    listen: str = "none",
    environment: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
) -> Iterator[Terminal]:
    """A terminal in which the pump runs a program. At the end what is left of both is killed."""
    terminal = Terminal([sys.executable, "-m", "tests.pumped", "--listen", listen, *program], environment, size)
    try:
        yield terminal
    finally:
        terminal.close(force=True)


@contextmanager
def shell(script: str) -> Iterator[Terminal]:
    """A terminal in which sh runs a script; $PUMPED in it is the pump's command."""
    pump = f"{sys.executable} -m tests.pumped"
    terminal = Terminal(["/bin/sh", "-c", script], {**os.environ, "PUMPED": pump})
    try:
        yield terminal
    finally:
        terminal.close(force=True)


def python(source: str) -> list[str]:
    """A program in Python."""
    return [sys.executable, "-c", source]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> None:
    """Wait until a process has ended."""
    eventually(lambda: not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
