"""Put an incident into words."""

import shlex
import time
from collections.abc import Sequence
from typing import NamedTuple

from codexwrap.feed.incidents import DEAD, STALLED, Casualty, Incident
from codexwrap.feed.names import host_of
from codexwrap.redact.redact import printable

_SEATS = 20  # that are named
_LONGEST = 500  # characters of a fact


class Message(NamedTuple):
    """What a person is told: a line, and facts, each with its name. Nothing in it moves a cursor or hides text.

    `id` is the same when the same is told twice; `about` are the ids of the incidents.
    """

    id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    about: tuple[str, ...] = ()
    severity: str = DEAD

    def text(self) -> str:
        """All of it, for who takes plain text."""
        return "\n".join([self.title, *(f"{name}: {value}" for name, value in self.facts)]) + "\n"


def opened(incident: Incident, *, again: str = "") -> Message:
    """That something happened; `again` says why it is told once more."""
    what = {DEAD: "DEAD", STALLED: "STALLED"}.get(incident.severity, "WARNING")
    title = f"{what}: {_who(incident)}, {incident.cause}{f' ({again})' if again else ''}"
    casualties = list(incident.casualties.values())
    one = casualties[0] if len(casualties) == 1 else None
    return _message(
        f"{incident.id}{'-again' if again else ''}",
        title,
        [
            ("Seats" if one is None else "Seat", _list([_seat(each) for each in casualties])),
            ("Cause", incident.cause),
            ("Says", incident.says),
            ("Item", _list(list(dict.fromkeys(each.item for each in casualties if each.item)))),
            ("Since", _clock(incident.opened_at)),
            ("Ends", _clock(incident.resets_at) if incident.resets_at and incident.severity == DEAD else ""),
            ("What to do", incident.remedy),
            (
                "Then",
                f"codexwrap resume {shlex.quote(one.seat) if one else 'SEAT'}" if incident.severity == DEAD else "",
            ),
            ("Checkpoint", (one.checkpoint or "") if one else ""),
            ("Incident", incident.id),
        ],
        [incident],
    )


def closed(incident: Incident, at: float, why: str) -> Message:
    """That it is over."""
    waiting = [each for each in incident.casualties.values() if not each.over]
    return _message(
        f"{incident.id}-closed",
        f"OVER: {_who(incident)}, {incident.cause}",
        [
            ("Because", why),
            ("Lasted", f"{_clock(incident.opened_at)} to {_clock(at)}"),
            ("Not heard of since", _list([_seat(each) for each in waiting]) if incident.severity == DEAD else ""),
            ("Incident", incident.id),
        ],
        [incident],
    )


def summary(incidents: Sequence[Incident], now: float) -> Message:
    """What was held back, in one."""
    lines = [
        (
            _clock(incident.opened_at),
            f"{_who(incident)}, {incident.cause}{'' if incident.is_open(now) else ' (over)'}; {incident.remedy}",
        )
        for incident in incidents
    ]
    more = len(lines) - _SEATS
    title = f"{len(incidents)} incidents were held back, so as not to flood you"
    return _message(
        f"{incidents[-1].id}-summary",
        title,
        [*lines[:_SEATS], *([("And", f"{more} more: codexwrap feed incidents --all")] if more > 0 else [])],
        incidents,
    )


def test(now: float) -> Message:
    """One that says what it is."""
    facts = [("What to do", "Nothing: codexwrap doctor --test-alert sent this."), ("Since", _clock(now))]
    return _message(f"test-{now:.0f}", "TEST: this is not a real alert", facts, ())


def _message(name: str, title: str, facts: Sequence[tuple[str, str]], about: Sequence[Incident]) -> Message:
    severity = DEAD if any(each.severity == DEAD for each in about) else about[0].severity if about else STALLED
    told = tuple((label, _clean(value)) for label, value in facts if value)
    return Message(name, _clean(f"codexwrap: {title}"), told, tuple(each.id for each in about), severity)


def _who(incident: Incident) -> str:
    casualties = list(incident.casualties.values())
    return f"seat {casualties[0].seat}" if len(casualties) == 1 else f"{len(casualties)} seats on one credential"


def _seat(casualty: Casualty) -> str:
    return f"{casualty.seat} on {host_of(casualty.source)}{f' ({casualty.item})' if casualty.item else ''}"


def _list(names: Sequence[str]) -> str:
    more = len(names) - _SEATS
    return ", ".join(names[:_SEATS]) + (f" and {more} more" if more > 0 else "")


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at))


def _clean(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
