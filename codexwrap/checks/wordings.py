"""Check what Codex says at a death."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from codexwrap import wordings
from codexwrap.checks.finding import Finding
from codexwrap.paths import State
from codexwrap.redact.redact import printable

_WHAT = "codex wordings"


def check(_root: State, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Whether the rules know the sentences that the installed Codex has for its deaths; to be asked after each upgrade."""
    launcher = shutil.which("codex", path=environ.get("PATH"))
    if launcher is None:
        return [Finding(_WHAT, None, "Codex is not on the PATH")]
    try:
        program = wordings.native(Path(launcher))
        found = wordings.check(program) if program else None
    except (OSError, ValueError) as error:
        return [Finding(_WHAT, None, f"{launcher} cannot be read: {error}")]
    if program is None or found is None:
        return [Finding(_WHAT, None, f"{launcher} is no Codex that is known")]
    if not found.present:
        return [Finding(_WHAT, None, f"{program} holds none of the known sentences: its deaths may go unseen")]
    gone = f"; gone: {', '.join(found.gone)}" if found.gone else ""
    if found.new:
        new = printable(" | ".join(found.new))
        return [
            Finding(_WHAT, False, f"no rule knows: {new} (they are a stall, unknown.banner; upgrade codexwrap){gone}")
        ]
    return [Finding(_WHAT, True, f"{len(found.present)} known{gone}")]
