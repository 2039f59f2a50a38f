"""Draw, move and erase cells."""

import unicodedata
from collections import deque
from itertools import groupby, islice

import pyte
from pyte import charsets, modes
from pyte.screens import Cursor, Margins, wcwidth

from codexwrap.cells import BLANK, Attribute, Cell, Style, Styles

# Larger sizes than this are no terminal's: a screen of them would cost memory and time for nothing.
MAX_SIZE = 1000  # columns, and lines
# The longest emoji of Unicode is ten characters; many more than that on one cell are an attack on memory.
_MAX_CLUSTER = 16  # characters
_ZWJ = "\u200d"
_NARROW = {1}

_CHARSETS = {
    "B": charsets.LAT1_MAP,
    "0": charsets.LAT1_MAP[:0x60] + "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·",
    "A": charsets.LAT1_MAP[:0x80].replace("#", "£"),
}

Row = list[Cell]


class _Widths(dict[str, int]):
    """How many columns a character takes: 0 where it combines with the one before, -1 where it is not shown."""

    def __missing__(self, char: str) -> int:
        if len(self) > 8192:
            self.clear()
        width = wcwidth(char)
        if (
            width == 0 and unicodedata.category(char) == "Mc"
        ):  # the vowels of Indic scripts: terminals give them a column
            width = 2 if unicodedata.east_asian_width(char) == "W" else 1
        self[char] = width
        return width


_widths = _Widths()


