"""Say that a pass was made."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codexwrap import atomic, events
from codexwrap.paths import State as Root

_MISSED = 3  # passes that may fail to come before somebody is told
_LEAST = 180.0  # seconds


def folder(root: Root) -> Path:
    """Where the watchdog keeps what is its own."""
    return root.root / "watchdog"


def write(root: Root, *, every: float | None, took: float, unknown: Sequence[str], at: float) -> None:
    """Note that a pass has ended: its duration in seconds, and what it could not find out. Raises OSError.

    `every` is how often passes are to come; None where somebody made this one by hand, and what was set up stays as it is.
    """
    before = read(root) or {}
    record = {
        "time": events.timestamp(at),
        "every": every if every is not None else before.get("every"),
        "took_ms": round(took * 1000),
        "unknown": list(unknown),
    }
    atomic.private_dir(folder(root))
    atomic.write(_path(root), json.dumps(record, indent=1).encode() + b"\n", durable=False)


def read(root: Root) -> dict[str, Any] | None:
    """The last one; None where there is none that can be read."""
    try:
        record = json.loads(_path(root).read_bytes())
        events.epoch(record["time"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(record)


def overdue(root: Root, now: float) -> float | None:
    """Seconds since the last pass, where that is too long; None where all is well, or nobody set up a watchdog."""
    return missed(read(root), now)


def missed(record: Mapping[str, Any] | None, now: float) -> float | None:
    """The same of a heartbeat that was read."""
    if record is None or not isinstance(every := record.get("every"), int | float):
        return None
    age = now - events.epoch(record["time"])
    return age if age > max(_LEAST, _MISSED * every) else None


def _path(root: Root) -> Path:
    return folder(root) / "heartbeat.json"
