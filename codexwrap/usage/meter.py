"""Follow the readings of one window."""

from collections.abc import Sequence
from typing import NamedTuple

from codexwrap.usage.limits import Window

KEPT = 26 * 3600  # seconds of readings; a forecast looks back a day at most
_LATER = 600  # seconds; a reset that moves by more is that of another window, within one it wavers by some
_BACK = 2.5  # percent; providers round, and answers overtake each other


class Point(NamedTuple):
    """A reading: epoch seconds, and percent used."""

    at: float
    used: float


class Meter(NamedTuple):
    """One window of a limit as it was read, oldest reading first; `at` is when it was last read.

    Of readings that say the same, the first is kept, so that there are no more than about a hundred.
    """

    window: Window
    at: float
    points: tuple[Point, ...]

    @property
    def resets_at(self) -> int | None:
        return self.window.resets_at


def follow(meter: Meter | None, window: Window, at: float) -> Meter:
    """The meter after one more reading, which may be older than the last one.

    A reset that moved begins a new window, and what was used before is of the past; so does a reading that falls, when
    the provider has set the limit back.
    """
    new = Point(at, window.used)
    if meter is None:
        return Meter(window, at, (new,))
    if at < meter.at:
        return meter._replace(points=_with(meter.points, new)) if _same(meter.window, window) else meter
    if window.resets_at is not None and window.resets_at <= at:
        return meter  # a session that slept repeats what it heard before
    if not _same(meter.window, window) or window.used < meter.window.used - _BACK:
        return Meter(window, at, (new,))
    return Meter(window, at, _with(meter.points, new))


def _same(one: Window, other: Window) -> bool:
    if one.resets_at is None or other.resets_at is None:
        return True
    return abs(one.resets_at - other.resets_at) <= _LATER


def _with(points: Sequence[Point], new: Point) -> tuple[Point, ...]:
    kept = [point for point in points if point.at > new.at - KEPT]
    later = [point for point in kept if point.at > new.at]
    before = kept[: len(kept) - len(later)]
    if (before and before[-1].used >= new.used) or (later and new.used > later[0].used + _BACK):
        return tuple(kept)
    return (*before, new, *(point for point in later if point.used > new.used))
