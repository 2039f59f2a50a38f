"""Find what is to be told next."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from codexwrap.alerts import message, rules
from codexwrap.alerts.message import Message
from codexwrap.alerts.rules import Rules
from codexwrap.feed.incidents import STALLED, WARNING, Incident

_HOUR = 3600.0
_GATHER = 2.0  # seconds for which the seats of one credential are waited for: they die together
_STALE = 3600.0  # of an incident that is older, an alert that is new says nothing
_FORGOTTEN = 1000  # incidents that were told


class Told(NamedTuple):
    """What an alert has told: of which incidents (by id) when, that they were told once more, that they are over; when it
    sent something in the last hour; which ones it holds back; and since when there is this alert.
    """

    since: float
    opened: dict[str, float]
    again: dict[str, float]
    closed: dict[str, float]
    sent: tuple[float, ...] = ()
    held: tuple[str, ...] = ()


class Due(NamedTuple):
    """What to tell now, and what has been told then; or, without a message, when to look again."""

    message: Message | None
    told: Told
    at: float | None = None


def begin(record: dict[str, Any], now: float) -> Told:
    """From what was kept, which is nothing for a new alert."""
    try:
        told = Told(**record)
        return told._replace(sent=tuple(told.sent), held=tuple(told.held), since=float(told.since))
    except TypeError:
        return Told(now, {}, {}, {})


def next_due(how: Rules, incidents: Sequence[Incident], told: Told, now: float) -> Due:
    """The first thing to tell; each incident is told once when it opens, and once when it is over."""
    told = _tidy(told, incidents, now)
    ready: list[Incident] = []
    later: list[float] = []
    for incident in incidents:
        if incident.id in told.closed or not rules.concerns(how, incident):
            continue
        due, at = _due(how, incident, told, now)
        if at is not None:
            later.append(at)
        elif due is not None:
            if due.message is not None:
                return due
            ready.append(incident)
    return _open(how, ready, told, now, min(later, default=None))


def _due(how: Rules, incident: Incident, told: Told, now: float) -> tuple[Due | None, float | None]:
    """What is due of one incident: a message, or (without one) to be opened; or when something will be."""
    quiet = rules.quiet_until(how, incident, now)
    ended = incident.ended(now)
    opened = told.opened.get(incident.id)
    if ended is None and incident.resets_at is not None and opened is not None and incident.severity != WARNING:
        clock: float | None = incident.resets_at
    else:
        clock = None
    if opened is None:
        held = incident.id in told.held
        if (ended and not held) or incident.opened_at < told.since - _STALE:
            return None, None
        wait = (
            how.stalled_minutes * 60
            if incident.severity == STALLED
            else 0.0
            if incident.severity == WARNING
            else _GATHER
        )
        at = max(incident.opened_at + wait, quiet or 0.0)
        if how.after_minutes:
            if incident.acted_at is not None:
                return None, None
            at = max(at, incident.opened_at + how.after_minutes * 60)
        return (Due(None, told), None) if at <= now else (None, at)
    if ended:
        if incident.severity == WARNING:
            return None, None
        if quiet:
            return None, quiet
        return Due(message.closed(incident, *ended), told._replace(closed={**told.closed, incident.id: now})), None
    if how.escalate_minutes and incident.acted_at is None and incident.id not in told.again:
        at = max(opened + how.escalate_minutes * 60, quiet or 0.0)
        if at <= now:
            text = f"nobody acted in {how.escalate_minutes:g} min"
            after = told._replace(again={**told.again, incident.id: now}, sent=(*told.sent, now))
            return Due(message.opened(incident, again=text), after), None
        return None, min(at, clock or at)
    return None, clock


def _open(how: Rules, ready: Sequence[Incident], told: Told, now: float, later: float | None) -> Due:
    if not ready:
        return Due(None, told, later)
    if len(told.sent) >= how.per_hour:
        room = told.sent[-how.per_hour] + _HOUR
        held = tuple(incident.id for incident in ready)
        return Due(None, told._replace(held=held), room if later is None else min(room, later))
    first = ready[0]
    together = ready if told.held and len(ready) > 1 else [first]
    said = message.summary(together, now) if len(together) > 1 else message.opened(first)
    ids = [incident.id for incident in together]
    return Due(
        said,
        told._replace(
            opened={**told.opened, **dict.fromkeys(ids, now)},
            closed={**told.closed, **{each.id: now for each in together if each.ended(now)}},
            sent=(*told.sent, now),
            held=tuple(name for name in told.held if name not in ids),
        ),
    )


def _tidy(told: Told, incidents: Sequence[Incident], now: float) -> Told:
    """Without what will not be asked for again."""
    sent = tuple(each for each in told.sent if now - _HOUR < each <= now)
    if len(told.opened) <= _FORGOTTEN:
        return told._replace(sent=sent)
    known = {incident.id for incident in incidents}
    opened, again, closed = (
        {name: at for name, at in each.items() if name in known} for each in (told.opened, told.again, told.closed)
    )
    return told._replace(sent=sent, opened=opened, again=again, closed=closed)
