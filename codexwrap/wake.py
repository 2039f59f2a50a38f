"""Start the deliverer."""

import contextlib
import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from codexwrap import paths
from codexwrap.errors import UserError

LOCK = "delivery.lock"

_TABLES = re.compile(rb"(?m)^\s*(\[\s*)?[\"']?(sinks|alerts)\b")


def deliver(root: Path, environ: Mapping[str, str]) -> None:
    """Have what was posted delivered, by a process of its own, where the config names sinks or alerts. Never raises.

    One that runs sees what is new by itself.
    """
    with contextlib.suppress(OSError, UserError, subprocess.SubprocessError):
        config = paths.config(environ)
        if is_wanted(environ) and not is_running(root):
            own = {**environ, "CODEXWRAP_HOME": os.fspath(root), "CODEXWRAP_CONFIG": os.fspath(config)}
            # The shell ends at once: what it leaves behind is nobody's child here, to be waited for by nobody.
            command = ["/bin/sh", "-c", '"$@" &', "sh", sys.executable, "-P", "-m", "codexwrap.delivery"]
            null = subprocess.DEVNULL
            subprocess.run(
                command, env=own, cwd="/", stdin=null, stdout=null, stderr=null, start_new_session=True, timeout=10
            )


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the config names sinks or alerts, as far as a look tells."""
    try:
        return bool(_TABLES.search(paths.config(environ).read_bytes()))
    except (OSError, UserError):
        return False


def is_running(root: Path) -> bool:
    """Whether somebody delivers. Raises OSError."""
    try:
        fd = os.open(root / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
