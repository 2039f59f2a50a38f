"""Count what happened in a period."""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from codexwrap.report.episodes import GIVEN_UP, Blocked, Episode, Story
from codexwrap.verdict.causes import State


class Spread(NamedTuple):
    """How a number of durations are spread, in seconds; all None where there are none."""

    number: int
    median: float | None = None
    nine_in_ten: float | None = None
    longest: float | None = None


class Row(NamedTuple):
    """What happened under one heading: a day, a cause, or a seat.

    `open` are episodes that are not over; `down` is for how long seats were dead or stalled, in seconds of the period.
    """

    name: str
    dead: int
    stalled: int
    open: int
    detect: Spread
    repair: Spread
    down: float


class Figures(NamedTuple):
    """A period from `since` to `until`, epoch seconds, in numbers.

    `detect` is from when a death was to be seen until it was judged, `repair` from the death until the seat was back.
    `blocked` are seconds of the period for which each item was blocked by deaths, the longest first; `stuck` are those
    that are still blocked. `spans` are the episodes that touch the period.
    """

    since: float
    until: float
    total: Row
    days: tuple[Row, ...]
    causes: tuple[Row, ...]
    seats: tuple[Row, ...]
    blocked: tuple[tuple[str, float], ...]
    stuck: tuple[str, ...]
    warnings: int
    spans: tuple[Episode, ...]


def count(story: Story, since: float, until: float, zone: tzinfo | None = None) -> Figures:
    """The numbers of a period. An episode belongs to the day on which it began, its downtime to those on which it was."""
    spans = [each for each in story.episodes if each.began < until and (each.ended is None or each.ended > since)]
    names = seat_names(spans)
    days = [
        _row(f"{day:%Y-%m-%d}", spans, max(since, start), min(until, end))
        for day, start, end in _days(since, until, zone)
    ]
    lost = _lost(story.blocked, since, until)
    return Figures(
        since,
        until,
        _row("all", spans, since, until),
        tuple(days),
        _grouped(spans, lambda each: each.cause, since, until),
        _grouped(spans, lambda each: names[each.source], since, until),
        tuple(sorted(lost.items(), key=lambda each: (-each[1], each[0]))),
        tuple(sorted(each.item for each in story.blocked if each.ended is None and each.began < until)),
        sum(since <= at < until for at in story.warnings),
        tuple(spans),
    )


def seat_names(spans: Iterable[Episode]) -> dict[str, str]:
    """How seats are called, by source; with their hosts where there are several."""
    seats = {each.source: each.seat for each in spans}
    hosts = {source: source.removeprefix("//").partition("/")[0] for source in seats}
    several = len(set(hosts.values())) > 1
    return {source: f"{seat} ({hosts[source]})" if several else seat for source, seat in seats.items()}


def _grouped(spans: Sequence[Episode], by: Callable[[Episode], str], since: float, until: float) -> tuple[Row, ...]:
    groups: dict[str, list[Episode]] = {}
    for each in spans:
        groups.setdefault(by(each), []).append(each)
    rows = [_row(name, group, since, until) for name, group in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.dead - row.stalled, -row.down, row.name)))


def _row(name: str, spans: Iterable[Episode], since: float, until: float) -> Row:
    spans = [each for each in spans if each.began < until and (each.ended is None or each.ended > since)]
    began = [each for each in spans if each.began >= since]
    return Row(
        name,
        sum(each.state is State.DEAD for each in began),
        sum(each.state is State.STALLED for each in began),
        sum(each.ended is None for each in spans),
        spread(each.seen_after for each in began if each.seen_after is not None),
        spread(each.ended - each.began for each in began if each.ended is not None and each.by != GIVEN_UP),
        sum(overlap(each.began, each.ended, since, until) for each in spans),
    )


def overlap(began: float, ended: float | None, since: float, until: float) -> float:
    """Seconds of a period that lie between two moments, the second of them open."""
    return max(0.0, min(until, until if ended is None else ended) - max(since, began))


def spread(durations: Iterable[float]) -> Spread:
    """Median, the duration that nine in ten do not exceed, and the longest."""
    known = sorted(durations)
    if not known:
        return Spread(0)
    middle = len(known) // 2
    median = known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2
    return Spread(len(known), median, known[math.ceil(0.9 * len(known)) - 1], known[-1])


def _lost(blocked: Iterable[Blocked], since: float, until: float) -> dict[str, float]:
    lost: dict[str, float] = {}
    for each in blocked:
        if seconds := overlap(each.began, each.ended, since, until):
            lost[each.item] = lost.get(each.item, 0.0) + seconds
    return lost


def _days(since: float, until: float, zone: tzinfo | None) -> Iterable[tuple[date, float, float]]:
    day = datetime.fromtimestamp(since, zone).date()
    while (start := _midnight(day, zone)) < until:
        following = day + timedelta(days=1)
        yield day, start, _midnight(following, zone)
        day = following


def _midnight(day: date, zone: tzinfo | None) -> float:
    return datetime.combine(day, time(), zone).timestamp()


def start_of(days: int, now: float, zone: tzinfo | None = None) -> float:
    """Midnight before so many days, today being the first of them."""
    today = datetime.fromtimestamp(now, zone).date()
    return _midnight(today - timedelta(days=days - 1), zone)
