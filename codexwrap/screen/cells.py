"""Know how cells look."""

from typing import NamedTuple

from pyte import graphics

# One parameter of SGR: a number, or the numbers of a group that colons join; None where one is left out.
Attribute = int | None | tuple[int | None, ...]


class Cell(NamedTuple):
    """One cell of a screen: pyte's Char, and `faint`.

    `data` is one character with what combines with it; a wide one stands in its left cell, and its right cell is "".
    `fg` and `bg` are "default", a name (`red`, `brightred`: SGR 31, 91), or six hex digits (SGR 38;5;n and 38;2;r;g;b).
    """

    data: str
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False
    faint: bool = False


Row = list[Cell]

BLANK = Cell(" ")


def text_of(row: Row) -> str:
    """The text of a row, of the screen or of the scrollback, without the blanks at its end."""
    return "".join([cell.data for cell in row]).rstrip(" ")


# A screen full of text in a few colours needs some thousand cells and styles; one that is fed noise would want millions.
_MANY = 8192


class Style(dict[str, Cell]):
    """Cells of one look by their text, each made when it is first asked for."""

    __slots__ = ("_after", "_styles", "erased", "look")

    def __init__(self, look: Cell, styles: "Styles") -> None:
        super().__init__()
        self.look = look
        self.erased = Cell(" ", bg=look.bg)  # erasing keeps the background, and nothing else
        self._styles = styles
        self._after: dict[tuple[Attribute, ...], Style] = {}

    def __missing__(self, data: str) -> Cell:
        self._styles.grow(self)
        cell = self[data] = self.look._replace(data=data)
        return cell

    def after(self, attributes: tuple[Attribute, ...]) -> "Style":
        """The style that SGR with these attributes makes of this one."""
        style = self._after.get(attributes)
        if style is None:
            self._styles.grow(self)
            style = self._after[attributes] = self._styles.of(_rendition(self.look, attributes))
        return style

    def forget(self) -> None:
        """Drop all that can be made again."""
        self.clear()
        self._after.clear()


class Styles:
    """The styles of a screen, each made once; when there are too many cells and styles, all start anew."""

    def __init__(self) -> None:
        self._styles: dict[Cell, Style] = {}
        self._grown: dict[int, Style] = {}  # what holds anything, by its id: a style may be in use but no longer known
        self._count = 0
        self.plain = Style(BLANK, self)

    def of(self, look: Cell) -> Style:
        """The style of this look."""
        if look == BLANK:
            return self.plain
        style = self._styles.get(look)
        if style is None:
            style = self._styles[look] = Style(look, self)
        return style

    def grow(self, style: Style) -> None:
        """Count one thing more that `style` is going to hold."""
        self._count += 1
        if self._count > _MANY:
            for each in self._grown.values():
                each.forget()
            self._grown.clear()
            self._styles.clear()
            self._count = 1
        self._grown[id(style)] = style


_FLAGS = {
    1: {"bold": True},
    2: {"faint": True},
    3: {"italics": True},
    4: {"underscore": True},
    5: {"blink": True},
    6: {"blink": True},
    7: {"reverse": True},
    9: {"strikethrough": True},
    21: {"underscore": True},  # double
    22: {"bold": False, "faint": False},
    23: {"italics": False},
    24: {"underscore": False},
    25: {"blink": False},
    27: {"reverse": False},
    29: {"strikethrough": False},
}
_COLOURS = {
    **{code: {"fg": name} for code, name in (graphics.FG_ANSI | graphics.FG_AIXTERM).items()},
    # (pyte spells the name of 105 wrong.)
    **{code: {"bg": name.replace("bf", "br")} for code, name in (graphics.BG_ANSI | graphics.BG_AIXTERM).items()},
}
_LAYERS = {38: "fg", 48: "bg", 58: ""}  # 58 is the colour of the underline, which is not kept
_INDEXED, _RGB = 5, 2


def _rendition(look: Cell, attributes: tuple[Attribute, ...]) -> Cell:
    """`look` after SGR. What is unknown or out of range is passed over as in tmux."""
    change: dict[str, str | bool] = {}
    rest = list(reversed(attributes or (0,)))
    while rest:
        attribute = rest.pop()
        if isinstance(attribute, tuple):
            change.update(_group(attribute))
        elif not attribute:
            look, change = BLANK, {}
        elif attribute in _LAYERS:
            change.update(_colour(_LAYERS[attribute], rest))
        else:
            change.update(_FLAGS.get(attribute) or _COLOURS.get(attribute) or {})
    return look._replace(**change)  # type: ignore[arg-type]  # the keys are the names of fields


def _colour(layer: str, rest: list[Attribute]) -> dict[str, str]:
    """A colour that is written with semicolons, taken off the end of `rest`."""
    kind = rest.pop() if rest else None
    if kind == _INDEXED:
        return _set(layer, _indexed(rest.pop() if rest else None))
    if kind == _RGB:
        colour = _rgb(*reversed(rest[-3:]))
        if colour:
            del rest[-3:]
        return _set(layer, colour)
    return {}


def _group(numbers: tuple[int | None, ...]) -> dict[str, str | bool]:
    """One attribute that is written with colons: 4:n (kinds of underline), 38:5:n, 38:2:r:g:b or 38:2:space:r:g:b."""
    match numbers:
        case (4, 0 | 1 | 2 | 3 | 4 | 5 as kind):
            return {"underscore": kind > 0}
        case (38 | 48 as layer, 5, index, *_):
            return {**_set(_LAYERS[layer], _indexed(index))}
        case (38 | 48 as layer, 2, red, green, blue) | (38 | 48 as layer, 2, _, red, green, blue, *_):
            return {**_set(_LAYERS[layer], _rgb(red, green, blue))}
    return {}


def _set(layer: str, colour: str) -> dict[str, str]:
    return {layer: colour} if layer and colour else {}


def _indexed(number: Attribute) -> str:
    return graphics.FG_BG_256[number] if isinstance(number, int) and number < 256 else "default"


def _rgb(*parts: Attribute) -> str:
    """Six hex digits; nothing when a part is missing or out of range."""
    numbers = [part for part in parts if isinstance(part, int) and part < 256]
    return "".join(f"{number:02x}" for number in numbers) if len(numbers) == 3 else ""
