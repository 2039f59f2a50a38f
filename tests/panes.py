"""A real shell in a real terminal: tmux plays the terminal, tests type and look."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import eventually, need

ROOT = Path(__file__).parent.parent
PUMPED = f"{sys.executable} -m tests.pumped"


class Pane:
    """A tmux server of its own with one pane, in which `command` runs."""

    def __init__(self, command: str, folder: Path, *, columns: int = 100, lines: int = 30) -> None:
        self._socket = folder / "tmux"
        self._tmux(
            *("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", str(ROOT), command),
            *(";", "set-option", "remain-on-exit", "on"),
        )

    def _tmux(self, *words: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
        command = [need("tmux"), "-S", str(self._socket), *words]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", "--", text)

    def key(self, name: str) -> None:
        """Press a key by tmux's name for it, such as C-z."""
        self._tmux("send-keys", name)

    def run(self, line: str) -> None:
        self.type(line)
        self.key("Enter")

    def text(self) -> str:
        return self._tmux("capture-pane", "-p", "-J")

    def shows(self, what: str, *, times: int = 1) -> str:
        """The screen, once it shows `what` at least so many times."""
        try:
            return eventually(lambda: text if (text := self.text()).count(what) >= times else "", every=0.03)
        except pytest.fail.Exception:
            pytest.fail(f"never shown: {what!r}, but this:\n{self.text().rstrip()}")

    def resize(self, columns: int, lines: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def ask(self, what: str) -> str:
        """What tmux says of a format, such as #{pane_pid}."""
        return self._tmux("display-message", "-p", what).strip()

    def kill(self) -> None:
        self._tmux("kill-server")


def python(source: str) -> str:
    """A shell's words for running a piece of Python."""
    return shlex.join([sys.executable, "-c", source])
