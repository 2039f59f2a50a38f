"""Read a half-typed bash line.

bash tells a completion function what was typed, quotes and all, and puts what the function answers onto the line as it
stands. Here both ways are gone without evaluating anything.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

_PIECE = re.compile(
    r"""(?P<blank>[ \t\n]+)
      | (?P<operator>[|&;()<>]+)
      | \$?'(?P<single>[^']*)(?P<closed1>'?)
      | \$?"(?P<double>(?:[^"\\]|\\.|\\\Z)*)(?P<closed2>"?)
      | \\(?P<escaped>.?)
      | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r'\\([$`"\\])')
_SPECIAL = re.compile(r"""([|&;<>()$`\\"' *?\[\]#~%!{}^])""")


class Line(NamedTuple):
    """A line up to the cursor, as words without their quotes; the last one, under the cursor, may be empty.

    `starts` are the places of the words in the line; `quote` is the quote that is open at the cursor; what readline
    replaces stands behind the first `kept` characters of the last word. `redirected`: that word is a redirection's file.
    """

    words: list[str]
    starts: list[int]
    quote: str
    kept: int
    redirected: bool


def read(text: str, breaks: str) -> Line:
    """What was typed before the cursor; `breaks` is bash's COMP_WORDBREAKS."""
    words: list[str] = []
    starts: list[int] = []
    quote, kept = "", 0
    inside = redirected = arrow = False
    for piece in _PIECE.finditer(text):
        if piece["blank"] or piece["operator"]:
            inside = False
            arrow = arrow if piece["blank"] else bool(set(piece["operator"]) & {"<", ">"})
            continue
        if not inside:
            inside, redirected, arrow, kept = True, arrow, False, 0
            words.append("")
            starts.append(piece.start())
        if piece["single"] is not None:
            quote, more = "" if piece["closed1"] else "'", piece["single"]
        elif piece["double"] is not None:
            quote, more = "" if piece["closed2"] else '"', _ESCAPED.sub(r"\1", piece["double"])
        else:
            more = piece["escaped"] or piece["plain"] or ""
        if quote:  # readline begins right behind a quote that is still open
            kept = len(words[-1])
        words[-1] += more
        if piece["plain"] and piece["plain"] in breaks:
            kept = len(words[-1])
    if not inside:
        words.append("")
        starts.append(len(text))
        redirected, kept = arrow, 0
    return Line(words, starts, quote, kept, redirected)


def fitting(line: Line, values: Iterable[str]) -> list[str]:
    """Those values that begin with the last word, as bash must put them behind what it keeps of that word."""
    fits = (value[line.kept :] for value in values if value.startswith(line.words[-1]))
    return [written for value in fits if (written := _written(value, line.quote)) is not None]


def place(words: Iterable[str], text: str, start: int) -> int:
    """The index in bash's own list of the words of a line, cut up at word breaks, of the one at `start` in the line."""
    index = at = 0
    for word in words:
        at = text.find(word, at)
        if at < 0 or at >= start:
            break
        at += len(word)
        index += 1
    return index


def _written(value: str, quote: str) -> str | None:
    if quote == "'":
        return None if "'" in value else value
    if quote == '"':  # in which nothing keeps bash from taking an exclamation mark for history
        return None if "!" in value else re.sub(r'([$`"\\])', r"\\\1", value)
    return _SPECIAL.sub(r"\\\1", value)
