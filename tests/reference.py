"""Render the same bytes with tmux and with libghostty-vt."""

import itertools
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pyte.graphics import FG_BG_256
from pyte.screens import wcwidth

from codexwrap.screen.screen import Cell, Screen
from tests.support import need

# The words for colours are pyte's, so that looks can be compared.
_DRAWING = str.maketrans("`abcdefghijklmnopqrstuvwxyz{|}~", "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")


class Look(NamedTuple):
    """How a cell of tmux's looks. `fg` and `bg` are "default", a name, `38;5;n` or `38;2;r;g;b`."""

    data: str
    fg: str = "default"
    bg: str = "default"
    flags: frozenset[int] = frozenset()  # SGR 1 2 3 4 5 7 9


class Tmux:
    """A tmux server of its own, spoken to in control mode; a context manager."""

    def __init__(self, folder: Path) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TMUX")}
        environ |= {"HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/sh"}
        self._folder = folder
        self._names = itertools.count()
        self._client = subprocess.Popen(
            [
                need("tmux"),
                "-u",
                "-S",
                str(folder / "socket"),
                "-f",
                "/dev/null",
                "-C",
                "new-session",
                "-x80",
                "-y24",
                "cat",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
        )
        self._reply()
        self.ask("set-option -g status off")
        self.ask("set-option -g allow-rename off")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._client.stdin
        assert self._client.stdout
        self._client.stdin.write(b"kill-server\n")
        self._client.stdin.close()
        self._client.stdout.read()
        self._client.stdout.close()
        self._client.wait(10)

    def ask(self, command: str) -> list[str]:
        """The lines that a command prints. Raises RuntimeError where tmux refuses it."""
        assert self._client.stdin
        self._client.stdin.write(command.encode() + b"\n")
        self._client.stdin.flush()
        return self._reply()

    def _reply(self) -> list[str]:
        lines: list[str] = []
        guard = ""
        assert self._client.stdout
        for raw in self._client.stdout:
            line = raw.decode().removesuffix("\n")
            if not guard:
                guard = line.removeprefix("%begin") if line.startswith("%begin ") else ""
            elif line == "%end" + guard:
                return lines
            elif line == "%error" + guard:
                raise RuntimeError("\n".join(lines))
            else:
                lines.append(line)
        raise RuntimeError("tmux has gone")

    @contextmanager
    def screen(self, columns: int, lines: int) -> Iterator["Pane"]:
        """A pane of that size which shows what it is fed and nothing else."""
        pipe = self._folder / f"pipe{next(self._names)}"
        os.mkfifo(pipe)
        command = f"new-session -d -x {columns} -y {lines} -P -F '#{{pane_id}}' 'stty raw -echo; exec cat {pipe}'"
        (pane,) = self.ask(command)
        fd = os.open(pipe, os.O_WRONLY)
        try:
            yield Pane(self, pane, fd)
        finally:
            self.ask(f"kill-pane -t {pane}")
            os.close(fd)
            pipe.unlink()


class Pane:
    """One screen of tmux's."""

    # Ends whatever sequence is under way, in tmux and in a Screen, and changes nothing else.
    REST = b"\x18\x1b\\"

    def __init__(self, server: Tmux, pane: str, fd: int) -> None:
        self._server, self._pane, self._fd = server, pane, fd
        self._marks = itertools.count()

    def feed(self, data: bytes) -> None:
        """Show `data`, and REST. Returns when tmux has done so."""
        mark = f"mark{next(self._marks)}"
        data += self.REST + f"\x1b]7;{mark}\x1b\\".encode()
        while data:
            data = data[os.write(self._fd, data) :]
        deadline = time.monotonic() + 30
        while self.get("pane_path") != mark:
            if time.monotonic() > deadline:
                raise RuntimeError("tmux does not get to the end of its input")
            time.sleep(0.001)

    def get(self, variable: str) -> str:
        """A variable of tmux's formats (tmux(1), FORMATS)."""
        (value,) = self._server.ask(f"display-message -p -t {self._pane} '#{{{variable}}}'") or [""]
        return value

    def resize(self, *, lines: int, columns: int) -> None:
        self._server.ask(f"resize-window -t {self._pane} -x {columns} -y {lines}")

    def looks(self) -> list[list[Look]]:
        """The cells of each row, those after the last that is not blank left out."""
        return _looks(self._server.ask(f"capture-pane -p -e -t {self._pane}"))

    def rows(self) -> list[str]:
        return _text(self.looks())

    def history(self) -> list[str]:
        """The text of the rows above the screen."""
        if self.get("history_size") == "0":
            return []
        return _text(_looks(self._server.ask(f"capture-pane -p -e -S - -E -1 -t {self._pane}")))

    @property
    def cursor(self) -> tuple[int, int]:
        return int(self.get("cursor_x")), int(self.get("cursor_y"))


_PIECE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\]8;[^\x1b]*\x1b\\|(\x0e)|(\x0f)|([^\x0e\x0f\x1b])")


