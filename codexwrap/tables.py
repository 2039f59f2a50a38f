"""Print rows as a table."""

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from codexwrap.redact.redact import printable

_COLOURS = {
    "DEAD": "31",
    "STALLED": "33",
    "SUSPECT": "33",
    "WORKING": "32",
    "IDLE": "32",
    "ALIVE": "32",
    "UNKNOWN": "35",
}


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], *, widths: Sequence[int] | None = None) -> str:
    """Rows under their headings, columns as wide as they need; nothing in a cell can move the cursor.

    `widths` are the most that the columns may take: what is longer is cut.
    """
    cells = [[printable("" if value is None else str(value)) for value in row] for row in (headings, *rows)]
    if widths is not None:
        cells = [[cut(text, most) for text, most in zip(row, widths, strict=True)] for row in cells]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_row(row, widths) for row in cells)


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [text + " " * (room - width(text)) for text, room in zip(row, widths, strict=True)]
    return "  ".join(_coloured(text) for text in padded).rstrip()


def width(text: str) -> int:
    """How many columns a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def cut(text: str, most: int) -> str:
    """A text that takes no more columns than that; where some of it is missing, it ends in `…`."""
    if width(text) <= most:
        return text
    while text and width(text) >= most:
        text = text[:-1]
    return text + "…"


def _coloured(text: str) -> str:
    code = _COLOURS.get(text.strip())
    return f"\x1b[{code}m{text}\x1b[0m" if code and colour() else text


def colour() -> bool:
    """Colour is for terminals whose user has not said no."""
    return (
        bool(sys.stdout) and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def as_json(value: Sequence[Any] | Mapping[str, Any]) -> str:
    """The same for programs."""
    return json.dumps(value, indent=1, ensure_ascii=True)
