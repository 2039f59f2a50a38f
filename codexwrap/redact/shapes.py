"""Find secrets by their shape.

Every pattern takes time in proportion to the text: none can match nothing, what follows an unbounded part is optional or
looked at afterwards (`secret`), and where a candidate is refused the search goes on behind it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """A secret in a text, and what kind it is."""

    start: int
    end: int
    kind: str


class Shape(NamedTuple):
    """A kind of secret: what group 1 of `pattern` matches, or all of it, if `secret` says so of the match.

    `literals`, in small letters, are looked for first: most text holds none of them, and a find is cheap.
    """

    kind: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    secret: Callable[[re.Match[str]], bool]


def spans(text: str, known: Sequence[str] = ()) -> list[Span]:
    """The secrets of a text, in order, none overlapping; `known` are values that are secret whatever their shape."""
    found = [*_known(text, known), *_shaped(text)]
    merged: list[Span] = []
    for each in sorted(found, key=lambda span: span.start):
        if merged and each.start < merged[-1].end:
            last = merged.pop()
            each = Span(last.start, max(last.end, each.end), last.kind)  # noqa: PLW2901
        merged.append(each)
    return merged


def _known(text: str, known: Sequence[str]) -> Iterator[Span]:
    for value in filter(None, known):
        start = text.find(value)
        while start >= 0:
            yield Span(start, start + len(value), "value")
            start = text.find(value, start + len(value))


def _shaped(text: str) -> Iterator[Span]:
    small = text.lower()
    for shape in _SHAPES:
        if not any(literal in small for literal in shape.literals):
            continue
        for match in shape.pattern.finditer(text):
            if shape.secret(match):
                yield Span(*match.span(match.re.groups and 1), shape.kind)


# --- what a secret looks like -------------------------------------------------------------------------------------


def _any(_match: re.Match[str]) -> bool:
    return True


def _with_digit(match: re.Match[str]) -> bool:
    """What somebody generated has a digit, or stars where it was masked; `sk-network-config` has neither."""
    return bool(_DIGIT.search(match[match.re.groups and 1]))


def _with_dot(match: re.Match[str]) -> bool:
    return "." in match[0]


def _assigned(match: re.Match[str]) -> bool:
    """What stands behind a name like `api_key:` is no code, path, count or word."""
    value = match[1].rstrip(".:")
    password = bool(_PASSWORD.search(match[0]))
    if len(value) < (6 if password else 12) or _is_code(match) or not _DIGIT.search(value):
        return False
    return password or not value.isdecimal()


def _exported(match: re.Match[str]) -> bool:
    """The same behind a name in capitals with `=`, where also words are secrets."""
    value = match[1]
    if value.isdecimal():
        return bool(_PASSWORD.search(match[0]))
    return value.lower() not in _SWITCHES and not _is_code(match)


def _is_code(match: re.Match[str]) -> bool:
    """A call, an index, a reference to something else, or a path."""
    follows = match.string[match.end() : match.end() + 1]
    return follows in tuple("([{") or match[1].startswith(_NO_SECRETS) or bool(_DOTTED.fullmatch(match[1]))


def _cookie(match: re.Match[str]) -> bool:
    return "=" in match[1] and _with_digit(match)


_DIGIT = re.compile(r"[0-9*]")
_PASSWORD = re.compile(r"(?i)pass|secret|credential")
_DOTTED = re.compile(r"[a-z_]\w*(?:\.[a-z_]\w*)+")
_NO_SECRETS = ("/", "./", "../", "~/", "$", "%", "http://", "https://")
_SWITCHES = ("true", "false", "none", "null", "undefined")

_NAMES = (
    r"(?:(?:api|access|secret|private|auth|account|signing|encryption|master|shared|service|license)[_-]?key"
    r"|token|secret|passw(?:or)?d|passphrase|credential)"
)
_CAPITALS = (
    r"(?:TOKEN|SECRET|PASSWO?R?D|PASSPHRASE|(?<![A-Z])PASS|CREDENTIAL"
    r"|(?:API|ACCESS|PRIVATE|SECRET|AUTH|MASTER|SIGNING)_?KEY)"
)
_WORDS = "key token secret pass credential"
_VALUE = r"""[^\s"'`,;(){}\[\]<>\\]"""


def _shape(kind: str, literals: str, pattern: str, secret: Callable[[re.Match[str]], bool] = _any) -> Shape:
    return Shape(kind, tuple(literals.split()), re.compile(pattern), secret)


# What agents, their tools and their users print by accident. What is not named here is caught when it is the value of an
# environment variable with a telling name, and else not at all.
_SHAPES = (
    _shape(
        "private-key",
        "-----begin",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
        r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    ),
    _shape("jwt", "eyj", r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}", _with_dot),
    _shape("anthropic-key", "sk-ant-", r"\bsk-ant-[\w-]{8,}"),
    _shape("openai-key", "sk-", r"\bsk-[\w*-]{8,}", _with_digit),
    _shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\b(?:gh[pousr]_|github_pat_)\w{16,}"),
    _shape("gitlab-token", "glpat- glptt- gldt- glrt-", r"\bgl(?:pat|ptt|dt|rt)-[\w-]{16,}"),
    _shape("slack-token", "xox xapp-", r"\b(?:xox[a-z]|xapp)-[\w-]{8,}", _with_digit),
    _shape(
        "webhook",
        "hooks.slack.com /api/webhooks/",
        r"\b(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks)/[\w/-]+",
    ),
    _shape("aws-key", "akia asia", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _shape("google-key", "aiza ya29. gocspx-", r"\b(?:AIza[\w-]{30,}|ya29\.[\w-]{16,}|GOCSPX-[\w-]{16,})"),
    _shape("npm-token", "npm_", r"\bnpm_\w{30,}"),
    _shape("pypi-token", "pypi-", r"\bpypi-AgE[\w-]{16,}"),
    _shape("stripe-key", "k_live_ k_test_ whsec_", r"\b(?:[rs]k_(?:live|test)|whsec)_\w{16,}"),
    _shape("token", "hf_ gsk_ xai-", r"\b(?:hf_|gsk_|xai-)\w{30,}", _with_digit),
    _shape("docker-token", "dckr_pat_", r"\bdckr_pat_[\w-]{16,}"),
    _shape("age-key", "age-secret-key-", r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"),
    _shape("bearer", "bearer", r"(?i)\bbearer\s{1,8}([\w.~+/=-]{12,})", _with_digit),
    _shape(
        "authorization",
        "authorization",
        r"(?i)\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:basic|token|digest|apikey)\s{1,8}([\w.~+/=-]{8,})",
    ),
    _shape("cookie", "cookie", r"(?i)\bcookie[\"']?:\s{0,3}[\"']?([^\s\"'][^\r\n\"']{7,})", _cookie),
    _shape("url-password", "://", r"(?<=://)[^\s/:@]{0,100}:[^\s/@]{3,200}(?=@)"),
    _shape(
        "value", _WORDS, rf"(?i){_NAMES}s?\\?[\"']?\s{{0,3}}(?::=|=>|[:=])\s{{0,3}}\\?[\"']?({_VALUE}{{6,}})", _assigned
    ),
    _shape(
        "value", _WORDS, rf"\b[A-Z0-9_]{{0,64}}{_CAPITALS}S?(?:_BASE|_\d{{1,3}})?=\\?[\"']?({_VALUE}{{4,}})", _exported
    ),
    _shape(
        "value", _WORDS, rf"(?i)(?<![\w-])--?(?:[\w-]{{0,40}}[_-])?{_NAMES}\s{{1,3}}[\"']?({_VALUE}{{6,}})", _assigned
    ),
)