def _text(rows: list[list[Look]]) -> list[str]:
    return ["".join(look.data for look in row).rstrip(" ") for row in rows]


def _looks(lines: list[str]) -> list[list[Look]]:
    """The cells that lines of capture-pane -e stand for; a wide one is followed by an empty one."""
    look, drawing = Look(""), False
    rows: list[list[Look]] = []
    for line in lines:
        cells: list[Look] = []
        rows.append(cells)
        for match in _PIECE.finditer(line):
            if match[1] is not None:
                look = _sgr(look, match[1])
            elif match[2] or match[3]:
                drawing = bool(match[2])
            elif match[4]:
                _add(cells, look, match[4].translate(_DRAWING) if drawing else match[4])
    return rows


def _add(cells: list[Look], look: Look, char: str) -> None:
    at = (-1 if cells[-1].data else -2) if cells else 0
    width = wcwidth(char)
    if at and (width == 0 or (char > "\x7f" and cells[at].data.endswith("\u200d"))):
        cells[at] = cells[at]._replace(data=cells[at].data + char)
    else:
        cells.append(look._replace(data=char))
        cells += [look._replace(data="")] * (width - 1)


def _sgr(look: Look, parameters: str) -> Look:
    rest = iter(parameters.split(";"))
    for text in rest:
        code = 53 if text == "5:3" else int(text.split(":")[0] or 0)  # tmux writes an overline so
        if code == 0:
            look = Look(look.data)
        elif code in (1, 2, 3, 4, 5, 7, 9):
            look = look._replace(flags=look.flags | {code})
        elif 30 <= code <= 37:
            look = look._replace(fg=_NAMES[code - 30])
        elif 40 <= code <= 47:
            look = look._replace(bg=_NAMES[code - 40])
        elif 90 <= code <= 97:
            look = look._replace(fg="bright" + _NAMES[code - 90])
        elif 100 <= code <= 107:
            look = look._replace(bg="bright" + _NAMES[code - 100])
        elif code in (38, 48, 58):
            kind = next(rest)
            colour = ";".join(itertools.islice(rest, 1 if kind == "5" else 3))
            if code != 58:
                look = look._replace(fg=f"{kind};{colour}") if code == 38 else look._replace(bg=f"{kind};{colour}")
        elif code == 39:
            look = look._replace(fg="default")
        elif code == 49:
            look = look._replace(bg="default")
    return look


class Ghostty:
    """A screen of libghostty-vt's; a context manager."""

    def __init__(self, columns: int, lines: int) -> None:
        from pyghostty import Terminal

        self._terminal: Any = Terminal(cols=columns, rows=lines)
        self._lines = lines

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._terminal.close()

    def feed(self, data: bytes) -> None:
        self._terminal.feed(data)

    def resize(self, *, lines: int, columns: int) -> None:
        self._terminal.resize(columns, lines)
        self._lines = lines

    def rows(self) -> list[str]:
        rows = [row.rstrip(" ") for row in self._terminal.text().split("\n")]
        return rows + [""] * (self._lines - len(rows))

    @property
    def cursor(self) -> tuple[int, int]:
        """Its column and row; it stays in the last column when the next character wraps."""
        x, y = self._terminal.cursor
        return x, y


def trimmed(rows: list[str]) -> list[str]:
    """Without the blank rows at the end, of which some references do not tell."""
    while rows and not rows[-1]:
        rows = rows[:-1]
    return rows


def assert_looks_like(shown: Screen, pane: Pane) -> None:
    for y, row in enumerate(pane.looks()):
        expected = [each._replace(fg=_colour(each.fg), bg=_colour(each.bg)) for each in row]
        assert [_look(cell) for cell in shown.buffer[y][: len(row)]] == expected, f"row {y}"


def _colour(name: str) -> str:
    """A colour of tmux's under the name that a cell gives it."""
    kind, _, rest = name.partition(";")
    if kind == "5" and rest:
        return FG_BG_256[int(rest)]
    return "".join(f"{int(part):02x}" for part in rest.split(";")) if rest else name


def _look(cell: Cell) -> Look:
    flags = {1: cell.bold, 2: cell.faint, 3: cell.italics, 4: cell.underscore, 5: cell.blink, 7: cell.reverse}
    flags[9] = cell.strikethrough
    return Look(cell.data, cell.fg, cell.bg, frozenset(number for number, on in flags.items() if on))