class Canvas(pyte.Screen):
    """The cells of a screen, and the cursor among them.

    `buffer[y][x]` is a cell. A cursor behind the last column (`x == columns`) has just written there: the next one
    wraps. Rows that leave a scrolling region which begins at the top of the screen go to `scrollback`, oldest first; a
    row has the number `pushed + y`, which stays the same when it is scrolled and when a growing screen takes it back.
    `dirty` holds the rows that changed; whoever reads it clears it.

    Numbers count from 1 and are 0 where the sequence left them out, as in pyte.
    """

    buffer: list[Row]  # type: ignore[assignment]  # pyte's are dicts of dicts: slow to scroll, and slow to read

    def __init__(self, columns: int, lines: int, *, scrollback: int) -> None:
        self.scrollback: deque[Row] = deque(maxlen=max(0, scrollback))
        self.pushed = 0
        self.title = self.icon_name = ""
        self._returning = 0  # how many rows of the scrollback a growing screen takes back
        self._styles = Styles()
        super().__init__(min(max(1, columns), MAX_SIZE), min(max(1, lines), MAX_SIZE))

    def reset(self) -> None:
        """As it was at first, but for the title and the scrollback."""
        self.mode = {modes.DECAWM, modes.DECTCEM}
        self.charset = 0
        self.g0_charset = self.g1_charset = charsets.LAT1_MAP
        self.saved_columns = None
        self.cursor = Cursor(0, 0)
        self._style = self._styles.plain
        self._last = ""  # the last character that was drawn
        self._keeping = True  # rows that leave the screen go to the scrollback
        self._choose_way()
        self._reset_margins()
        self._reset_tabs()
        self.buffer = self._blank_rows(self.lines)
        self.dirty.update(range(self.lines))

    def _choose_way(self) -> None:
        """Nothing but the style bears on how characters are drawn: no insert mode, no character set, lines wrap."""
        self._translation = self.g1_charset if self.charset else self.g0_charset
        self._plain = (
            self._translation is charsets.LAT1_MAP and modes.IRM not in self.mode and modes.DECAWM in self.mode
        )

    # Characters

    def draw(self, data: str) -> None:
        """Show characters at the cursor: no C0 controls are among them. What has no width (C1 controls) is left out."""
        self._last = data[-1] if data.isascii() else next((c for c in reversed(data) if _widths[c] > 0), self._last)
        if self._plain:
            if data.isascii() or (set(map(_widths.__getitem__, data)) == _NARROW and not self._joins()):
                self._write(data)
                return
        else:
            data = data.translate(self._translation)
        for width, chars in groupby(data, _widths.__getitem__):
            if width > 0:
                for char in chars:
                    if char.isascii() or not self._joins() or not self._combine(char):
                        self._put(char, width)
            elif width == 0:
                for char in chars:
                    self._combine(char)

    def _write(self, data: str) -> None:
        """Characters of one column each, in the plain way."""
        cursor, columns, style = self.cursor, self.columns, self._style
        while data:
            if cursor.x >= columns:
                self._wrap()
            x = cursor.x
            end = min(x + len(data), columns)
            piece, data = data[: end - x], data[end - x :]
            row = self.buffer[cursor.y]
            if not row[x][0]:
                row[x - 1] = BLANK
            if end < columns and not row[end][0]:
                row[end] = BLANK
            row[x:end] = map(style.__getitem__, piece)
            cursor.x = end
            self.dirty.add(cursor.y)

    def _put(self, char: str, width: int) -> None:
        """One character, in any way."""
        cursor, columns = self.cursor, self.columns
        wraps = modes.DECAWM in self.mode
        if modes.IRM in self.mode and cursor.x + width < columns:
            self.insert_characters(width)
        if cursor.x + width > columns:
            if width > columns or (width > 1 and not wraps):
                return
            if wraps:
                self._wrap()
            else:
                cursor.x = columns - 1
        x, row = cursor.x, self.buffer[cursor.y]
        _split(row, x)
        _split(row, x + width)
        row[x] = self._style[char]
        if width > 1:
            row[x + 1] = self._style[""]
        cursor.x = x + width if wraps else min(x + width, columns - 1)
        self.dirty.add(cursor.y)

    def _wrap(self) -> None:
        self.index()
        self.cursor.x = 0

    def _joins(self) -> bool:
        """The character before the cursor waits for one that it is joined to."""
        x = self._before()
        return x >= 0 and self.buffer[self.cursor.y][x].data.endswith(_ZWJ)

    def _combine(self, char: str) -> bool:
        """Put `char` on the character before the cursor; False where there is none in this row."""
        x = self._before()
        if x < 0:
            return False
        row = self.buffer[self.cursor.y]
        if len(row[x].data) < _MAX_CLUSTER:
            row[x] = row[x]._replace(data=row[x].data + char)
            self.dirty.add(self.cursor.y)
        return True

    def _before(self) -> int:
        x = self.cursor.x - 1
        return x - 1 if x > 0 and not self.buffer[self.cursor.y][x].data else x

    def repeat(self, count: int = 0) -> None:
        """The last character `count` times more; beyond a screen full of it, as often as leads to the same column."""
        if self._last:
            self.draw(self._last * min(count or 1, self.lines * self.columns + count % self.columns))

    def alignment_display(self) -> None:
        self._reset_margins()
        self.cursor_position()
        self.buffer = [[Cell("E")] * self.columns for _ in range(self.lines)]
        self.dirty.update(range(self.lines))

    # Looks

    def select_graphic_rendition(self, *attributes: Attribute) -> None:
        """Set the style of what is drawn next."""
        self._set_style(self._style.after(attributes))

    def _set_style(self, style: Style) -> None:
        self._style = style
        self.cursor.attrs = style.look  # type: ignore[assignment]  # a Cell is a Char with one field more

    def define_charset(self, code: str, mode: str) -> None:
        """Choose what G0 (`mode` "(") or G1 (")") is: ASCII, line drawing or British. Others are not known."""
        charset = _CHARSETS.get(code)
        if charset is not None and mode == "(":
            self.g0_charset = charset
        elif charset is not None:
            self.g1_charset = charset
        self._choose_way()

    def shift_in(self) -> None:
        self.charset = 0
        self._choose_way()

    def shift_out(self) -> None:
        self.charset = 1
        self._choose_way()

    # The cursor

    def carriage_return(self) -> None:
        self.cursor.x = 0

    def backspace(self) -> None:
        self.cursor_back(1)

    def cursor_up(self, count: int | None = None) -> None:
        self._leave_edge()
        top = self._top if self.cursor.y >= self._top else 0
        self.cursor.y = max(self.cursor.y - (count or 1), top)

    def cursor_down(self, count: int | None = None) -> None:
        self._leave_edge()
        bottom = self._bottom if self.cursor.y <= self._bottom else self.lines - 1
        self.cursor.y = min(self.cursor.y + (count or 1), bottom)

    def cursor_up1(self, count: int | None = None) -> None:
        self.cursor_up(count)
        self.cursor.x = 0

    def cursor_down1(self, count: int | None = None) -> None:
        self.cursor_down(count)
        self.cursor.x = 0

    def cursor_forward(self, count: int | None = None) -> None:
        self.cursor.x = min(self.cursor.x + (count or 1), self.columns - 1)

    def cursor_back(self, count: int | None = None) -> None:
        self._leave_edge()
        self.cursor.x = max(self.cursor.x - (count or 1), 0)

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        y = (line or 1) - 1
        if modes.DECOM in self.mode:
            self.cursor.y = min(self._top + y, self._bottom)
        else:
            self.cursor.y = min(y, self.lines - 1)
        self.cursor.x = min((column or 1) - 1, self.columns - 1)

    def cursor_to_column(self, column: int | None = None) -> None:
        self.cursor.x = min((column or 1) - 1, self.columns - 1)

    def cursor_to_line(self, line: int | None = None) -> None:
        self.cursor_position(line, self.cursor.x + 1)

    def _leave_edge(self) -> None:
        """Forget that the next character wraps."""
        if self.cursor.x >= self.columns:
            self.cursor.x = self.columns - 1

    # Tab stops

    def tab(self, count: int = 0) -> None:
        """Forward to a tab stop, or to the last column."""
        if self.cursor.x < self.columns:  # else the next character still wraps
            stops = sorted(stop for stop in self.tabstops if stop > self.cursor.x)
            self.cursor.x = next(islice(stops, (count or 1) - 1, None), self.columns - 1)

    def tab_back(self, count: int = 0) -> None:
        """Back to a tab stop, or to the first column."""
        self._leave_edge()
        stops = sorted((stop for stop in self.tabstops if stop < self.cursor.x), reverse=True)
        self.cursor.x = next(islice(stops, (count or 1) - 1, None), 0)

    def set_tab_stop(self) -> None:
        self.tabstops.add(min(self.cursor.x, self.columns - 1))

    def clear_tab_stop(self, how: int = 0) -> None:
        if how == 0:
            self.tabstops.discard(min(self.cursor.x, self.columns - 1))
        elif how == 3:
            self.tabstops.clear()

    def _reset_tabs(self) -> None:
        self.tabstops = set(range(8, self.columns, 8))

    # Rows that move

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """The rows that scroll, first and last, and the cursor home; nothing where that is not two rows at least."""
        first, last = (top or 1) - 1, min(bottom or self.lines, self.lines) - 1
        if first < last:
            self._top, self._bottom = first, last
            self.margins = None if (first, last) == (0, self.lines - 1) else Margins(first, last)
            self.cursor_position()

    def _reset_margins(self) -> None:
        self._top, self._bottom, self.margins = 0, self.lines - 1, None

    def index(self) -> None:
        """One row down; at the last row of the region, scroll."""
        self._leave_edge()
        if self.cursor.y == self._bottom:
            self.scroll_up()
        elif self.cursor.y < self.lines - 1:
            self.cursor.y += 1

    def reverse_index(self) -> None:
        """One row up; at the first row of the region, scroll."""
        if self.cursor.y == self._top:
            self.scroll_down()
        else:
            self._leave_edge()
            self.cursor.y = max(self.cursor.y - 1, 0)

    def linefeed(self) -> None:
        self.index()
        if modes.LNM in self.mode:
            self.cursor.x = 0

    def next_line(self) -> None:
        self.index()
        self.cursor.x = 0

    def scroll_up(self, count: int = 0) -> None:
        """Move the rows of the region up; what leaves it at the top of the screen goes to the scrollback."""
        self._delete_rows(self._top, count, keep=self._top == 0)

    def scroll_down(self, count: int = 0) -> None:
        """Move the rows of the region down."""
        self._insert_rows(self._top, count)

    def insert_lines(self, count: int | None = None) -> None:
        """Insert rows at the cursor; nothing outside the region."""
        if self._top <= self.cursor.y <= self._bottom:
            self._insert_rows(self.cursor.y, count or 1)
            self.cursor.x = 0

    def delete_lines(self, count: int | None = None) -> None:
        """Delete rows from the cursor on; nothing outside the region."""
        if self._top <= self.cursor.y <= self._bottom:
            self._delete_rows(self.cursor.y, count or 1)
            self.cursor.x = 0

    def _insert_rows(self, y: int, count: int) -> None:
        below = self._bottom + 1
        count = min(count or 1, below - y)
        del self.buffer[below - count : below]
        self.buffer[y:y] = self._blank_rows(count)
        self.dirty.update(range(y, below))

    def _delete_rows(self, y: int, count: int, *, keep: bool = False) -> None:
        below = self._bottom + 1
        count = min(count or 1, below - y)
        if keep:
            self._keep(self.buffer[y : y + count])
        del self.buffer[y : y + count]
        self.buffer[below - count : below - count] = self._blank_rows(count)
        self.dirty.update(range(y, below))

    def _keep(self, rows: list[Row]) -> None:
        if self._keeping:
            self.scrollback.extend(rows)
            self.pushed += len(rows)
            self._returning = min(self._returning + len(rows), len(self.scrollback))

    def _blank_rows(self, count: int) -> list[Row]:
        return [[self._style.erased] * self.columns for _ in range(count)]

    # Cells that move

    def insert_characters(self, count: int | None = None) -> None:
        """Insert blanks at the cursor; what is pushed out of the row is lost."""
        x, row = self._edit()
        count = min(count or 1, self.columns - x)
        _split(row, x)
        _split(row, self.columns - count)
        del row[self.columns - count :]
        row[x:x] = [self._style.erased] * count

    def delete_characters(self, count: int | None = None) -> None:
        """Delete cells from the cursor on; the rest of the row moves to the left."""
        x, row = self._edit()
        count = min(count or 1, self.columns - x)
        _split(row, x)
        _split(row, x + count)
        del row[x : x + count]
        row.extend([self._style.erased] * count)

    def erase_characters(self, count: int | None = None) -> None:
        """Erase cells from the cursor on."""
        x, row = self._edit()
        self._erase(row, x, min(x + (count or 1), self.columns))

    def erase_in_line(self, how: int = 0, *_: object, **__: object) -> None:
        """Erase from the cursor on (0), up to it (1), or the row (2)."""
        if how in (0, 1, 2):
            x, row = self._edit()
            self._erase(row, x if how == 0 else 0, x + 1 if how == 1 else self.columns)

    def erase_in_display(self, how: int = 0, *_: object, **__: object) -> None:
        """Erase from the cursor on (0), up to it (1), all (2), the scrollback (3); or scroll all into it (22)."""
        y = self.cursor.y
        if how == 3:
            self.scrollback.clear()
            self._returning = 0
        elif how == 22:
            self._keep(self.buffer[: self._used()])
            self._erase_rows(0, self.lines)
            self.cursor_position()
        elif how == 2 or (how == 0 and not y and not self.cursor.x):
            self._leave_edge()
            if self._keeping and self._used():
                self._returning = 0  # as in tmux: what was above a screen that is cleared does not come back
            self._erase_rows(0, self.lines)
        elif how in (0, 1):
            self.erase_in_line(how)
            self._erase_rows(*((y + 1, self.lines) if how == 0 else (0, y)))

    def _used(self) -> int:
        """How many rows there are down to the last that is not blank."""
        return max((y + 1 for y, row in enumerate(self.buffer) if row.count(BLANK) < self.columns), default=0)

    def _edit(self) -> tuple[int, Row]:
        self._leave_edge()
        self.dirty.add(self.cursor.y)
        return self.cursor.x, self.buffer[self.cursor.y]

    def _erase(self, row: Row, start: int, end: int) -> None:
        _split(row, start)
        _split(row, end)
        row[start:end] = [self._style.erased] * (end - start)

    def _erase_rows(self, start: int, end: int) -> None:
        self.buffer[start:end] = self._blank_rows(end - start)
        self.dirty.update(range(start, end))


def _split(row: Row, x: int) -> None:
    """Leave no half of a wide character: blank the one that stands across the left edge of column `x`."""
    if 0 < x < len(row) and not row[x].data:
        row[x - 1] = row[x] = BLANK
