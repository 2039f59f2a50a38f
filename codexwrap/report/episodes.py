"""Fold the feed into episodes."""

from collections.abc import Iterable
from typing import NamedTuple

from codexwrap import events
from codexwrap.events import Event
from codexwrap.feed.items import BLOCKED, Items
from codexwrap.verdict.causes import State

_DEATHS = {"codexwrap.seat.dead": State.DEAD, "codexwrap.seat.stalled": State.STALLED}
GIVEN_UP = "exited"
_BACK = ("codexwrap.seat.alive", "codexwrap.seat.resumed", "codexwrap.seat.started")


class Episode(NamedTuple):
    """A death or a stall of a seat, times in epoch seconds.

    `source` is `//host/seat`; `seen_after` is how long it took from when it was to be seen until it was judged, in seconds;
    `ended` is when the seat was back, None while it is not, and `by` how: alive, resumed or started; or when somebody ended
    it as it was: exited.
    """

    source: str
    seat: str
    state: State
    cause: str
    began: float
    seen_after: float | None
    credential: str | None
    ended: float | None = None
    by: str = ""


class Blocked(NamedTuple):
    """An item that was blocked by a death, from when until when; None while it is."""

    item: str
    began: float
    ended: float | None = None


class Story(NamedTuple):
    """What the feed tells, each in the order in which it began; `warnings` are times of warnings about limits."""

    episodes: list[Episode]
    blocked: list[Blocked]
    warnings: list[float]


class Folding:
    """Takes events in the order of the feed.

    A stall that becomes a death is one episode, with the death's cause. A seat that is ended without being back is down no
    more, unless that it ended is what it died of; whoever resumes it later has repaired it then.
    """

    def __init__(self) -> None:
        self._items = Items()
        self._open: dict[str, int] = {}  # source -> index of its episode
        self._stuck: dict[str, int] = {}  # item -> index
        self._story = Story([], [], [])

    def add(self, event: Event) -> None:
        at = _epoch(event)
        if at is None:
            return
        if event.type in _DEATHS:
            self._dies(event, at)
        elif event.type in _BACK and event.source in self._open:
            self._end(self._open.pop(event.source), event, at)
        elif event.type == "codexwrap.seat.exited" and event.source in self._open:
            index = self._open[event.source]
            if not self._story.episodes[index].cause.startswith("process."):
                self._end(index, event, at)
        elif event.type == "codexwrap.limit.warning":
            self._story.warnings.append(at)
        touched = {self._items.of_seat(event.source), *_named(event)}
        self._items.add(event)
        for item in {*touched, self._items.of_seat(event.source)}:
            if item is not None:
                self._settle(item, at)

    def story(self) -> Story:
        return self._story

    def _dies(self, event: Event, at: float) -> None:
        state, cause = _DEATHS[event.type], _text(event.data.get("cause")) or "unknown.banner"
        index = self._open.get(event.source)
        if index is not None and self._story.episodes[index].ended is None:
            before = self._story.episodes[index]
            if before.state is State.STALLED and state is State.DEAD:
                self._story.episodes[index] = before._replace(state=state, cause=cause)
            return
        late = event.data.get("seen_after_ms")
        seen = late / 1000 if isinstance(late, int | float) and not isinstance(late, bool) and late >= 0 else None
        self._open[event.source] = len(self._story.episodes)
        credential = _text(event.data.get("credential"))
        self._story.episodes.append(Episode(event.source, event.subject, state, cause, at, seen, credential))

    def _end(self, index: int, event: Event, at: float) -> None:
        before = self._story.episodes[index]
        self._story.episodes[index] = before._replace(ended=max(at, before.began), by=event.type.rpartition(".")[2])

    def _settle(self, item: str, at: float) -> None:
        blocked = self._items.state_of(item) == BLOCKED
        if blocked and item not in self._stuck:
            self._stuck[item] = len(self._story.blocked)
            self._story.blocked.append(Blocked(item, at))
        elif not blocked and item in self._stuck:
            index = self._stuck.pop(item)
            before = self._story.blocked[index]
            self._story.blocked[index] = before._replace(ended=max(at, before.began))


def fold(told: Iterable[Event]) -> Story:
    """The story that events tell, oldest first."""
    folding = Folding()
    for event in told:
        folding.add(event)
    return folding.story()


def _named(event: Event) -> set[str | None]:
    moved = event.data.get("item")
    return {_text(event.data.get("ticket")), _text(moved.get("id")) if isinstance(moved, dict) else None}


def _epoch(event: Event) -> float | None:
    try:
        return events.epoch(event.time)
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
