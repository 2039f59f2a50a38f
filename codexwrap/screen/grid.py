"""Scroll, move and erase cells."""

from collections import deque

from pyte import modes

from codexwrap.screen.cells import BLANK, Cell, Row, Styles
from codexwrap.screen.motion import Motion

# Larger sizes than this are no terminal's: a screen of them would cost memory and time for nothing.
MAX_SIZE = 1000  # columns, and lines


class Grid(Motion):
    """The cells of a screen, and the rows that have left it.

    `buffer[y][x]` is a cell. Rows that leave a scrolling region which begins at the top of the screen go to
    `scrollback`, oldest first; a row has the number `pushed + y`, which stays the same when it is scrolled and when a
    growing screen takes it back. `dirty` holds the rows that changed; whoever reads it clears it.
    """

    buffer: list[Row]  # type: ignore[assignment]  # pyte's are dicts of dicts: slow to scroll, and slow to read

    def __init__(self, columns: int, lines: int, *, scrollback: int) -> None:
        self.scrollback: deque[Row] = deque(maxlen=max(0, scrollback))
        self.pushed = 0
        self._returning = 0  # how many rows of the scrollback a growing screen takes back
        self._styles = Styles()
        super().__init__(min(max(1, columns), MAX_SIZE), min(max(1, lines), MAX_SIZE))

    def reset(self) -> None:
        super().reset()
        self._style = self._styles.plain
        self._keeping = True  # rows that leave the screen go to the scrollback
        self.buffer = self._blank_rows(self.lines)
        self.dirty.update(range(self.lines))

    # Rows that move

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
        split(row, x)
        split(row, self.columns - count)
        del row[self.columns - count :]
        row[x:x] = [self._style.erased] * count

    def delete_characters(self, count: int | None = None) -> None:
        """Delete cells from the cursor on; the rest of the row moves to the left."""
        x, row = self._edit()
        count = min(count or 1, self.columns - x)
        split(row, x)
        split(row, x + count)
        del row[x : x + count]
        row.extend([self._style.erased] * count)

    # Erasing

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

    def alignment_display(self) -> None:
        self._reset_margins()
        self.cursor_position()
        self.buffer = [[Cell("E")] * self.columns for _ in range(self.lines)]
        self.dirty.update(range(self.lines))

    def _used(self) -> int:
        """How many rows there are down to the last that is not blank."""
        return max((y + 1 for y, row in enumerate(self.buffer) if row.count(BLANK) < self.columns), default=0)

    def _edit(self) -> tuple[int, Row]:
        self._leave_edge()
        self.dirty.add(self.cursor.y)
        return self.cursor.x, self.buffer[self.cursor.y]

    def _erase(self, row: Row, start: int, end: int) -> None:
        split(row, start)
        split(row, end)
        row[start:end] = [self._style.erased] * (end - start)

    def _erase_rows(self, start: int, end: int) -> None:
        self.buffer[start:end] = self._blank_rows(end - start)
        self.dirty.update(range(start, end))


def split(row: Row, x: int) -> None:
    """Leave no half of a wide character: blank the one that stands across the left edge of column `x`."""
    if 0 < x < len(row) and not row[x].data:
        row[x - 1] = row[x] = BLANK
