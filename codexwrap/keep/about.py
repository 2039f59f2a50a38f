"""Say which seat it is."""

from collections.abc import Sequence
from typing import NamedTuple


class About(NamedTuple):
    """What the wrapper knows of a seat when it starts; it goes through the recording's header.

    `pid` is the program's, `started` in epoch seconds.
    """

    seat: str
    run: str
    argv: Sequence[str]
    cwd: str
    pid: int
    started: float
    ticket: str = ""


class Scene(NamedTuple):
    """What is in sight when something happens: the rows of the screen, and the last prompt, squashed."""

    rows: Sequence[str] = ()
    prompt: str = ""
