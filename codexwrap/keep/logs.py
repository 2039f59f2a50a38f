"""Note a crash in the seat's folder."""

import contextlib
import os
import time
import traceback
from pathlib import Path

from codexwrap import atomic, events
from codexwrap.redact import redact


def crashed(folder: Path) -> None:
    """Add the exception that is being handled to the log there: who watches a seat has no terminal to tell. Never raises."""
    text = redact.redact(traceback.format_exc(), redact.known_values(os.environ))
    with contextlib.suppress(OSError):
        fd = os.open(folder / "sidecar.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, atomic.FILE_MODE)
        with os.fdopen(fd, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{events.timestamp(time.time())}\n{text}\n")
