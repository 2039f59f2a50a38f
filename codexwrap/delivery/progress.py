"""Keep how far a sink is."""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import atomic, events, paths
from codexwrap.archives import START, Cursor
from codexwrap.events import Event

_VERSION = 1


class Progress(NamedTuple):
    """How far a sink is, and what keeps it; times are epoch seconds.

    `cursor` stands behind the last event that was taken or set aside. `failures` are those in a row since `failing_since`,
    `next_try` is when it is tried again, `error` says why. `stuck` when only somebody can mend that. `settings` tells
    whether the sink is still the one that failed.
    """

    cursor: Cursor = START
    failures: int = 0
    failing_since: float = 0.0
    next_try: float = 0.0
    error: str = ""
    stuck: bool = False
    delivered: int = 0
    delivered_at: float = 0.0
    parked: int = 0
    skipped: int = 0
    settings: str = ""
    extra: dict[str, Any] = {}  # noqa: RUF012 - never written to; what an alert has told


class Parked(NamedTuple):
    """An event that a sink will never take, why, and when it was set aside."""

    event: Event
    reason: str
    at: float


def folder(root: paths.State) -> Path:
    return root.root / "sinks"


def load(root: paths.State, name: str) -> Progress:
    """The start where nothing is known: a sink that is new, or whose file is spoiled, gets the whole feed."""
    try:
        record = json.loads((folder(root) / f"{paths.file_name(name)}.json").read_bytes())
        if record.pop("version") != _VERSION or record.pop("name") != name:
            raise ValueError(name)
        progress = Progress(**record)
        kinds = {field: type(value) for field, value in Progress._field_defaults.items()}
        found = progress._replace(cursor=Cursor(*progress.cursor))
        if not all(isinstance(value, (kinds[field], int)) for field, value in found._asdict().items()):
            raise ValueError(name)
        return found
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Progress()


def save(root: paths.State, name: str, progress: Progress, *, durable: bool) -> None:
    """Raises OSError."""
    record = {"version": _VERSION, "name": name, **progress._asdict()}
    path = atomic.private_dir(folder(root)) / f"{paths.file_name(name)}.json"
    atomic.write(path, json.dumps(record).encode() + b"\n", durable=durable)


def parked_file(root: paths.State, name: str) -> Path:
    return folder(root) / f"{paths.file_name(name)}.parked.jsonl"


def park(root: paths.State, name: str, event: Event, reason: str) -> None:
    """Set aside an event that a sink will never take; on the disk when this returns. Raises OSError."""
    record = {"reason": reason, "at": events.timestamp(time.time()), "event": json.loads(event.to_line())}
    path = parked_file(root, name)
    atomic.private_dir(path.parent)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, atomic.FILE_MODE)
    try:
        os.write(fd, json.dumps(record).encode() + b"\n")
        os.fsync(fd)
    finally:
        os.close(fd)


def parked(root: paths.State, name: str) -> list[Parked]:
    """What a sink will never take, oldest first, each once."""
    found: dict[str, Parked] = {}
    try:
        lines = parked_file(root, name).read_bytes().splitlines()
    except OSError:
        return []
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            record = json.loads(line)
            event = events.from_line(json.dumps(record["event"]))
            found[event.id] = Parked(event, str(record["reason"]), events.epoch(str(record["at"])))
    return list(found.values())
