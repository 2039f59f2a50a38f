"""Answer what programs ask terminals."""

import re
from collections.abc import Callable, Iterator

Cursor = tuple[int, int]  # column and row, counted from 0

_ANSWERS: dict[bytes, Callable[[re.Match[bytes], Cursor], bytes]] = {
    rb"\x1b\[6n": lambda _, cursor: b"\x1b[%d;%dR" % (cursor[1] + 1, cursor[0] + 1),  # where is the cursor
    rb"\x1b\[5n": lambda *_: b"\x1b[0n",  # are you well
    rb"\x1b\[0?c": lambda *_: b"\x1b[?62;22c",  # what are you
    rb"\x1b\[>0?c": lambda *_: b"\x1b[>1;10;0c",  # which version
    rb"\x1b\[>0?q": lambda *_: b"\x1bP>|drill 1\x1b\\",  # your name
    rb"\x1b\[\?u": lambda *_: b"\x1b[?0u",  # which parts of the kitty keyboard protocol are on
    rb"\x1b\[\?(\d+)\$p": lambda query, _: b"\x1b[?%s;2$y" % query[1],  # is this mode set
    rb"\x1b\]10;\?(?:\x07|\x1b\\)": lambda *_: b"\x1b]10;rgb:eeee/eeee/eeee\x1b\\",  # text colour
    rb"\x1b\]11;\?(?:\x07|\x1b\\)": lambda *_: b"\x1b]11;rgb:1111/1111/1111\x1b\\",  # background colour
}
_QUERY = re.compile(b"|".join(b"(%s)" % query.replace(b"(\\d+)", b"\\d+") for query in _ANSWERS))
_EACH = [(re.compile(query), answer) for query, answer in _ANSWERS.items()]
_LONGEST = 24  # bytes of a query


class Replies:
    """What a common terminal sends back, query by query, however the program's output is cut."""

    def __init__(self) -> None:
        self._rest = b""

    def to(self, data: bytes, cursor: Cursor) -> Iterator[bytes]:
        """The replies to the queries that end in `data`."""
        text = self._rest + data
        end = 0
        for query in _QUERY.finditer(text):
            end = query.end()
            for pattern, answer in _EACH:
                if match := pattern.fullmatch(query[0]):
                    yield answer(match, cursor)
        tail = text[max(end, len(text) - _LONGEST) :]
        self._rest = tail[tail.find(b"\x1b") :] if b"\x1b" in tail else b""
