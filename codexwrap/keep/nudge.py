"""Type the line that continues."""

import contextlib
import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from codexwrap.agents.look import Look, squash

_STILL = 3.0  # seconds without a change on the screen, before anything is typed into it
_SHOWN = 5.0  # seconds for the line to stand in the composer
_ENTER = 0.5  # seconds between the line and Enter: what comes in one go counts as pasted
_WORKS = 120.0  # seconds for a turn to begin to go well
_PAUSES = (0.0, 60.0, 300.0)  # seconds before each try


class Phase(Enum):
    """How far a try is."""

    WAITING = 0
    TYPED = 1
    SENT = 2
    OVER = 3


class Sight(NamedTuple):
    """What a try goes by: the frame in sight, seconds since it last changed, and whether the next prompt would work."""

    look: Look
    still: float
    healed: bool


class Nudge:
    """Types one line into a dead seat whose provider is back, as its user has asked for in the config; three times at most.

    Only into an empty composer of an idle agent, never into a popup or a page; and Enter follows only when exactly that
    line stands there. Whether it worked is for the verdict to say: an episode that ends, ends this too.
    """

    def __init__(self, line: str, send: Callable[[bytes], bool], tell: Callable[[str, int], None]) -> None:
        """`send` types bytes, and says whether it could; `tell` is told of each act, and of which try it is part."""
        self._line, self._send, self._tell = line, send, tell
        self._phase, self._since, self._tries, self._seen = Phase.WAITING, 0.0, 0, 0.0

    @property
    def busy(self) -> bool:
        """It must be asked again soon."""
        return self._phase in (Phase.TYPED, Phase.SENT)

    def reset(self) -> None:
        """The seat lives."""
        self._phase, self._since, self._tries, self._seen = Phase.WAITING, 0.0, 0, 0.0

    def step(self, sight: Sight, now: float) -> None:
        """Do what is due for a seat that is dead. `now` is any clock's seconds."""
        if self._phase is Phase.WAITING:
            self._begin(sight, now)
        elif self._phase is Phase.TYPED:
            self._confirm(sight, now)
        elif self._phase is Phase.SENT and sight.look.live is None and now - self._since > _WORKS:
            self._fail("sent, and no turn ended well", now)

    def _begin(self, sight: Sight, now: float) -> None:
        look = sight.look
        free = look.draft == "" and look.popup is None and look.page is None and look.live is None
        if not (sight.healed and free and sight.still >= _STILL):
            return
        if self._tries and now - self._since < _PAUSES[self._tries]:
            return
        self._tries += 1
        self._phase, self._since, self._seen = Phase.TYPED, now, 0.0
        if not self._send(self._line.encode()):
            self._fail("not typed: the wrapper takes nothing", now)

    def _confirm(self, sight: Sight, now: float) -> None:
        look = sight.look
        if squash(look.draft or "") == squash(self._line) and look.popup is None and look.page is None:
            self._seen = self._seen or now
            if now - self._seen < _ENTER:
                return
            if self._send(b"\r"):
                self._phase, self._since = Phase.SENT, now
                self._tell("sent", self._tries)
                return
            self._fail("typed, and not sent: the wrapper takes nothing", now)
        elif now - self._since > _SHOWN or self._seen:
            self._fail("not sent: something else stands in the composer", now)

    def _fail(self, why: str, now: float) -> None:
        self._phase = Phase.WAITING if self._tries < len(_PAUSES) else Phase.OVER
        self._since = now
        self._tell(why if self._phase is Phase.WAITING else f"{why}; no more tries", self._tries)


def into(path: Path) -> Callable[[bytes], bool]:
    """What types through the pipe that a wrapper reads."""

    def send(data: bytes) -> bool:
        with contextlib.suppress(OSError):
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                return os.write(fd, data) == len(data)
            finally:
                os.close(fd)
        return False

    return send
