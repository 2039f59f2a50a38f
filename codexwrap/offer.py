"""Offer to resume a dead seat."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from codexwrap import paths
from codexwrap.agents.look import Agent
from codexwrap.config import Config
from codexwrap.errors import UserError
from codexwrap.shells import hint

_NO = ("n", "no")


def offer(seat: str, settings: Config, agent: Agent | None, argv: Sequence[str]) -> int | None:
    """Say in one line that a seat died and nobody has resumed it, and resume it in place of `argv` if that is wanted.

    Returns the exit status of what was resumed, None where the program is to be started as it stands. What names a
    session or a prompt of its own is never replaced, and nobody is asked who cannot answer.
    """
    try:
        told = hint.line(paths.state(os.environ), seat)
    except (OSError, UserError):  # of a state root that cannot be read: the session says so
        return None
    if not told:
        return None
    plain = agent is not None and agent.begin(argv[1:], "")[:-1] == list(argv[1:])
    if not plain or settings.resume == "never":
        print(f"codexwrap: {told}", file=sys.stderr)
        return None
    if settings.resume == "ask" and not _agreed(told):
        return None
    # By its name: what starts an agent pays for no import of what resumes one.
    status: int = import_module("codexwrap.commands.resume").main(["--", seat])
    return status


def _agreed(told: str) -> bool:
    if not (os.isatty(0) and os.isatty(2)):
        print(f"codexwrap: {told}", file=sys.stderr)
        return False
    print(f"codexwrap: {told}; now? [Y/n] ", end="", file=sys.stderr, flush=True)
    try:
        answer = os.read(0, 1024)  # a line; nothing that was typed behind it is swallowed into a buffer
    except OSError:
        return False
    return bool(answer) and answer.decode(errors="replace").strip().lower() not in _NO
