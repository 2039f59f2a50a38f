"""Say when to make checkpoints."""

import time
from collections.abc import Callable
from typing import Protocol

from codexwrap.keep.about import Scene
from codexwrap.keep.capture import Rolling
from codexwrap.story import Session
from codexwrap.verdict.causes import State

_AT_WORK = (State.WORKING, State.SUSPECT)
_WELL = (State.IDLE, State.WORKING)


class Roller(Protocol):
    """Who makes them."""

    def roll(self, trigger: str, scene: Scene, session: Session | None) -> None: ...


class Rounds:
    """Has a checkpoint made when the agent is up, when a turn ends, and every so often in between; not of a dead seat."""

    def __init__(self, roller: Roller, minutes: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`minutes` are those between two looks at a tree in which no turn ends; 0 for no such look."""
        self._roller, self._clock = roller, clock
        self._every = minutes * 60
        self._state = State.STARTING
        self._last: float | None = None

    @property
    def patience(self) -> float | None:
        """Seconds after which `look` has something to do; None for never."""
        if not self._every or self._last is None or self._state not in _WELL:
            return None
        return max(0.0, self._last + self._every - self._clock())

    def look(self, state: State, scene: Callable[[], Scene], session: Session | None) -> None:
        """The seat is in this state now."""
        before, self._state = self._state, state
        why = self._why(before, state)
        if why:
            self._last = self._clock()
            self._roller.roll(why, scene(), session)

    def _why(self, before: State, state: State) -> Rolling | None:
        if before in _AT_WORK and state in (State.IDLE, State.EXITED):
            return Rolling.TURN
        if before in (State.DEAD, State.STALLED) and state in _WELL:
            return Rolling.TURN
        if self._last is None and state in _WELL:
            return Rolling.START
        return Rolling.CHANGE if self.patience == 0 else None
