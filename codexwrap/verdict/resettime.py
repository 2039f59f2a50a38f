"""Read reset times from words."""

import re
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# How long ago a time of day may be and still be meant: the words were on the screen a moment before they were read.
_JUST_NOW = 5 * 60  # seconds
_DAY = 24 * 60 * 60

_CLOCK = (
    r"(?=\d{1,2}:\d{2}|\d{1,2}\s*[ap]m\b)(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::\d{2})?)?\s*(?P<half>[ap]\.?m\.?)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = (
    rf"(?P<month>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s*(?P<year>\d{{4}}))?"
    r",?\s*(?:at\s*)?"
)
_DATED = re.compile(rf"(?i){_DATE}{_CLOCK}")
_TIMED = re.compile(rf"(?i)(?<![\d:]){_CLOCK}")
_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:T|\s*at\s*|\s*)(?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)"
    r"\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?"
)
_SPAN = re.compile(r"(?i)(\d+)\s*(days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z]*\s*\d{4})")
_RELATIVE = re.compile(
    r"(?i)in((?:(?:lessthana|an?|\d+)(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])(?:,|and)*)+)"
)
_ZONE = re.compile(r"\((?P<zone>UTC|GMT|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_+-]+)+)\)|\b(?P<utc>UTC|GMT)\b")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def zone(name: str | None) -> tzinfo | None:
    """The time zone that $TZ names; None, the machine's own, where it names none that is known here."""
    if not name:
        return None
    try:
        return ZoneInfo(name.removeprefix(":"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read(words: str, *, now: float, tz: tzinfo | None = None) -> int | None:
    """The epoch second that `words` name ("3:16 PM", "Nov 26th, 2026 12:14 PM", "in 2 hours 5 minutes"), or None.

    `now` is when the words were read, in epoch seconds; `tz` the zone they are meant in unless they name one, None being
    the machine's own. A time of day without a date is the next one, or one that has only just passed.
    """
    tz = _named_zone(words) or tz
    words = "".join(words.split())  # a window breaks rows anywhere, also within a number
    if found := _ISO.search(words):
        return _iso(found, tz)
    if found := _RELATIVE.search(words):
        return int(now) + _seconds(found[1])
    if found := _DATED.search(words):
        return _dated(found, now, tz)
    if found := _TIMED.search(words):
        return _timed(found, now, tz)
    return None


def _named_zone(words: str) -> tzinfo | None:
    found = _ZONE.search(words)
    return zone(found["zone"] or found["utc"]) if found else None


def _iso(found: re.Match[str], tz: tzinfo | None) -> int | None:
    offset = {"Z": "+00:00", "UTC": "+00:00", None: ""}.get(found["zone"], found["zone"])
    try:
        moment = datetime.fromisoformat(f"{found['date']}T{found['time']}{offset}")
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=tz)).timestamp())


def _seconds(span: str) -> int:
    counted = re.sub(r"(?i)\b(?:lessthana|an?)(?=[dhms])", "1", span)
    return sum(int(count) * _UNITS[unit[0].lower()] for count, unit in _SPAN.findall(counted))


def _clock(found: re.Match[str]) -> time | None:
    groups = found.groupdict()
    hour, minute, half = int(groups["hour"]), int(groups.get("minute") or 0), (groups.get("half") or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _dated(found: re.Match[str], now: float, tz: tzinfo | None) -> int | None:
    if (clock := _clock(found)) is None:
        return None
    month = _MONTHS.index(found["month"].lower()) + 1
    this_year = datetime.fromtimestamp(now, tz).year
    for year in [int(found["year"])] if found["year"] else [this_year, this_year + 1]:
        try:
            moment = _epoch(date(year, month, int(found["day"])), clock, now, tz)
        except ValueError:
            continue
        if found["year"] or moment >= now - _DAY:
            return moment
    return None


def _timed(found: re.Match[str], now: float, tz: tzinfo | None) -> int | None:
    if (clock := _clock(found)) is None:
        return None
    today = datetime.fromtimestamp(now, tz).date()
    moments = (_epoch(today + timedelta(days=days), clock, now, tz) for days in (-1, 0, 1))
    return next((moment for moment in moments if moment >= now - _JUST_NOW), None)


def _epoch(day: date, clock: time, now: float, tz: tzinfo | None) -> int:
    """A wall-clock time as epoch seconds. Of its two meanings on the night when clocks go back, the first still to come."""
    wall = datetime.combine(day, clock, tzinfo=tz)
    first, second = int(wall.timestamp()), int(wall.replace(fold=1).timestamp())
    return second if first < now - _JUST_NOW <= second else first
