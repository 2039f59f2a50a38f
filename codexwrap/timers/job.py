"""Say what a timer runs."""

import os
import shutil
import sys
from collections.abc import Mapping
from typing import NamedTuple

from codexwrap.shells import shells

_TOOLS = ("tmux", "codex", "git", "node")  # what a pass, and the agents that it asks, must find
_USUAL = ("/usr/local/bin", "/usr/bin", "/bin")
# What says where state, config and sessions are; a timer starts with none of it.
_KEPT = ("CODEXWRAP_HOME", "CODEXWRAP_CONFIG", "CODEX_HOME", "TMUX_TMPDIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME")


class Job(NamedTuple):
    """A command with absolute paths, its environment, and how often it is run, in seconds."""

    command: tuple[str, ...]
    environ: dict[str, str]
    every: int


def watchdog(environ: Mapping[str, str], every: int) -> Job:
    """One pass of the watchdog, as this user would start it here."""
    program = shells.program()
    start = (program,) if program else (sys.executable, "-P", "-m", "codexwrap")
    kept = {name: value for name in _KEPT if (value := environ.get(name, "")).startswith("/")}
    return Job((*start, "watchdog", "--once", "--every", str(every)), {"PATH": _path(environ), **kept}, every)


def _path(environ: Mapping[str, str]) -> str:
    """The folders in which the programs are that this user's PATH finds, and the usual ones."""
    found = (shutil.which(tool, path=environ.get("PATH")) for tool in _TOOLS)
    folders = (os.path.dirname(os.path.abspath(path)) for path in found if path)  # noqa: PTH100, PTH120 - text
    return ":".join(dict.fromkeys([*folders, *_USUAL]))
