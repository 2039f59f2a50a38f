"""Write git's names as text."""

import re

_LETTERS = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_BYTES = {letter.encode(): bytes([code]) for code, letter in _LETTERS.items()}
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f-\x9f\udc80-\udcff]')
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)


def quote(path: bytes) -> str:
    """A path as git prints it: itself, or in quotes with C escapes where it is not plain. UTF-8 is plain text here.

    Different paths stay different, and no result holds a control character or what is not UTF-8.
    """
    text = path.decode("utf-8", "surrogateescape")
    if not _SPECIAL.search(text):
        return text
    return '"' + _SPECIAL.sub(lambda match: _escaped(match[0].encode("utf-8", "surrogateescape")), text) + '"'


def unquote(text: str) -> bytes:
    """The path that `quote` made this text of."""
    if not (len(text) > 1 and text[0] == text[-1] == '"'):
        return text.encode()
    return _ESCAPE.sub(lambda match: _BYTES.get(match[1]) or bytes([int(match[1], 8)]), text[1:-1].encode())


def join(folder: str, path: str) -> str:
    """A path below a folder, all of them as `quote` writes them."""
    return quote(unquote(folder) + b"/" + unquote(path))


def name(ref: bytes) -> str:
    """A ref's name as text; what is not UTF-8 in it becomes an escape."""
    return ref.decode("utf-8", "backslashreplace")


def _escaped(code: bytes) -> str:
    return "".join("\\" + (_LETTERS.get(each) or f"{each:03o}") for each in code)
