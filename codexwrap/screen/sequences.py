"""Know what sequences do."""

import re

from codexwrap.screen.cells import Attribute
from codexwrap.screen.escapes import MAX_SEQUENCE, Action

_MAX_PARAMETER = 65535
_MAX_ACTIONS = 4096

# What controls and ESC sequences do: the name of a method, and its arguments. What is not here does nothing.
_PLAIN: dict[str, tuple[str, tuple[str, ...]]] = {
    "\b": ("backspace", ()),
    "\t": ("tab", ()),
    "\n": ("linefeed", ()),
    "\v": ("linefeed", ()),
    "\f": ("linefeed", ()),
    "\r": ("carriage_return", ()),
    "\x0e": ("shift_out", ()),
    "\x0f": ("shift_in", ()),
    "\x1b7": ("save_cursor", ()),
    "\x1b8": ("restore_cursor", ()),
    "\x1b#8": ("alignment_display", ()),
    "\x1bD": ("index", ()),
    "\x1bE": ("next_line", ()),
    "\x1bH": ("set_tab_stop", ()),
    "\x1bM": ("reverse_index", ()),
    "\x1bc": ("reset", ()),
    **{f"\x1b{mode}{code}": ("define_charset", (code, mode)) for mode in "()" for code in "AB0"},
}

# What CSI sequences do, by their private prefix, intermediates and final: the name of a method, and how many parameters
# it takes. A sequence with more of them does nothing (as in libghostty-vt), nor does one that is not here.
_MANY = MAX_SEQUENCE
_CSI: dict[str, tuple[str, int]] = {
    "@": ("insert_characters", 1),
    "A": ("cursor_up", 1),
    "B": ("cursor_down", 1),
    "C": ("cursor_forward", 1),
    "D": ("cursor_back", 1),
    "E": ("cursor_down1", 1),
    "F": ("cursor_up1", 1),
    "G": ("cursor_to_column", 1),
    "H": ("cursor_position", 2),
    "I": ("tab", 1),
    "J": ("erase_in_display", 1),
    "?J": ("erase_in_display", 1),
    "K": ("erase_in_line", 1),
    "?K": ("erase_in_line", 1),
    "L": ("insert_lines", 1),
    "M": ("delete_lines", 1),
    "P": ("delete_characters", 1),
    "S": ("scroll_up", 1),
    "T": ("scroll_down", 1),
    "X": ("erase_characters", 1),
    "Z": ("tab_back", 1),
    "`": ("cursor_to_column", 1),
    "a": ("cursor_forward", 1),
    "b": ("repeat", 1),
    "d": ("cursor_to_line", 1),
    "e": ("cursor_down", 1),
    "f": ("cursor_position", 2),
    "g": ("clear_tab_stop", 1),
    "h": ("set_mode", _MANY),
    "?h": ("set_private_mode", _MANY),
    "l": ("reset_mode", _MANY),
    "?l": ("reset_private_mode", _MANY),
    "m": ("select_graphic_rendition", _MANY),
    "r": ("set_margins", 2),
    "s": ("save_cursor", _MANY),
    "t": ("window", _MANY),
    "u": ("restore_cursor", _MANY),
}
_SEQUENCE = re.compile(r"\x1b\[([<=>?]?)([0-9;:]*)([ -/]*)([@-~])")


class Actions(dict[str, Action]):
    """What each sequence does to a screen, worked out once."""

    def __init__(self, screen: object) -> None:
        super().__init__()
        self._screen = screen

    def __missing__(self, sequence: str) -> Action:
        if len(sequence) > MAX_SEQUENCE:
            return _NOTHING
        if len(self) >= _MAX_ACTIONS:
            self.clear()
        action = self[sequence] = self._find(sequence)
        return action

    def _find(self, sequence: str) -> Action:
        match = _SEQUENCE.fullmatch(sequence)
        if match is None:
            name, arguments = _PLAIN.get(sequence, ("", ()))
            return (getattr(self._screen, name), arguments) if name else _NOTHING
        prefix, parameters, intermediates, final = match.groups()
        name, limit = _CSI.get(prefix + intermediates + final, ("", 0))
        if not name:
            return _NOTHING
        if final == "m":
            return getattr(self._screen, name), tuple(map(_attribute, parameters.split(";")))
        if ":" in parameters:
            return _NOTHING
        numbers = tuple(map(_number, parameters.removesuffix(";").split(";"))) if parameters else ()
        return (getattr(self._screen, name), numbers) if len(numbers) <= limit else _NOTHING


_NOTHING: Action = (lambda: None, ())


def _number(parameter: str) -> int:
    return min(int(parameter), _MAX_PARAMETER) if parameter else 0


def _attribute(parameter: str) -> Attribute:
    if ":" in parameter:
        return tuple(_number(part) if part else None for part in parameter.split(":"))
    return _number(parameter) if parameter else None
