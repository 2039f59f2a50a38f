"""Read the feed of a fleet."""

import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from codexwrap import events
from codexwrap.delivery import sinks
from codexwrap.errors import UsageError, UserError
from codexwrap.events import BadEventError, Event
from codexwrap.feed.names import host_of
from codexwrap.sinks import redis
from codexwrap.sinks.outcome import NotTakenError

_PAGE = 2000  # entries
_PATIENCE = 1.0  # seconds that the server may keep a question for more
_REPEATS = 100_000  # ids among which a repeated event is looked for


class Last(NamedTuple):
    """The last that is known of a seat: its event, the age of that in seconds, and the other hosts that claim its name."""

    event: Event
    age: float
    also: tuple[str, ...]


class Fleet:
    """The stream and the hash that the hosts' Redis sinks write to. Everything here raises UserError where it is away."""

    def __init__(self, environ: Mapping[str, str], name: str = "") -> None:
        found = [each for each in sinks.configured(environ) if each.kind == "redis" and name in ("", each.name)]
        if not found:
            raise UsageError(
                f'no redis sink {f"{name!r} " if name else ""}is configured ([sinks.NAME], kind = "redis")'
            )
        if len(found) > 1:
            raise UsageError(f"which fleet? --fleet={' or --fleet='.join(each.name for each in found)}")
        self._settings: redis.Settings = found[0].settings
        try:
            self._client = redis.connect(self._settings, environ)
        except NotTakenError as error:
            raise UserError(f"fleet: {error}") from None

    def close(self) -> None:
        self._client.close()

    def seats(self) -> list[Last]:
        """Every seat that any host told of, by name."""
        raw = self._ask("hgetall", self._settings.seats)
        found = [event for line in raw.values() if (event := _event(line))]
        hosts: dict[str, list[str]] = {}
        for event in found:
            hosts.setdefault(event.subject, []).append(host_of(event.source))
        now = time.time()
        return [
            Last(event, _age(event, now), tuple(each for each in hosts[event.subject] if each != host_of(event.source)))
            for event in sorted(found, key=lambda event: (event.subject, event.source))
        ]

    def last(self, count: int) -> tuple[list[Event], str]:
        """The newest events, oldest of them first, and where to go on."""
        entries = self._ask("xrevrange", self._settings.stream, count=max(1, count))
        place = entries[0][0].decode() if entries else "0-0"
        return list(_once(reversed(entries)))[-count:] if count else [], place

    def all(self) -> Iterator[Event]:
        """Every event that the stream still holds, each once."""
        yield from _once(self._pages())

    def after(self, place: str) -> tuple[list[Event], str]:
        """What came behind a place, waited for a moment; and the next place."""
        found = self._ask("xread", {self._settings.stream: place}, count=_PAGE, block=int(_PATIENCE * 1000))
        entries = found[0][1] if found else []
        return list(_once(entries)), entries[-1][0].decode() if entries else place

    def _pages(self) -> Iterator[Any]:
        start = "-"
        while entries := self._ask("xrange", self._settings.stream, min=start, count=_PAGE):
            yield from entries
            start = f"({entries[-1][0].decode()}"

    def _ask(self, command: str, *arguments: Any, **options: Any) -> Any:
        try:
            return getattr(self._client, command)(*arguments, **options)
        except Exception as error:
            told = redis.failure(error)
            if isinstance(told, NotTakenError):
                raise UserError(f"fleet: {told}") from None
            raise


def _once(entries: Any) -> Iterator[Event]:
    """The events of entries, without those that were sent twice and those that are none."""
    seen: OrderedDict[str, None] = OrderedDict()
    for _, fields in entries:
        event = _event((fields or {}).get(redis.FIELD.encode(), b""))
        if event is None or event.id in seen:
            continue
        seen[event.id] = None
        if len(seen) > _REPEATS:
            seen.popitem(last=False)
        yield event


def _event(line: bytes) -> Event | None:
    try:
        return events.from_line(line)
    except (BadEventError, UnicodeDecodeError):
        return None


def _age(event: Event, now: float) -> float:
    try:
        return max(0.0, now - events.epoch(event.time))
    except ValueError:
        return 0.0
