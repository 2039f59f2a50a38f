"""Fold the feed into incidents."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from codexwrap import events
from codexwrap.events import Event
from codexwrap.verdict import causes
from codexwrap.verdict.causes import CAUSES

DEAD, STALLED, WARNING = "dead", "stalled", "warning"

_OF_A_CREDENTIAL = ("auth", "credits", "limit")  # what one sign-in dies of, every seat on it dies of
_OF_A_PROVIDER = ("provider", "network")
_RATE = 120.0  # seconds after which a rate limit has passed, where nothing else is known
_WARNING = 6 * 3600.0  # seconds for which the same warning is not worth another word
_REMEMBERED = 500  # closed incidents


class Casualty(NamedTuple):
    """A seat of an incident, as its last event left it; `at` in epoch seconds, `over` when it recovered or ended."""

    source: str
    seat: str
    item: str | None
    checkpoint: str | None
    at: float
    over: bool = False


class Incident(NamedTuple):
    """What happened once, to however many seats. Its `id` is that of its first event; times are epoch seconds.

    `key` is the credential where it is the credential's, with the class of the cause where only stalls are meant, else the
    seat's source. `login_at` is when the sign-in was made that its seats died on, where that is known. `acted_at` is when
    somebody first did something about it.
    """

    id: str
    key: str
    severity: str
    cause: str
    remedy: str
    opened_at: float
    last_at: float
    casualties: dict[str, Casualty]  # by source, in the order in which they came
    says: str = ""
    resets_at: float | None = None
    login_at: float | None = None
    acted_at: float | None = None
    closed_at: float | None = None
    why: str = ""

    def is_open(self, now: float) -> bool:
        return self.closed_at is None and not self._is_reset(now)

    def ended(self, now: float) -> tuple[float, str] | None:
        """When and why it ended, if it did by now."""
        if self.closed_at is not None:
            return self.closed_at, self.why
        return (self.resets_at, "its time is over") if self.resets_at is not None and self._is_reset(now) else None

    def _is_reset(self, now: float) -> bool:
        return self.resets_at is not None and now >= self.resets_at


class Incidents:
    """What is open, and what was, from events in the order of the feed.

    Seats that die on one credential are one incident, until one of them has ended a turn well on a newer sign-in, or the
    clock has passed the time at which the limit resets. Whatever else a seat dies or stalls of is an incident of its own,
    until it lives, starts again or is resumed.
    """

    def __init__(self) -> None:
        self._open: dict[str, Incident] = {}
        self._closed: dict[str, Incident] = {}
        self._at: dict[str, set[str]] = {}  # source -> keys of the incidents it is in

    def add(self, event: Event) -> None:
        match event.type:
            case "codexwrap.seat.dead" | "codexwrap.seat.stalled":
                self._died(event)
            case "codexwrap.seat.alive":
                self._lives(event)
            case "codexwrap.seat.started" | "codexwrap.seat.resumed":
                self._began(event)
            case "codexwrap.seat.exited":
                self._ended(event)
            case "codexwrap.limit.warning" | "codexwrap.watchdog.missing" | "codexwrap.watchdog.unwrapped":
                self._warned(event)
            case "codexwrap.incident.closed":
                self._closed_by_hand(event)

    def open(self, now: float) -> list[Incident]:
        """Oldest first."""
        return [incident for incident in self._open.values() if incident.is_open(now)]

    def all(self) -> list[Incident]:
        """Those that are closed, the last hundreds of them, and those that are open or were left to the clock."""
        return [*self._closed.values(), *self._open.values()]

    def to_json(self) -> list[dict[str, Any]]:
        return [to_json(incident) for incident in self.all()]

    @classmethod
    def from_json(cls, records: list[dict[str, Any]]) -> "Incidents":
        """Raises ValueError, TypeError or KeyError for what `to_json` did not make."""
        made = cls()
        for record in records:
            casualties = {each["source"]: Casualty(**each) for each in record["casualties"]}
            incident = Incident(**{**record, "casualties": casualties})
            if incident.closed_at is None:
                made._put(incident, *casualties)
            else:
                made._closed[incident.id] = incident
        return made

    def _died(self, event: Event) -> None:
        at, cause = _time(event), str(event.data.get("cause") or "unknown.banner")
        kind = cause.partition(".")[0]
        severity = DEAD if event.type.endswith(".dead") else STALLED
        key = _key(event, kind, severity)
        self._recover(event.source, at, but=key)
        before = self._open.get(key)
        if before is not None and not before.is_open(at):
            self._close(before, *(before.ended(at) or (at, "")))
            before = None
        resets_at = _number(event.data.get("resets_at")) or (at + _RATE if cause == "limit.rate" else None)
        remedy = str(event.data.get("remedy") or (causes.remedy(CAUSES[cause]) if cause in CAUSES else ""))
        incident = before or Incident(event.id, key, severity, cause, remedy, at, at, {}, _says(event.data), resets_at)
        if before is not None and not (kind == "limit" and before.resets_at is None and not _is_limit(before)):
            # What ends by the clock does so only where nothing else is the matter with the credential.
            latest = max(before.resets_at or 0, resets_at or 0) or None
            incident = incident._replace(cause=cause, remedy=remedy, resets_at=latest if kind == "limit" else None)
        incident.casualties[event.source] = _casualty(event, at)
        self._put(
            incident._replace(
                severity=DEAD if severity == DEAD else incident.severity,
                last_at=max(at, incident.last_at),
                login_at=_number(event.data.get("credential_at")) or incident.login_at,
            ),
            event.source,
        )

    def _lives(self, event: Event) -> None:
        at, login = _time(event), _number(event.data.get("credential_at"))
        for incident in self._concerning(event):
            old = incident.login_at is not None and login is not None and login <= incident.login_at
            if incident.key == event.source or not (old and incident.cause.startswith("auth.")):
                _over(incident, event.source)
                if incident.severity == DEAD or all(each.over for each in incident.casualties.values()):
                    self._close(incident, at, "a turn ended well")
                else:
                    self._put(incident)

    def _began(self, event: Event) -> None:
        at = _time(event)
        for incident in self._of(event.source):
            if incident.key.startswith(event.source):
                self._close(incident, at, "the seat was started again")
            elif incident.acted_at is None:
                self._put(incident._replace(acted_at=at))

    def _ended(self, event: Event) -> None:
        at = _time(event)
        for incident in self._of(event.source):
            if incident.severity != STALLED:
                continue
            _over(incident, event.source)
            if all(each.over for each in incident.casualties.values()):
                self._close(incident, at, "the seat ended")
            else:
                self._put(incident)

    def _recover(self, source: str, at: float, *, but: str) -> None:
        """A seat that dies of one thing suffers no more from what it stalled of before."""
        for incident in self._of(source):
            if incident.key != but and incident.severity == STALLED:
                _over(incident, source)
                if all(each.over for each in incident.casualties.values()):
                    self._close(incident, at, "something else happened to the seat")
                else:
                    self._put(incident)

    def _warned(self, event: Event) -> None:
        at, kind = _time(event), event.type.removeprefix("codexwrap.")
        key = f"{event.source} {kind}"
        before = self._open.get(key)
        if before is not None and before.is_open(at):
            return
        if before is not None:
            self._close(before, *(before.ended(at) or (at, "")))
        remedy, says = str(event.data.get("remedy") or ""), _says(event.data)
        casualties = {event.source: _casualty(event, at)}
        warning = Incident(event.id, key, WARNING, kind, remedy, at, at, casualties, says, resets_at=at + _WARNING)
        self._put(warning, event.source)

    def _closed_by_hand(self, event: Event) -> None:
        for incident in list(self._open.values()):
            if event.data.get("incident") in (incident.id, incident.key):
                self._close(incident, _time(event), "somebody closed it")

    def _concerning(self, event: Event) -> list[Incident]:
        """Those that a seat is in, and that of its credential: a seat that never died proves a sign-in as well."""
        found, shared = self._of(event.source), self._open.get(str(event.data.get("credential")))
        return [*found, shared] if shared is not None and shared not in found else found

    def _of(self, source: str) -> list[Incident]:
        return [self._open[key] for key in sorted(self._at.get(source, ())) if key in self._open]

    def _put(self, incident: Incident, *sources: str) -> None:
        self._open[incident.key] = incident
        for source in sources:
            self._at.setdefault(source, set()).add(incident.key)

    def _close(self, incident: Incident, at: float, why: str) -> None:
        self._open.pop(incident.key, None)
        for source in incident.casualties:
            self._at.get(source, set()).discard(incident.key)
        self._closed[incident.id] = incident._replace(closed_at=at, why=why)
        while len(self._closed) > _REMEMBERED:
            del self._closed[next(iter(self._closed))]


def to_json(incident: Incident) -> dict[str, Any]:
    return {**incident._asdict(), "casualties": [each._asdict() for each in incident.casualties.values()]}


def _key(event: Event, kind: str, severity: str) -> str:
    credential = event.data.get("credential")
    if isinstance(credential, str) and credential:
        if severity == DEAD and kind in _OF_A_CREDENTIAL:
            return credential
        if kind in _OF_A_PROVIDER:
            return f"{credential} {kind}"
    return event.source


def _casualty(event: Event, at: float) -> Casualty:
    item = event.data.get("item")
    named = item.get("id") if isinstance(item, dict) else event.data.get("ticket")
    return Casualty(event.source, event.subject, _text(named), _text(event.data.get("checkpoint")), at)


def _over(incident: Incident, source: str) -> None:
    if source in incident.casualties:
        incident.casualties[source] = incident.casualties[source]._replace(over=True)


def _is_limit(incident: Incident) -> bool:
    return incident.cause.startswith("limit.")


def _says(data: Mapping[str, Any]) -> str:
    """The words of the first witness, or what the event says of itself."""
    evidence = data.get("evidence")
    if isinstance(evidence, list) and evidence and isinstance(evidence[0], dict):
        return str(evidence[0].get("says") or "")
    return str(data.get("says") or data.get("note") or "")


def _time(event: Event) -> float:
    """When it was posted, by the reckoning of whoever posted it."""
    try:
        return events.epoch(event.time)
    except ValueError:
        try:
            return events.made_at(event.id)
        except ValueError:
            return 0.0


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
