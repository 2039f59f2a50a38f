"""Know how cells look."""

from typing import NamedTuple

from pyte import graphics

# One parameter of SGR: a number, or the numbers of a group that colons join (None where one is left out).
Attribute = int | tuple[int | None, ...]


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


BLANK = Cell(" ")

# A screen full of text in a few colours needs some thousand cells; one that is fed noise would want millions.
_CELLS = 16384


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
        self._styles.grow()
        cell = self[data] = self.look._replace(data=data)
        return cell

    def after(self, attributes: tuple[Attribute, ...]) -> "Style":
        """The style that SGR with these attributes makes of this one."""
        style = self._after.get(attributes)
        if style is None:
            self._styles.grow()
            style = self._after[attributes] = self._styles.of(_rendition(self.look, attributes))
        return style

    def forget(self) -> None:
        """Drop all that can be made again."""
        self.clear()
        self._after.clear()


class Styles:
    """Every style of a screen once, within a bound: what is not in use is dropped when there are too many."""

    def __init__(self) -> None:
        self._styles: dict[Cell, Style] = {}
        self._grown = 0
        self.plain = Style(BLANK, self)

    def of(self, look: Cell) -> Style:
        if look == BLANK:
            return self.plain
        style = self._styles.get(look)
        if style is None:
            style = self._styles[look] = Style(look, self)
        return style

    def grow(self) -> None:
        """Count one more cell or style; at the bound, forget them all."""
        self._grown += 1
        if self._grown > _CELLS:
            self._grown = 0
            self.plain.forget()
            for style in self._styles.values():
                style.forget()
            self._styles.clear()


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
_FOREGROUND, _BACKGROUND, _UNDERLINE = 38, 48, 58
_LAYERS = {_FOREGROUND: "fg", _BACKGROUND: "bg", _UNDERLINE: ""}
_INDEXED, _RGB = 5, 2


def _rendition(look: Cell, attributes: tuple[Attribute, ...]) -> Cell:
    """`look` after SGR. What is unknown is passed over, as tmux does."""
    change: dict[str, str | bool] = {}
    rest = list(reversed(attributes or (0,)))
    while rest:
        attribute = rest.pop()
        if isinstance(attribute, tuple):
            change.update(_group(attribute))
        elif attribute == 0:
            look, change = BLANK, {}
        elif attribute in _LAYERS:
            change.update(_colour(attribute, rest))
        else:
            change.update(_FLAGS.get(attribute) or _COLOURS.get(attribute) or {})
    return look._replace(**change)  # type: ignore[arg-type]  # the keys are the names of fields


def _colour(layer: int, rest: list[Attribute]) -> dict[str, str]:
    """A colour written with semicolons, taken off the end of `rest`."""
    kind = rest.pop() if rest else None
    if kind == _INDEXED and rest:
        return _set(layer, _indexed(rest.pop()))
    if kind == _RGB and len(rest) >= 3:
        name = _rgb(*rest[:-4:-1])
        if name:
            del rest[-3:]
        return _set(layer, name)
    return {}


def _group(numbers: tuple[int | None, ...]) -> dict[str, str | bool]:
    """One attribute written with colons: 4:n (kinds of underline), 38:5:n, 38:2:r:g:b and 38:2:<space>:r:g:b."""
    match numbers:
        case (4, style):
            return {"underscore": style != 0}
        case (int(layer), 5, index, *_) if layer in _LAYERS:
            return dict(_set(layer, _indexed(index)))
        case (int(layer), 2, red, green, blue) if layer in _LAYERS:
            return dict(_set(layer, _rgb(red, green, blue)))
        case (int(layer), 2, _, red, green, blue, *_) if layer in _LAYERS:
            return dict(_set(layer, _rgb(red, green, blue)))
    return {}


def _set(layer: int, name: str) -> dict[str, str]:
    return {_LAYERS[layer]: name} if name and _LAYERS[layer] else {}


def _indexed(number: Attribute | None) -> str:
    return graphics.FG_BG_256[number] if isinstance(number, int) and number < 256 else "default"


def _rgb(*parts: Attribute | None) -> str:
    """Six hex digits; nothing when a part is missing or out of range."""
    numbers = [part for part in parts if isinstance(part, int) and part < 256]
    return "".join(f"{number:02x}" for number in numbers) if len(numbers) == 3 else ""
