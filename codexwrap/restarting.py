"""Ask a wrapper to start again."""

# Whoever asks leaves a file in the seat's folder and ends the program; the wrapper, when its program has ended, looks
# for that file. Nothing waits, no signal means anything new, and a file that nobody took back is of a run that is over.

import os
from pathlib import Path
from typing import NamedTuple

from codexwrap import atomic
from codexwrap.paths import State

_FILE = "restart.json"

# What a program that was ended may have left of its terminal: synchronized output, the other screen, mouse, focus and
# paste reports, keyboard protocols, a scroll region, colours, a hidden cursor. Then a line of its own below it all.
RESET = (
    b"\x1b[?2026l\x1b[?1049l\x1b[?1000;1002;1003;1004;1006;1007;2004;2031l\x1b[<9u\x1b[>4;0m"
    b"\x1b[r\x1b[0m\x1b[?7h\x1b[?25h\x1b[999;1H\r\n"
)


class Request(NamedTuple):
    """Which run is to be followed by another, and the session that this is to open; empty for a new one."""

    run: str
    session: str


def ask(state: State, seat: str, request: Request) -> None:
    """Leave a request. Raises OSError."""
    import json

    atomic.write(_path(state, seat), json.dumps(request._asdict()).encode(), durable=False)


def take_back(state: State, seat: str) -> None:
    """Remove what was asked, if it was."""
    _path(state, seat).unlink(missing_ok=True)


def asked(state: State, seat: str, run: str) -> Request | None:
    """What was asked of this run, if anything was."""
    try:
        data = _path(state, seat).read_bytes()
    except OSError:
        return None
    import json

    try:
        request = Request(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        return None
    return request if request.run == run and isinstance(request.session, str) else None


def _path(state: State, seat: str) -> Path:
    return state.seat(seat) / _FILE


def clean_terminal() -> None:
    """Give the next program a terminal as the first one had it."""
    import termios

    if os.isatty(0):
        try:
            termios.tcflush(0, termios.TCIFLUSH)  # answers to what the last program asked
        except termios.error:
            return
    if os.isatty(1):
        os.write(1, RESET)
