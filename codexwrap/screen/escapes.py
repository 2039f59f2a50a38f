"""Cut terminal output into sequences."""

import codecs
import re
from collections.abc import Callable, Mapping
from typing import Any

# What to do for a sequence, and with which arguments.
Action = tuple[Callable[..., None], tuple[Any, ...]]

# No terminal knows a longer sequence than this: longer ones are swallowed.
MAX_SEQUENCE = 256  # characters
# A longer OSC string (a clipboard, an image) is swallowed too, so that what is kept of an endless one is bounded.
MAX_STRING = 65536  # characters

# Runs of text and sequences in one piece are matched at once; what is torn or interrupted is read step by step.
_TOKEN = re.compile(
    r"([^\x00-\x1f\x7f]+)"
    r"|(\x1b\[[ -?]*[@-~]|\x1b(?:[0-OQ-WYZ\\`-jl-~]|[ -/]+[0-~])|[\x00-\x1a\x1c-\x1f])"
    r"|\x1b\]([^\x00-\x1f]*)(?:\x07|\x1b\\)"
    r"|(\x1b)"
    r"|\x7f"
)
_TEXT, _SEQUENCE, _COMMAND, _OPENED = 1, 2, 3, 4

_ESC = "\x1b"
_CSI = "\x1b["
_CANCEL = "\x18\x1a"
_STRINGS = "]PX^_k"  # OSC, DCS, SOS, PM, APC, and the title of screen and tmux
_OSC = "]"
_PARAMETERS = re.compile(r"[ -?]+")
_INTERMEDIATES = re.compile(r"[ -/]+")
_END = re.compile(r"[\x18\x1a\x1b]")
_END_OF_OSC = re.compile(r"[\x07\x18\x1a\x1b]")
_CONTROLS = dict.fromkeys(range(0x20))


class Parser:
    """Calls for each part of a stream of bytes, in its order, however it is cut.

    `draw` gets text to show, `actions` is asked what a control, an ESC or a CSI sequence does (without the controls
    that stood inside it: they are done first, as a terminal does), `command` gets what an OSC string holds.
    The rules are those of VT500 parsers (https://vt100.net/emu/dec_ansi_parser), in UTF-8: C1 controls are no controls,
    and bytes that are not UTF-8 are U+FFFD. A string ends at any ESC, and CAN or SUB drops it.
    """

    def __init__(
        self, draw: Callable[[str], None], actions: Mapping[str, Action], command: Callable[[str], None]
    ) -> None:
        self._draw = draw
        self._actions = actions
        self._command = command
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._sequence = ""  # what is there of a sequence that is not complete
        self._string = ""  # the introducer of the string that is not complete
        self._parts: list[str] = []
        self._length = 0

    def feed(self, data: bytes) -> None:
        """Never raises by itself; what a callback raises passes through, and the rest of `data` is lost."""
        text = self._decoder.decode(data)
        draw, actions = self._draw, self._actions
        position = self._go_on(text, 0)
        while position < len(text):
            for match in _TOKEN.finditer(text, position):
                kind = match.lastindex
                if kind == _TEXT:
                    draw(match[0])
                elif kind == _SEQUENCE:
                    act, arguments = actions[match[0]]
                    act(*arguments)
                elif kind == _COMMAND:
                    if len(match[3]) <= MAX_STRING:
                        self._command(match[3])
                elif kind == _OPENED:
                    self._sequence = _ESC
                    position = self._go_on(text, match.end())
                    break
            else:
                return

    def _go_on(self, text: str, position: int) -> int:
        """Read on in what was begun, up to its end or the text's."""
        while position < len(text) and (self._sequence or self._string):
            position = self._in_string(text, position) if self._string else self._in_sequence(text, position)
        return position

    def _in_sequence(self, text: str, position: int) -> int:
        begun = self._sequence
        more = (_PARAMETERS if begun.startswith(_CSI) else _INTERMEDIATES).match(text, position)
        if more:
            self._sequence = (begun + more[0])[: MAX_SEQUENCE + 1]
            return more.end()
        char = text[position]
        if char in _CANCEL:
            self._sequence = ""
        elif char == _ESC:
            self._sequence = _ESC
        elif char < " ":
            self._act(char)
        elif char < "\x7f":
            self._finish(begun, char)
        return position + 1

    def _finish(self, begun: str, char: str) -> None:
        self._sequence = ""
        if begun == _ESC and char == "[":
            self._sequence = _CSI
        elif begun == _ESC and char in _STRINGS:
            self._string = char
        else:
            self._act(begun + char)

    def _act(self, sequence: str) -> None:
        act, arguments = self._actions[sequence]
        act(*arguments)

    def _in_string(self, text: str, position: int) -> int:
        end = (_END_OF_OSC if self._string == _OSC else _END).search(text, position)
        stop = end.start() if end else len(text)
        if self._string == _OSC:
            self._length += stop - position
            if self._length <= MAX_STRING:
                self._parts.append(text[position:stop])
        if end is None:
            return stop
        payload = "".join(self._parts).translate(_CONTROLS)
        whole = self._string == _OSC and self._length <= MAX_STRING and end[0] not in _CANCEL
        self._string, self._length = "", 0
        self._parts.clear()
        if whole:
            self._command(payload)
        return stop if end[0] == _ESC else stop + 1
