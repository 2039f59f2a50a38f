"""Word what is used."""

from datetime import datetime, tzinfo

from codexwrap.usage.forecast import Forecast
from codexwrap.usage.meter import Meter

_DAY = 24 * 60  # minutes


def name(meter: Meter) -> str:
    """`5 h`, `week`, and before that the limit's own name where it is another than the usual one."""
    minutes, limit = meter.window.minutes, meter.window.limit
    length = "week" if minutes == 7 * _DAY else _length(minutes)
    return length if limit == "codex" else f"{limit} {length}"


def duration(seconds: float) -> str:
    """`1 h 10`, `3 d 4 h`, `12 min`."""
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{hours} h {rest:02}" if minutes < _DAY else f"{hours // 24} d {hours % 24} h"


def clock(moment: float, now: float, zone: tzinfo | None = None) -> str:
    """The time of day, with the date where that is not today's."""
    at, today = datetime.fromtimestamp(moment, zone), datetime.fromtimestamp(now, zone)
    return f"{at:%H:%M}" if at.date() == today.date() else f"{at:%a %d %b %H:%M}"


def used(meter: Meter, now: float, zone: tzinfo | None = None) -> str:
    """`84 % of the 5 h window is used; it resets at 14:20.`"""
    reset = f"; it resets at {clock(meter.resets_at, now, zone)}" if meter.resets_at else ""
    return f"{meter.window.used:.0f} % of the {name(meter)} window is used{reset}."


def forecast(meter: Meter, told: Forecast, now: float, zone: tzinfo | None = None) -> str:
    """`at this rate the 5 h window is full at 14:20, 1 h 10 before it resets (13:40 to 15:50, 9 in 10)`."""
    if told.why:
        return f"no forecast: {told.why}" if told.full_at is None else told.why
    if told.full_at is None:
        return "nothing was used of late"
    reset = meter.resets_at
    early, late = (clock(each, now, zone) if each else "" for each in (told.earliest, told.latest))
    between = f"({early} to {late}, 9 in 10)" if late else f"(at the earliest {early}, perhaps never; 9 in 10)"
    when = f"at this rate the {name(meter)} window is full at {clock(told.full_at, now, zone)}"
    if reset is None:
        return f"{when} {between}"
    if told.full_at < reset:
        return f"{when}, {duration(reset - told.full_at)} before it resets {between}"
    if told.earliest is not None and told.earliest < reset:
        return f"at this rate it resets first, but it may be full at {early}"
    return "at this rate it resets first"


def _length(minutes: int) -> str:
    for size, unit in ((_DAY, "d"), (60, "h")):
        if minutes >= size and minutes % size == 0:
            return f"{minutes // size} {unit}"
    return f"{minutes} min"
