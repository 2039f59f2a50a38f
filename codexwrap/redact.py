"""Remove secrets from text, and what a terminal would obey."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class _Shape(NamedTuple):
    """A kind of secret. `literals` are looked for first: most text holds none of them, and a find is cheap."""

    name: str
    literals: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(name: str, literals: str, pattern: str) -> _Shape:
    return _Shape(name, tuple(literals.split()), re.compile(pattern))


# What agents, their tools and their users print by accident. A shape that is not named here is caught by `known_values`
# when it is the value of an environment variable, and else not at all.
_SHAPES = (
    _shape(
        "private-key",
        "-----BEGIN",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    ),
    _shape("jwt", "eyJ", r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    _shape("anthropic-key", "sk-ant-", r"\bsk-ant-[\w-]{8,}"),
    _shape("openai-key", "sk-", r"\bsk-(?!ant-)[\w*-]{8,}"),
    _shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\b(?:gh[pousr]_|github_pat_)\w{16,}"),
    _shape("slack-token", "xox xapp-", r"\b(?:xox[a-z]|xapp)-[\w-]{8,}"),
    _shape(
        "webhook",
        "hooks.slack.com discord",
        r"https://(?:hooks\.slack\.com|discord(?:app)?\.com/api/webhooks)/[\w/-]+",
    ),
    _shape("aws-key", "AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _shape("google-key", "AIza ya29.", r"\bAIza[\w-]{30,}|\bya29\.[\w-]{16,}"),
    _shape("gitlab-token", "glpat-", r"\bglpat-[\w-]{16,}"),
    _shape("npm-token", "npm_", r"\bnpm_\w{30,}"),
    _shape("bearer", "earer EARER", r"(?i)\bbearer\s+(?!\[redacted)[\w.~+/=-]{12,}"),
    _shape("url-password", "://", r"(?<=://)[^\s/:@]{1,100}:(?!\[redacted)[^\s/@]{3,200}(?=@)"),
)
_ASSIGNMENT = re.compile(
    r"(?i)((?<![a-z])(?:[a-z0-9_.-]{0,40}[_.-])?(?:api[_-]?key|token|secret|passwd|password|credential)s?[\"']?\s{0,3}[=:]\s{0,3}[\"']?)"
    r"((?=[^\s\"']{0,200}[0-9])(?!\[redacted)[^\s\"',;)}\]]{12,})"
)
_ASSIGNMENT_WORDS = ("key", "token", "secret", "passw", "credential")
_SECRET_NAME = re.compile(r"(?i)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)")


def known_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values of environment variables whose names say that they are secret, longest first.

    Short values and paths are left out: they are rarely secrets, and blanking them would blank ordinary words.
    """
    values = {
        value
        for name, value in environ.items()
        if _SECRET_NAME.search(name) and len(value) >= 8 and not value.startswith(("/", "~/", "./"))
    }
    return tuple(sorted(values, key=len, reverse=True))


def redact(text: str, known: Iterable[str] = ()) -> str:
    """`text` with every known value and every well-known shape of a secret replaced by `[redacted <kind>]`.

    Redacting twice changes nothing more.
    """
    for value in known:
        if value in text:
            text = text.replace(value, "[redacted value]")
    for shape in _SHAPES:
        if any(literal in text for literal in shape.literals):
            text = shape.pattern.sub(f"[redacted {shape.name}]", text)
    lowered = text.lower()
    if any(word in lowered for word in _ASSIGNMENT_WORDS):
        text = _ASSIGNMENT.sub(r"\1[redacted value]", text)
    return text


# C0 and C1 controls, and what reorders or hides text: bidi overrides and isolates, zero-width and separator characters.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)


def printable(text: str, *, keep: str = "") -> str:
    """`text` with nothing in it that a terminal obeys: one line, unless `keep` holds a newline."""
    return _UNPRINTABLE.sub(lambda match: match[0] if match[0] in keep else " " if match[0] in "\n\r\t" else "", text)
