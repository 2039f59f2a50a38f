"""Render bytes to a screen."""

from typing import TYPE_CHECKING, Any, NamedTuple

from pyte import charsets, modes

from codexwrap.screen.canvas import Canvas
from codexwrap.screen.cells import BLANK, Cell, Row, Style, text_of
from codexwrap.screen.escapes import Parser
from codexwrap.screen.grid import MAX_SIZE
from codexwrap.screen.sequences import Actions

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Cell", "Row", "Screen", "text_of"]

_MAX_TITLES = 16


class Screen(Canvas):
    """What a terminal shows after the bytes that it was fed.

    `feed` takes any bytes and never raises; it never answers a query either. `title` is what OSC 0 or 2 set;
    `synchronizing` is true between CSI ?2026h and ?2026l: the screen is half drawn. `cursor.hidden` follows CSI ?25l.
    It does as tmux and libghostty-vt do; where these two differ, as tests/screen_cases.py says.
    """

    def __init__(self, columns: int, lines: int, *, scrollback: int = 200) -> None:
        self.on_frame: Callable[[], None] | None = None
        self.on_osc: Callable[[str], None] | None = None
        self.title = self.icon_name = ""
        super().__init__(columns, lines, scrollback=scrollback)
        self._parser = Parser(self.draw, Actions(self), self._command)

    def reset(self) -> None:
        super().reset()
        self.synchronizing = False
        self._primary: _Primary | None = None
        self._saved: dict[bool, _Saved] = {}
        self._titles: list[str] = []

    def feed(self, data: bytes) -> None:
        """Obey `data`, which may begin and end anywhere.

        Calls `on_osc` with what each OSC string holds, and `on_frame` after each end of a synchronized update
        (CSI ?2026l), in the order of the stream. What these raise passes through, and the rest of `data` is lost.
        """
        self._parser.feed(data)

    # Reading

    @property
    def alternate(self) -> bool:
        """The alternate screen is shown."""
        return self._primary is not None

    def cell(self, y: int, x: int) -> Cell:
        """The cell in row `y` and column `x`, both from 0."""
        return self.buffer[y][x]

    def text(self, y: int) -> str:
        """The text of row `y`, without the blanks at its end."""
        return text_of(self.buffer[y])

    def rows(self) -> list[str]:
        """The text of each row, from the top."""
        return [text_of(row) for row in self.buffer]

    @property
    def display(self) -> list[str]:
        """The text of each row, with the blanks at its end."""
        return ["".join([cell.data for cell in row]) for row in self.buffer]

    # Modes

    def set_mode(self, *numbers: int, private: bool = False, **_: Any) -> None:
        for number in numbers:
            self._switch(number, private=private, on=True)

    def reset_mode(self, *numbers: int, private: bool = False, **_: Any) -> None:
        for number in numbers:
            self._switch(number, private=private, on=False)

    def set_private_mode(self, *numbers: int) -> None:
        self.set_mode(*numbers, private=True)

    def reset_private_mode(self, *numbers: int) -> None:
        self.reset_mode(*numbers, private=True)

    def _switch(self, number: int, *, private: bool, on: bool) -> None:
        mode = number << 5 if private else number  # so pyte tells them apart
        if mode in _MODES:
            (self.mode.add if on else self.mode.discard)(mode)
            self._choose_way()
        if private:
            self._switch_private(number, on=on)

    def _switch_private(self, number: int, *, on: bool) -> None:
        match number:
            case 6:
                self.cursor_position()
            case 25:
                self.cursor.hidden = not on
            case 47 | 1047 if on:
                self._show_alternate()
            case 47 | 1047:
                self._show_primary()
            case 1048 if on:
                self.save_cursor()
            case 1048:
                self.restore_cursor()
            case 1049 if on:
                self.save_cursor()
                self._show_alternate()
                self._erase_rows(0, self.lines)
            case 1049:
                self._show_primary(restore=True)
            case 2026:
                self.synchronizing = on
                if not on and self.on_frame:
                    self.on_frame()

    # Two screens, and the cursor that each remembers

    def save_cursor(self, *_: int) -> None:
        """Remember the cursor and what it writes with, for the one of the two screens that is shown."""
        self._saved[self.alternate] = _Saved(
            self._style,
            self.cursor.x,
            self.cursor.y,
            self.g0_charset,
            self.g1_charset,
            self.charset,
            modes.DECOM in self.mode,
        )

    def restore_cursor(self, *_: int) -> None:
        """Take up what this screen remembers; where it is nothing, the cursor goes home, with the plain style."""
        saved = self._saved.get(self.alternate) or _Saved(self._styles.plain)
        self._place(saved.x, saved.y)
        self._set_style(saved.style)
        self.g0_charset, self.g1_charset, self.charset = saved.g0_charset, saved.g1_charset, saved.charset
        (self.mode.add if saved.origin else self.mode.discard)(modes.DECOM)
        self._choose_way()

    def _show_alternate(self) -> None:
        if self._primary is None:
            self._primary = _Primary(self.buffer, self.lines, self.columns)
            self._keeping = False
            self.buffer = self._blank_rows(self.lines)
            self.dirty.update(range(self.lines))

    def _show_primary(self, *, restore: bool = False) -> None:
        lines, columns = self.lines, self.columns
        if self._primary is not None:
            self.buffer, self.lines, self.columns = self._primary
            self._primary, self._keeping = None, True
            self.dirty.update(range(self.lines))
        if restore:
            self.restore_cursor()
        else:
            self._place(self.cursor.x, self.cursor.y)
        self.resize(lines, columns)  # the primary screen kept the size that it had when it was left

    def _place(self, x: int, y: int) -> None:
        self.cursor.x = x if x <= self.columns else self.columns - 1
        self.cursor.y = min(y, self.lines - 1)

    # Size

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Take another size, within 1 and 1000.

        Rows are cut or padded, not wrapped anew as tmux does. When the height shrinks, rows go from below the cursor
        first, and then from the top into the scrollback; when it grows, the primary screen takes them back, as in tmux.
        """
        lines = min(max(1, lines or self.lines), MAX_SIZE)
        columns = min(max(1, columns or self.columns), MAX_SIZE)
        if (lines, columns) == (self.lines, self.columns):
            return
        if columns != self.columns:
            self.columns = columns
            self._reset_tabs()
            self.buffer = [self._fit(row) for row in self.buffer]
        if lines < self.lines:
            self._shrink(self.lines - lines)
        else:
            self._grow(lines - self.lines)
        self.lines = lines
        self._reset_margins()
        self._place(self.cursor.x, self.cursor.y)
        self.dirty = set(range(lines))

    def _fit(self, row: Row) -> Row:
        if len(row) > self.columns and not row[self.columns].data:
            return [*row[: self.columns - 1], BLANK]  # a wide character that would be cut in half
        return row[: self.columns] + [BLANK] * (self.columns - len(row))

    def _shrink(self, count: int) -> None:
        below = min(count, self.lines - 1 - self.cursor.y)
        del self.buffer[self.lines - below :]
        above = count - below
        self._keep(self.buffer[:above])
        del self.buffer[:above]
        self.cursor.y -= above

    def _grow(self, count: int) -> None:
        back = min(count, self._returning) if self._keeping else 0
        rows = [self._fit(self.scrollback.pop()) for _ in range(back)]
        self._returning -= back
        self.pushed -= back
        self.cursor.y += back
        self.buffer[:0] = reversed(rows)
        self.buffer += [[BLANK] * self.columns for _ in range(count - back)]

    # Titles

    def _command(self, payload: str) -> None:
        number, _, title = payload.partition(";")
        if number in ("0", "1"):
            self.icon_name = title
        if number in ("0", "2"):
            self.title = title
        if self.on_osc:
            self.on_osc(payload)

    def window(self, operation: int = 0, *_: int) -> None:
        """Put the title on a stack (22), or take it back (23); no other operation changes what is shown."""
        if operation == 22:
            self._titles = [*self._titles[1 - _MAX_TITLES :], self.title]
        elif operation == 23 and self._titles:
            self.title = self._titles.pop()


class _Primary(NamedTuple):
    rows: list[Row]
    lines: int
    columns: int


class _Saved(NamedTuple):
    style: Style
    x: int = 0
    y: int = 0
    g0_charset: str = charsets.LAT1_MAP
    g1_charset: str = charsets.LAT1_MAP
    charset: int = 0
    origin: bool = False


# Modes that the screen keeps in `mode`, under pyte's numbers.
_MODES = {modes.IRM, modes.LNM, modes.DECAWM, modes.DECOM, modes.DECTCEM, modes.DECSCNM}
