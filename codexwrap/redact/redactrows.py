"""Redact secrets that screens wrap."""

import re
from collections.abc import Iterator, Sequence

from codexwrap.redact.redact import secrets

_Piece = tuple[int | None, int, str]  # row, column, text; of no row what was put between

# What stands at the edges of a row that is not its text: blanks, and the lines that programs draw beside it.
_LEFT = " \t│┃▌|└├╰"
_RIGHT = " │┃|"
_RUN = re.compile(r"[\w.~+/=*-]+")  # what secrets are made of
_EDGE = 8  # columns between the end of a row that goes on in the next and the end of the widest


def rows(screen: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """The rows of a screen, redacted; a secret may go on in the next row, also behind an indent or inside a frame."""
    cuts: list[list[tuple[int, int, str]]] = [[] for _ in screen]
    for pieces in (list(_apart(screen)), list(_running_on(screen))):
        text = "".join(piece for _, _, piece in pieces)
        for start, end, kind in secrets(text, known):
            at, label = 0, f"[redacted {kind}]"
            for row, column, piece in pieces:
                first, last = max(start, at) - at, min(end, at + len(piece)) - at
                if row is not None and first < last:
                    cuts[row].append((column + first, column + last, label))
                    label = ""
                at += len(piece)
    _go_on(screen, cuts)
    return [_cut(row, sorted(own)) for row, own in zip(screen, cuts, strict=True)]


def _apart(screen: Sequence[str]) -> Iterator[_Piece]:
    for number, row in enumerate(screen):
        yield number, 0, row
        yield None, 0, "\n"


def _running_on(screen: Sequence[str]) -> Iterator[_Piece]:
    widest = max(map(len, screen), default=0)
    for number, row in enumerate(screen):
        indent = _indent(row)
        yield number, indent, row[indent:].rstrip(_RIGHT)
        if not _may_go_on(row, widest):
            yield None, 0, "\n"


def _go_on(screen: Sequence[str], cuts: Sequence[list[tuple[int, int, str]]]) -> None:
    """Cut what a secret goes on with that ends at the end of a full row and starts at the start of one."""
    widest = max(map(len, screen), default=0)
    for number in range(1, len(screen)):
        above, row = screen[number - 1], screen[number]
        ends = max((end for _, end, _ in cuts[number - 1]), default=0)
        if ends and ends >= len(above.rstrip(_RIGHT)) and _may_go_on(above, widest):
            indent = _indent(row)
            if goes_on := _RUN.match(row, indent):
                cuts[number].append((indent, goes_on.end(), ""))


def _may_go_on(row: str, widest: int) -> bool:
    """Whether what ends a row may go on in the next: the row is full, or a long word was broken at its hyphen."""
    return len(row) >= widest - _EDGE or row.rstrip(_RIGHT).endswith("-")


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip(_LEFT))


def _cut(row: str, cuts: Sequence[tuple[int, int, str]]) -> str:
    parts = []
    at = 0
    for start, end, label in cuts:
        if end > at:
            parts += [row[at : max(at, start)], label]
            at = end
    return "".join([*parts, row[at:]])
