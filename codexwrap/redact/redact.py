"""Remove secrets from text, and what a terminal would obey."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence

_MARK = re.compile(r"\[redacted [a-z-]+\]")

# Names of variables that hold secrets, as far as a name tells.
_SECRET_NAME = re.compile(
    r"(?i)TOKEN|SECRET|PASSWO?R?D|PASSPHRASE|CREDENTIAL|PRIVATE_?KEY|API_?KEY|(?:^|_)(?:KEYS?|PASS|DSN)(?:_|$|\d)"
)
_SHORTEST = 8  # characters; blanking what is shorter would blank ordinary words


def known_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values of environment variables whose names say that they are secret.

    Short values, numbers and paths are left out: they are rarely secrets, and blanking them would blank ordinary words.
    """
    values = {
        value
        for name, value in environ.items()
        if _SECRET_NAME.search(name)
        and len(value) >= _SHORTEST
        and not value.isdecimal()
        and not (value.startswith(("/", "~/", "./")) and os.path.lexists(os.path.expanduser(value)))  # noqa: PTH111
    }
    return tuple(sorted(values))


def redact(text: str, known: Sequence[str] = ()) -> str:
    """`text` with every known value and every well-known shape of a secret replaced by `[redacted <kind>]`.

    Redacting twice changes nothing more.
    """
    parts = []
    at = 0
    for start, end, kind in secrets(text, known):
        parts += [text[at:start], f"[redacted {kind}]"]
        at = end
    return "".join([*parts, text[at:]])


def arguments(argv: Sequence[str], known: Sequence[str] = ()) -> list[str]:
    """The same for each argument of a command; also for one that is the value of the option before it."""
    clean: list[str] = []
    for before, argument in zip(["", *argv], argv, strict=False):
        alone = redact(argument, known)
        if alone == argument and before.startswith("-") and redact(before, known) == before:
            pair = f"{before} {argument}"
            alone = argument if redact(pair, known) == pair else "[redacted value]"
        clean.append(alone)
    return clean


def secrets(text: str, known: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Where the secrets of a text are: start, end, kind, in order.

    What was redacted before stays as it is, and parts what is around it.
    """
    from codexwrap.redact import shapes  # whoever only prints does not wait for them

    marks = [match.span() for match in _MARK.finditer(text)]
    found: list[tuple[int, int, str]] = []
    gaps = list(_between(marks, 0, len(text)))
    while gaps:
        start, end = gaps.pop()
        inside = [(start + a, start + b, kind) for a, b, kind in shapes.spans(text[start:end], known)]
        if inside:
            found += inside
            gaps += _between([(a, b) for a, b, _ in inside], start, end)
    return iter(sorted(found))


def _between(taken: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    for a, b in taken:
        if start < a:
            yield start, a
        start = b
    if start < end:
        yield start, end


# C0 and C1 controls, and what reorders or hides text: bidi overrides and isolates, zero-width and separator characters.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)


def printable(text: str, *, keep: str = "") -> str:
    """`text` with nothing in it that a terminal obeys: one line, unless `keep` holds a newline."""
    return _UNPRINTABLE.sub(lambda match: match[0] if match[0] in keep else " " if match[0] in "\n\r\t" else "", text)
