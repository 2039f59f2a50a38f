"""Follow the item of a seat."""

from itertools import takewhile
from typing import Any

from codexwrap import archives, events, journal, seats
from codexwrap.archives import Cursor
from codexwrap.events import Event
from codexwrap.feed.items import BLOCKED, IN_PROGRESS
from codexwrap.keep.capture import Camera
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import State


class Errand:
    """Reads on the feed what becomes of items while a seat runs: which one the seat posts to be at, and which are done.

    As in the fold of the feed, a seat is at the item it posted last until its branch names another than before.
    """

    def __init__(self, root: Root, seat: str, camera: Camera) -> None:
        self._root, self._seat, self._camera = root, seat, camera
        self._source = events.source(seat)
        self._cursor: Cursor | None = None
        self._states: dict[str, str] = {}

    def begin(self, started: float | None = None) -> list[Any] | None:
        """Read from here on, and what was posted since the seat `started`, in epoch seconds: it may have been quick.

        Returns the place, for `go_on`.
        """
        early: list[Event] = []
        try:
            self._cursor = archives.end(self._root.feed)
            if started is not None:
                early += takewhile(lambda event: _made_at(event) >= started, journal.backwards(self._root.feed))
        except OSError:
            self._cursor = None
            return None
        for event in reversed(early):
            self._learn(event)
        return list(self._cursor)

    def go_on(self, place: list[Any] | None) -> None:
        """Read again what became of items since a place; where the seat is, its record says."""
        self._cursor = Cursor(*place) if place else None
        for event in self._read():
            self._take(event)

    def look(self) -> None:
        """Learn what was posted since the last look. Never raises."""
        for event in self._read():
            self._learn(event)

    def move(self, before: str, after: str) -> dict[str, str] | None:
        """The seat's item as it goes from one state to another; None without one, or where it is neither any more."""
        ticket = self._camera.ticket
        if not ticket or self._states.get(ticket, before) not in (IN_PROGRESS, BLOCKED):
            return None
        return {"id": ticket, "from": before, "to": after}

    def leave(self, after: str) -> dict[str, str] | None:
        """The seat's item as it goes to the state in which it is left, `after`; None where another seat is at it, too."""
        ticket = self._camera.ticket
        if not after or self._states.get(ticket, IN_PROGRESS) != IN_PROGRESS:
            return None
        others = [each for each in seats.load_all(self._root)[0] if each["seat"] != self._seat]
        if any(each.get("ticket") == ticket and each["state"] != State.EXITED for each in others):
            return None
        return self.move(IN_PROGRESS, after)

    def _read(self) -> list[Event]:
        if self._cursor is None:
            self.begin()
            return []
        try:
            read = journal.read(self._root.feed, self._cursor)
        except OSError:
            return []
        self._cursor = read.cursor
        return read.events

    def _learn(self, event: Event) -> None:
        name = self._take(event)
        if name and self._states[name] == IN_PROGRESS and event.source == self._source and event.data.get("posted"):
            self._camera.ticket = name

    def _take(self, event: Event) -> str:
        """The item of which an event tells the state; empty for one that tells of none."""
        moved = event.data.get("item")
        if event.type != "codexwrap.item.changed" or not isinstance(moved, dict):
            return ""
        name, state = moved.get("id"), moved.get("to")
        if not (isinstance(name, str) and name and isinstance(state, str) and state):
            return ""
        self._states[name] = state
        return name


def _made_at(event: Event) -> float:
    try:
        return events.made_at(event.id)
    except ValueError:
        return 0.0
