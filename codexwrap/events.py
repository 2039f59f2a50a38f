"""Define the event record."""

import json
import os
import socket
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

SPEC_VERSION = "1.0"


class Event(NamedTuple):
    """One line of the feed, with the attribute names of CloudEvents 1.0.

    `id` is unique, and of two ids made on one machine the later one sorts behind; `source` is `//host/seat`;
    `time` is RFC 3339 in UTC; `data` is JSON.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: dict[str, Any]

    def to_line(self) -> bytes:
        """One line of UTF-8 JSON with its newline. Whatever the data hold, they hold no line break outside an escape."""
        record = {"specversion": SPEC_VERSION, **self._asdict()}
        return json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


class BadEventError(ValueError):
    """A line that is no event."""


def new(kind: str, *, seat: str, data: dict[str, Any], at: float | None = None) -> Event:
    """An event of type `codexwrap.<kind>` about a seat. `at` is seconds since the epoch, by default now."""
    at = time.time() if at is None else at
    return Event(
        id=new_id(),
        source=source(seat),
        type=f"codexwrap.{kind}",
        subject=seat,
        time=timestamp(at),
        data=data,
    )


def source(seat: str) -> str:
    """By which events about a seat of this machine are known."""
    return f"//{host()}/{quote(seat, safe='', errors='surrogatepass')}"


def from_line(line: bytes | str) -> Event:
    """The event that a line of the feed holds. Raises BadEventError for anything else."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadEventError(str(error)) from None
    if not isinstance(record, dict):
        raise BadEventError("not an object")
    fields = {name: record.get(name, "") for name in ("id", "source", "type", "subject", "time")}
    if not all(isinstance(value, str) for value in fields.values()) or not fields["id"] or not fields["type"]:
        raise BadEventError("id or type is missing")
    data = record.get("data", {})
    return Event(**fields, data=data if isinstance(data, dict) else {"value": data})


_last_id = 0


def new_id() -> str:
    """Unique and sortable: microseconds since the epoch, never the same twice in a process, and 40 random bits."""
    global _last_id  # noqa: PLW0603 - what sorts behind the last one must know the last one
    made = _last_id = max(time.time_ns() // 1000, _last_id + 1)
    return f"{made:014x}-{os.urandom(5).hex()}"


def made_at(event_id: str) -> float:
    """When an id was made, in epoch seconds to the microsecond. Raises ValueError for an id of another make."""
    return int(event_id.partition("-")[0], 16) / 1e6


def timestamp(at: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 time. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()


def host() -> str:
    """This machine's name, as events carry it."""
    return os.environ.get("CODEXWRAP_HOST") or socket.gethostname()
