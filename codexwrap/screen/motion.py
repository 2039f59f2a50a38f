"""Move the cursor."""

from itertools import islice

import pyte
from pyte import modes
from pyte.screens import Cursor, Margins


class Motion(pyte.Screen):
    """The cursor of a screen, its tab stops, and the region that scrolls.

    A cursor behind the last column (`x == columns`) has just written there: the next character wraps. Counts and
    positions are from 1, and 0 where the sequence left them out, as in pyte.
    """

    def reset(self) -> None:
        self.mode = {modes.DECAWM, modes.DECTCEM}
        self.cursor = Cursor(0, 0)
        self._reset_margins()
        self._reset_tabs()

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

    # The region that scrolls

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """The rows that scroll, first and last, and the cursor home; nothing where that is not two rows at least."""
        first, last = (top or 1) - 1, min(bottom or self.lines, self.lines) - 1
        if first < last:
            self._top, self._bottom = first, last
            self.margins = None if (first, last) == (0, self.lines - 1) else Margins(first, last)
            self.cursor_position()

    def _reset_margins(self) -> None:
        self._top, self._bottom, self.margins = 0, self.lines - 1, None
