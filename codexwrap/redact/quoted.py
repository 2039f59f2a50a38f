"""Quote what other programs wrote."""

import re
from collections.abc import Sequence

from codexwrap.redact import broken
from codexwrap.redact.redact import printable

# Escape sequences go whole: what is left of one would hide where a secret begins. CSI, OSC and its like, and short ones.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-Z\\-~]"
)


def quoted(text: str, known: Sequence[str] = (), *, keep: str = "") -> str:
    """`text` redacted, and without what a terminal obeys: secrets are looked for in what people will see of it.

    `keep` holds the line breaks that stay; `known` are values that are secret whatever they look like.
    """
    return broken.text(printable(_SEQUENCE.sub("", text), keep=keep), known)
