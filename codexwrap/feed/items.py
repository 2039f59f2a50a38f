"""Fold the feed into items."""

from typing import NamedTuple, TypedDict

from codexwrap.events import Event

IN_PROGRESS, BLOCKED = "IN_PROGRESS", "BLOCKED-on-seat-death"
_BY_DEATH = {(IN_PROGRESS, BLOCKED), (BLOCKED, IN_PROGRESS)}


class Item(NamedTuple):
    """A work item as the feed leaves it.

    `seats` are the sources (`//host/seat`) that work on it, `dead` those of them that died; `since` is the time of the
    event that brought the state; `cause` and `checkpoint` are those of the death that blocks it.
    """

    id: str
    state: str
    seats: tuple[str, ...]
    dead: tuple[str, ...]
    since: str
    cause: str | None
    checkpoint: str | None


class _State(TypedDict):
    state: str
    since: str
    cause: str | None
    checkpoint: str | None


class Items:
    """Who works on what, from events in the order of the feed.

    People say what state an item is in (`codexwrap feed post`), and are believed. Seats say that they began, died,
    recovered and ended, which moves an item only between in progress and blocked: no death blocks an item that is done,
    or one on which another living seat works. `on_exit` is the state that an item in progress gets when the last seat on
    it ended without having died; empty: it keeps its own.
    """

    def __init__(self, on_exit: str = "") -> None:
        self._on_exit = on_exit
        self._states: dict[str, _State] = {}
        self._works: dict[str, str] = {}  # source -> item
        self._seats: dict[str, dict[str, None]] = {}  # item -> sources, in the order in which they came
        self._said: dict[str, str] = {}  # source -> the ticket that its wrapper named last
        self._dead: set[str] = set()

    def add(self, event: Event) -> None:
        source = event.source
        match event.type:
            case "codexwrap.item.changed":
                self._changed(event)
            case "codexwrap.seat.started" | "codexwrap.seat.resumed" | "codexwrap.seat.alive":
                self._dead.discard(source)
                if event.type != "codexwrap.seat.alive":
                    self._said.pop(source, None)
                self._join(event)
                self._begin(event)
            case "codexwrap.seat.dead":
                if self._join(event):
                    self._begin(event)
                self._dead.add(source)
                self._settle(event, self._works.get(source))
            case "codexwrap.seat.exited" if source not in self._dead:
                self._said.pop(source, None)
                self._settle(event, self._leave(source))

    def items(self) -> list[Item]:
        """By id."""
        return [self._item(name) for name in sorted(self._states)]

    def state_of(self, name: str) -> str | None:
        """The state of an item; None for one that nobody named."""
        return self._states[name]["state"] if name in self._states else None

    def of_seat(self, source: str) -> str | None:
        """The item that a seat works on."""
        return self._works.get(source)

    def _item(self, name: str) -> Item:
        seats = tuple(self._seats.get(name, ()))
        return Item(name, seats=seats, dead=tuple(seat for seat in seats if seat in self._dead), **self._states[name])

    def _changed(self, event: Event) -> None:
        moved = event.data.get("item")
        if not isinstance(moved, dict):
            return
        name, before, after = moved.get("id"), moved.get("from"), moved.get("to")
        if not (isinstance(name, str) and name and isinstance(after, str) and after):
            return
        posted = bool(event.data.get("posted"))
        if not posted and (before, after) in _BY_DEATH:
            return  # what the seat's own event beside it says already
        self._put(event, name, after)
        if posted and event.subject:
            if after == IN_PROGRESS:
                self._dead.discard(event.source)  # the dead post nothing
                self._take(event.source, name)
            elif self._works.get(event.source) == name:
                self._leave(event.source)
        if after not in (IN_PROGRESS, BLOCKED):
            for source in tuple(self._seats.get(name, ())):
                self._leave(source)

    def _join(self, event: Event) -> bool:
        """A seat names its item. It stays with the one it posted last until its wrapper names another than before."""
        ticket = event.data.get("ticket")
        if not (isinstance(ticket, str) and ticket) or self._said.get(event.source) == ticket:
            return False
        self._said[event.source] = ticket
        self._take(event.source, ticket)
        return ticket not in self._states

    def _begin(self, event: Event) -> None:
        """A living seat is at its item."""
        name = self._works.get(event.source)
        if name is not None and (name not in self._states or self._states[name]["state"] == BLOCKED):
            self._put(event, name, IN_PROGRESS)

    def _take(self, source: str, name: str) -> None:
        self._leave(source)
        self._works[source] = name
        self._seats.setdefault(name, {})[source] = None

    def _leave(self, source: str) -> str | None:
        name = self._works.pop(source, None)
        if name is not None:
            self._seats[name].pop(source, None)
        return name

    def _settle(self, event: Event, name: str | None) -> None:
        """A seat works no more on an item: it is blocked when only dead ones are left, and by a death alone."""
        if name is None or name not in self._states or self._states[name]["state"] != IN_PROGRESS:
            return
        seats = self._seats.get(name, {})
        if seats and all(seat in self._dead for seat in seats):
            self._put(event, name, BLOCKED)
        elif not seats and self._on_exit:
            self._put(event, name, self._on_exit)

    def _put(self, event: Event, name: str, state: str) -> None:
        death = event.data if state == BLOCKED else {}
        self._states[name] = {
            "state": state,
            "since": event.time,
            "cause": _text(death.get("cause")),
            "checkpoint": _text(death.get("checkpoint")),
        }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
