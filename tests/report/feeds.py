"""Feeds for tests."""

import random
from datetime import UTC, datetime
from typing import Any

from codexwrap import events
from codexwrap.events import Event
from codexwrap.verdict.causes import CAUSES, State

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()
HOUR, DAY = 3600, 86400


def event(kind: str, at: float, seat: str = "alpha", **data: Any) -> Event:
    return events.new(kind, seat=seat, data=data, at=at)


def died(at: float, seat: str = "alpha", cause: str = "auth.token_revoked", **data: Any) -> Event:
    kind = "seat.dead" if CAUSES[cause].state is State.DEAD else "seat.stalled"
    return event(kind, at, seat, cause=cause, **{"seen_after_ms": 200, **data})


def week(seats: int, deaths: int, *, seed: int = 1) -> list[Event]:
    """A week of a fleet: deaths of all causes, most of them repaired, in the order of time."""
    chance = random.Random(seed)
    told: list[Event] = []
    for index in range(seats):
        seat, at = f"seat-{index:03}", NOW - 7 * DAY + chance.uniform(0, HOUR)
        told.append(event("seat.started", at, seat, ticket=f"HWD-{index:04}"))
        for _ in range(deaths):
            at += chance.uniform(HOUR, 14 * DAY / (deaths + 1))
            cause = chance.choice(list(CAUSES))
            repaired = at + chance.expovariate(1 / 2400)
            if repaired > NOW:
                break
            told.append(died(at, seat, cause, seen_after_ms=chance.randrange(20, 900), ticket=f"HWD-{index:04}"))
            if chance.random() < 0.06:
                break
            told.append(event("seat.alive", repaired, seat, ticket=f"HWD-{index:04}"))
            at = repaired
    return sorted(told, key=lambda each: each.time)
