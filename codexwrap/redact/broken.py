"""Find secrets that something breaks."""

import re
from collections.abc import Iterator, Sequence

from codexwrap.redact.redact import secrets

_HYPHEN = re.compile(r"(?<=-)\s+(?=\w)")  # where programs break a long word first
_STYLE = r"\x1b\[[0-9;:]*m"  # what changes how the next character looks, and not where it stands
_SEQUENCE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]+[0-~]|[0-Z\\^-~])"
_STYLED = re.compile(_STYLE)
_MOVE = rf"(?!{_STYLE})(?:{_SEQUENCE}|[\x00-\x1f\x7f])"
_MOVED = re.compile(rf"{_MOVE}(?:{_SEQUENCE}|[\x00-\x1f\x7f])* *|{_STYLE}")  # and an indent behind it

_Span = tuple[int, int, str]


def text(words: str, known: Sequence[str] = ()) -> str:
    """`words` redacted, also where a row ended behind a hyphen within a secret."""
    return _cut(words, [*secrets(words, known), *_through(words, known, _HYPHEN)])


def stream(written: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """What a program wrote to a terminal, piece by piece, with every character of a secret replaced by `x`.

    A secret is also found where escape sequences or the end of a row break it. Nothing moves: what is replaced takes as
    many columns, and all escape sequences stay.
    """
    whole = "".join(written)
    clean = list(whole)
    for pattern in (_STYLED, _MOVED):
        kept = _kept(whole, pattern)
        for start, end, _ in secrets("".join(whole[at] for at in kept), known):
            for at in kept[start:end]:
                clean[at] = "x"
    pieces, at = [], 0
    for each in written:
        pieces.append("".join(clean[at : at + len(each)]))
        at += len(each)
    return pieces


def _through(words: str, known: Sequence[str], left_out: re.Pattern[str]) -> Iterator[_Span]:
    kept = _kept(words, left_out)
    if len(kept) < len(words):
        for start, end, kind in secrets("".join(words[at] for at in kept), known):
            yield kept[start], kept[end - 1] + 1, kind


def _kept(words: str, left_out: re.Pattern[str]) -> list[int]:
    """Where the characters stand that are not left out."""
    kept: list[int] = []
    at = 0
    for match in left_out.finditer(words):
        kept += range(at, match.start())
        at = match.end()
    return [*kept, *range(at, len(words))]


def _cut(words: str, spans: Sequence[_Span]) -> str:
    parts, at = [], 0
    for start, end, kind in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end > at:
            parts += [words[at : max(at, start)], f"[redacted {kind}]" if start >= at else ""]
            at = end
    return "".join([*parts, words[at:]])
