"""Know whose a session is."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any, NamedTuple

from codexwrap import events, journal
from codexwrap.events import Event
from codexwrap.feed.items import Items
from codexwrap.paths import State as Root


class Owner(NamedTuple):
    """The seat that a session ran on, and the item that the seat was at; each None where nobody said so."""

    seat: str | None = None
    item: str | None = None


class Owners:
    """Which seat had which session, and when it was at which item, from the feed and from what seats are now."""

    def __init__(self, told: Iterable[Event], records: Iterable[Mapping[str, Any]]) -> None:
        self._seats: dict[str, str] = {}  # session -> seat
        self._items: dict[str, list[tuple[float, str | None]]] = {}  # seat -> since when which item
        self._now: dict[str, str | None] = {}
        folded = Items()
        for event in told:
            folded.add(event)
            if event.subject:
                self._learn(event, folded.of_seat(event.source))
        for record in records:
            seat, session, ticket = (record.get(key) for key in ("seat", "session", "ticket"))
            if isinstance(seat, str):
                if isinstance(session, str):
                    self._seats.setdefault(session, seat)
                self._now[seat] = ticket if isinstance(ticket, str) else None

    def of(self, session: str, at: float) -> Owner:
        """Who had a session at a moment, epoch seconds."""
        seat = self._seats.get(session)
        if seat is None:
            return Owner()
        times = self._items.get(seat, [])
        if not times:
            return Owner(seat, self._now.get(seat))
        return Owner(seat, times[max(0, bisect_right(times, at, key=lambda each: each[0]) - 1)][1])

    def _learn(self, event: Event, item: str | None) -> None:
        session = event.data.get("session")
        if isinstance(session, str) and session:
            self._seats[session] = event.subject
        times = self._items.setdefault(event.subject, [])
        # An item that a seat has done is still whose the tokens were until then.
        if item is not None and (not times or times[-1][1] != item):
            try:
                times.append((events.epoch(event.time), item))
            except ValueError:
                return


def load(root: Root, records: Iterable[Mapping[str, Any]], since: float) -> Owners:
    """From the events of the feed since a moment, epoch seconds, and the records of the seats."""
    start = events.timestamp(since)
    told = list(takewhile(lambda event: event.time >= start, journal.backwards(root.feed)))
    return Owners(reversed(told), records)
