"""Forecast when a window is full.

At what rate it was used is read off the last hour (for windows of a day and more: off the last day) in six blocks of
equal length: the mean of what the blocks used, over their length. How far that is to be trusted is read off the blocks,
too: the interval is the mean ± t·s·√(1/n + 1/m) (Student's t for 90 %, s the standard deviation of the n blocks, m how
many blocks it takes until the window is full: what is to come varies like what was), and never less than one percent of
usage over the whole time, for the provider tells whole percents. A window that is younger has fewer blocks;
with fewer than three, or fewer than three readings that differ, nothing is forecast.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, stdev
from typing import NamedTuple

from codexwrap.usage.meter import Meter, Point

_BLOCKS = 6
_LEAST = 3
_SHORT, _LONG = 3600, 86400  # seconds that are looked back
_DAY = 24 * 60  # minutes
_FULL = 100.0
_STEP = 1.0  # percent
# Student's t, two-sided 90 %, by degrees of freedom.
_T = {2: 2.920, 3: 2.353, 4: 2.132, 5: 2.015}


class Forecast(NamedTuple):
    """When a window is full if it goes on as it went, epoch seconds: `full_at`, at the earliest, and at the latest.

    None for never: nothing is used, or it may be that nothing is. `rate` is in percent per hour, `low` and `high` bound
    it. Where nothing can be forecast, `why` says why, and all else is 0 or None.
    """

    rate: float = 0.0
    low: float = 0.0
    high: float = 0.0
    full_at: float | None = None
    earliest: float | None = None
    latest: float | None = None
    why: str = ""

    def hits_before(self, reset: float | None) -> bool:
        """Whether the window is full before it resets; where the reset is not known, nobody can tell."""
        return self.full_at is not None and reset is not None and self.full_at < reset


def forecast(meter: Meter, now: float) -> Forecast:
    """The forecast for one window. What was read last holds until now: what is not told was not used."""
    if meter.resets_at is not None and meter.resets_at <= now:
        return Forecast(why="it has reset since it was last read")
    if meter.window.used >= _FULL:
        return Forecast(full_at=meter.at, earliest=meter.at, latest=meter.at, why="it is full")
    reach = _LONG if meter.window.minutes >= _DAY else _SHORT
    block = reach / _BLOCKS
    if now - meter.at > reach:
        return Forecast(why=f"not read for {(now - meter.at) / 3600:.0f} h")
    first = max(meter.points[0].at, now - reach)
    count = min(_BLOCKS, int((now - first) / block + 1e-9))
    start = now - count * block
    readings = sum(point.at >= start for point in meter.points)
    if count < _LEAST or readings < _LEAST:
        minutes = (now - meter.points[0].at) / 60
        return Forecast(why=f"too few readings: {len(meter.points)} that differ, in {minutes:.0f} min")
    return _extrapolated(meter, now, [start + block * number for number in range(count + 1)])


def _extrapolated(meter: Meter, now: float, edges: Sequence[float]) -> Forecast:
    hours = (edges[1] - edges[0]) / 3600
    used = [max(0.0, after - before) for before, after in pairwise(_at(meter.points, edge) for edge in edges)]
    mean = fmean(used)
    left = _FULL - meter.window.used
    spread = math.sqrt(1 / len(used) + mean / left)
    doubt = max(_T[len(used) - 1] * stdev(used) * spread, _STEP / len(used))
    rate, low, high = (each / hours for each in (mean, max(0.0, mean - doubt), mean + doubt))

    def when(speed: float) -> float | None:
        return now + left / speed * 3600 if speed > 0 else None

    return Forecast(rate, low, high, when(rate), when(high), when(low))


def _at(points: Sequence[Point], moment: float) -> float:
    """What was used at a moment, as it was last read by then."""
    index = bisect_right(points, (moment, math.inf))
    return points[max(0, index - 1)].used
