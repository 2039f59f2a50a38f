"""Look after a dead seat."""

import time
from collections.abc import Callable

from codexwrap.agents.look import Agent, Look
from codexwrap.keep import nudge
from codexwrap.keep.nudge import Nudge, Sight
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import State

_EVERY = 1.0  # seconds between two looks whether what a seat died of is mended
_SOON = 0.1  # the same while something is typed


class Nurse:
    """Tells when a dead seat could go on and, where its user has set `continue`, types that line into it."""

    def __init__(
        self,
        keeper: Keeper,
        agent: Agent,
        root: Root,
        line: str,
        look: Callable[[], Look],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look` reads the frame that is in sight."""
        self._keeper, self._look, self._clock = keeper, look, clock
        self._drawn = clock()
        self._looked = float("-inf")
        self._healed = False
        send = nudge.into(root.keys(keeper.about.seat))
        wanted = bool(line) and not agent.local(line)
        self._nudge = Nudge(line, send, lambda how, number: keeper.nudged(line, how, number)) if wanted else None

    @property
    def patience(self) -> float | None:
        """Seconds after which `visit` has something to do; None while the seat is not dead."""
        if self._keeper.record["state"] != State.DEAD:
            return None
        return _SOON if self._nudge and self._nudge.busy else _EVERY

    def drew(self) -> None:
        """Something changed on the screen, or its user pressed Enter."""
        self._drawn = self._clock()

    def visit(self) -> None:
        """Do what is due."""
        if self._keeper.record["state"] != State.DEAD:
            self._healed = False
            if self._nudge:
                self._nudge.reset()
            return
        now = self._clock()
        if now - self._looked >= _EVERY:
            self._looked = now
            found = self._keeper.healing.look(self._keeper.record)
            self._healed = bool(found and found[1])
            if found:
                self._keeper.healed(found[0])
        if self._nudge and (self._healed or self._nudge.busy):
            self._nudge.step(Sight(self._look(), now - self._drawn, self._healed), now)
