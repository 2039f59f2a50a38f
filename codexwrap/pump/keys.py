"""Notice a submitted line."""

import re

_PASTE, _PASTE_END = b"\x1b[200~", b"\x1b[201~"

# Enter by itself: a carriage return that no Escape makes Alt+Enter, or in the kitty protocol key 13 (57414 on the
# keypad), pressed or repeated, without a modifier (CSI key;modifiers:event u; sw.kovidgoyal.net/kitty/keyboard-protocol)
_ENTER = re.compile(rb"(?<!\x1b)\r|\x1b\[(?:13|57414)(?::\d*)*(?:;1?(?::[12]?)?(?:;[\d:]*)?)?u|\x1bOM")
_UNFINISHED = re.compile(rb"\x1b(?:O|\[[\d;:]{0,32})?\Z")


class Keys:
    """Follows what the user types, as it arrives in pieces, to tell what is typed from what is pasted."""

    def __init__(self) -> None:
        self._pasting = False
        self._tail = b""  # the start of a sequence that the last piece broke off in

    def submitted(self, data: bytes) -> bool:
        """Whether `data`, the next piece, holds an Enter that was typed."""
        if not self._pasting and not self._tail and b"\r" not in data and b"\x1b" not in data:
            return False  # as nearly always
        if self._tail != b"\x1b" or data[:1] in (b"[", b"O"):  # else it was the Escape key, and something else now
            data = self._tail + data
        self._tail = b""
        found = False
        while data:
            if self._pasting:
                _, end, rest = data.partition(_PASTE_END)
                if not end:
                    self._tail = data[1 - len(_PASTE_END) :]
                    return found
                self._pasting, data = False, rest
            typed, start, rest = data.partition(_PASTE)
            found = found or bool(_ENTER.search(typed))
            if not start:
                unfinished = _UNFINISHED.search(typed)
                self._tail = unfinished[0] if unfinished else b""
                return found
            self._pasting, data = True, rest
        return found
