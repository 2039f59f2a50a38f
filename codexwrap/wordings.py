"""Look for known wordings in Codex."""

import mmap
import re
from pathlib import Path
from typing import NamedTuple

from codexwrap.agents import codex

# Parts of what Codex draws when its session dies, as they stand in its program: each whole in one string there.
_KNOWN = (
    "Your access token could not be refreshed because your refresh token was revoked",
    "Your access token could not be refreshed because your refresh token was already used",
    "Your access token could not be refreshed because your refresh token has expired",
    "Your access token could not be refreshed because you have since logged out",
    "hit your usage limit",
    "Your workspace is out of credits",
    "You hit your spend cap",
    "To use Codex with your ChatGPT plan",
    "Quota exceeded",
    "exceeded retry limit, last status:",
    "unexpected status ",
    "stream disconnected before completion",
    "ran out of room in the model's context window",
    "Selected model is at capacity",
    "currently experiencing high demand",
)
# How sentences of that kind begin. One that no rule knows may be a new one.
_STEMS = re.compile(
    rb"(?:Your access token could not be refreshed because|You(?:'|\xe2\x80\x99)ve (?:hit|reached) your"
    rb"|Your workspace is|You hit your|You(?:'|\xe2\x80\x99)re out of)[ -~]{4,90}?[.!]"
)


class Wordings(NamedTuple):
    """What a program holds of the known wordings: `present`, `gone`, and sentences like them that no rule knows."""

    present: tuple[str, ...]
    gone: tuple[str, ...]
    new: tuple[str, ...]


def check(program: Path) -> Wordings:
    """Search the native program of Codex (see `native`). Raises OSError where it cannot be read."""
    with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        present = tuple(words for words in _KNOWN if data.find(words.encode()) >= 0 or _curly(data, words))
        sentences = {match[0].decode("utf-8", "replace") for match in _STEMS.finditer(data)}
    gone = tuple(words for words in _KNOWN if words not in present)
    return Wordings(present, gone, tuple(sorted(each for each in sentences if codex.explain(each) is None)))


def native(launcher: Path) -> Path | None:
    """The native program behind the launcher that npm installs, or the launcher itself where it is one; None if unknown.

    It is `codex-<platform>/vendor/<triple>/bin/codex` beside the package, in older versions `vendor/<triple>/codex/codex`
    in it.
    """
    real = launcher.resolve()
    if real.suffix != ".js":
        return real if real.is_file() else None
    packages = real.parents[2]
    found = [*packages.glob("codex-*/vendor/*/*/codex"), *packages.glob("codex/vendor/*/codex/codex")]
    return next((path for path in found if path.is_file() and _is_ours(path)), None)


def _is_ours(path: Path) -> bool:
    """Older packages hold the programs of all platforms."""
    import platform

    triple = path.parents[1].name
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return (
        triple.startswith(machine)
        and {"darwin": "apple", "linux": "linux"}.get(platform.system().lower(), "") in triple
    )


def _curly(data: mmap.mmap, words: str) -> bool:
    return "'" in words and data.find(words.replace("'", "\u2019").encode()) >= 0
