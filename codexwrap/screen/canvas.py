"""Draw characters in cells."""

import unicodedata
from itertools import groupby

from pyte import charsets, modes
from pyte.screens import wcwidth

from codexwrap.screen.cells import BLANK, Attribute, Style
from codexwrap.screen.grid import Grid, split

# The longest emoji of Unicode is ten characters; many more than that on one cell are an attack on memory.
_MAX_CLUSTER = 16  # characters
_ZWJ = "\u200d"
_NARROW = {1}

_CHARSETS = {
    "B": charsets.LAT1_MAP,
    "0": charsets.LAT1_MAP[:0x60] + "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·",
    "A": charsets.LAT1_MAP[:0x80].replace("#", "£"),
}


class _Widths(dict[str, int]):
    """How many columns a character takes: 0 where it combines with the one before, -1 where it is not shown."""

    def __missing__(self, char: str) -> int:
        if len(self) > 8192:
            self.clear()
        width = wcwidth(char)
        if width == 0 and unicodedata.category(char) == "Mc":
            # Vowels of Indic scripts: terminals give them a column of their own.
            width = 2 if unicodedata.east_asian_width(char) == "W" else 1
        self[char] = width
        return width


_widths = _Widths()


class Canvas(Grid):
    """A screen that is drawn on, in a style and a character set."""

    def reset(self) -> None:
        super().reset()
        self.charset = 0
        self.g0_charset = self.g1_charset = charsets.LAT1_MAP
        self._last = ""  # the last character that was drawn
        self._choose_way()

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
        split(row, x)
        split(row, x + width)
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

    # What they are drawn with

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

    def _choose_way(self) -> None:
        """Nothing but the style bears on how characters are drawn: no insert mode, no character set, lines wrap."""
        self._translation = self.g1_charset if self.charset else self.g0_charset
        self._plain = (
            self._translation is charsets.LAT1_MAP and modes.IRM not in self.mode and modes.DECAWM in self.mode
        )
