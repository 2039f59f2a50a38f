"""Warn before a limit is hit."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from codexwrap import atomic, events
from codexwrap.config import Config
from codexwrap.events import Event
from codexwrap.keep.outbox import Outbox
from codexwrap.paths import State as Root
from codexwrap.usage import usage, words
from codexwrap.usage.forecast import Forecast
from codexwrap.usage.meter import Meter
from codexwrap.usage.usage import Credential
from codexwrap.verdict import resettime

VERSION = 1

_BUDGET = 256 << 20  # bytes of sessions that one pass reads
_MOVED = 600  # seconds
_FELL = 5.0  # percent


class Due(NamedTuple):
    """A warning: `threshold` in percent, None for a forecast; `covers` are the marks that it stands for."""

    meter: Meter
    forecast: Forecast
    threshold: int | None
    covers: tuple[str, ...]


def warnings(root: Root, config: Config, environ: Mapping[str, str], *, now: float | None = None) -> list[Event]:
    """Post what there is to warn of, each once per window, and return it; to be called as often as one likes.

    Only the sign-in that is in use is warned of. Of the percents that are passed at once, the highest is posted. What is
    posted is noted before, so that a process that is killed in between posts it once, and of several that call this at a
    time one works and the others return nothing. Nothing is raised for a file that cannot be read or written: it is tried
    again with the next call.
    """
    now = time.time() if now is None else now
    folder = root.root / "usage"
    try:
        atomic.private_dir(folder)
        with FileLock(folder / "warned.lock", timeout=0, mode=atomic.FILE_MODE):
            return _post(root, config, environ, now)
    except (OSError, Timeout):
        return []


def _post(root: Root, config: Config, environ: Mapping[str, str], now: float) -> list[Event]:
    path = root.root / "usage" / "warned.json"
    marks, owed = _load(path.read_bytes() if path.exists() else b"{}")

    def note() -> None:
        record = {"version": VERSION, "warned": marks, "owed": outbox.lines()}
        atomic.write(path, json.dumps(record).encode())

    outbox, before = Outbox(root, note), dict(marks)
    taken = outbox.take_over(owed)
    zone = resettime.zone(environ.get("TZ"))
    made: list[Event] = []
    for each in usage.collect(root, environ, now=now, budget=_BUDGET, zone=zone).credentials:
        if each.now:
            for due in _due(each, config, marks, now):
                made.append(_event(each, due, now, zone))
                marks.update(dict.fromkeys(due.covers, _mark(due.meter, now)))
    if made:
        outbox.post(*made)
    elif taken:
        outbox.flush()
    if made or taken or marks != before:
        note()
    return made


def _due(found: Credential, config: Config, marks: dict[str, Any], now: float) -> Iterator[Due]:
    wanted = [each.strip() for each in config.warn_at.split(",")]
    percents = sorted(int(each) for each in wanted if each.isdecimal())
    for meter, told in zip(found.meters, found.forecasts, strict=True):
        if meter.resets_at is not None and meter.resets_at <= now:
            continue
        name = f"{found.credential}|{meter.window.limit}|{meter.window.minutes}|"
        for key in [key for key in marks if key.startswith(name) and _is_over(marks[key], meter, now)]:
            del marks[key]
        passed = [each for each in percents if meter.window.used >= each]
        if passed and f"{name}{passed[-1]}" not in marks:
            yield Due(meter, told, passed[-1], tuple(f"{name}{each}" for each in passed))
        forecast = f"{name}forecast"
        if "forecast" in wanted and not told.why and told.hits_before(meter.resets_at) and forecast not in marks:
            yield Due(meter, told, None, (forecast,))


def _mark(meter: Meter, now: float) -> dict[str, float]:
    return {"until": meter.resets_at or now + meter.window.minutes * 60, "used": meter.window.used}


def _is_over(mark: Any, meter: Meter, now: float) -> bool:
    """The window that was warned of has ended: its time came, or the provider set it back.

    A reset that only moves, or only a reading that falls, does not do: some waver, and each would warn again.
    """
    try:
        until, used = float(mark["until"]), float(mark["used"])
    except (KeyError, TypeError, ValueError):
        return True
    moved = meter.resets_at is not None and meter.resets_at > until + _MOVED
    return now >= until or (moved and meter.window.used < used - _FELL)


def _event(found: Credential, due: Due, now: float, zone: tzinfo | None) -> Event:
    meter, told = due.meter, due.forecast
    foreseen = words.forecast(meter, told, now, zone)
    remedy = words.used(meter, now, zone) if due.threshold is not None else f"{foreseen[0].upper()}{foreseen[1:]}."
    data = {
        "credential": found.credential,
        "seats": list(found.seats),
        "kind": "forecast" if due.threshold is None else "used",
        "threshold": due.threshold,
        "limit": meter.window.limit,
        "window_minutes": meter.window.minutes,
        "used_percent": meter.window.used,
        "resets_at": meter.resets_at,
        "percent_per_hour": round(told.rate, 2),
        "full_at": _whole(told.full_at),
        "earliest": _whole(told.earliest),
        "latest": _whole(told.latest),
        "recoverable": "wait",
        "remedy": remedy,
    }
    return events.new("limit.warning", seat=found.credential, data=data, at=now)


def _whole(moment: float | None) -> int | None:
    return None if moment is None else int(moment)


def _load(data: bytes) -> tuple[dict[str, Any], list[str]]:
    try:
        record = json.loads(data)
        marks, owed = record.get("warned", {}), record.get("owed", [])
        fits = isinstance(marks, dict) and all(isinstance(line, str) for line in owed)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}, []
    return (marks, owed) if fits else ({}, [])
