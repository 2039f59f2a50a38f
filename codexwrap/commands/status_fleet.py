"""Show every seat of a fleet."""

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from codexwrap import tables
from codexwrap.commands.status import age
from codexwrap.delivery.fleet import Fleet, Last
from codexwrap.feed.names import host_of

_HEADINGS = ("SEAT", "HOST", "STATE", "CAUSE", "KNOWN SINCE", "ITEM", "ALSO ON")
_CLEAR = "\x1b[H\x1b[2J"
_EVERY = 2.0  # seconds


def show(name: str, *, as_json: bool, watch: bool) -> int:
    """Print the seats of all hosts. Raises UserError."""
    with contextlib.closing(Fleet(os.environ, name)) as fleet:
        while True:
            rows = [_record(last) for last in fleet.seats()]
            text = tables.as_json(rows) if as_json else _text(rows)
            print((_CLEAR if watch and sys.stdout.isatty() else "") + text, flush=True)
            if not watch:
                return 0
            time.sleep(_EVERY)


def _record(last: Last) -> dict[str, Any]:
    event = last.event
    return {
        "seat": event.subject,
        "host": host_of(event.source),
        "state": event.data.get("state"),
        "cause": event.data.get("cause"),
        "time": event.time,
        "age_seconds": round(last.age, 1),
        "ticket": event.data.get("ticket"),
        "checkpoint": event.data.get("checkpoint"),
        "event": event.type,
        "also_on": list(last.also),
    }


def _text(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "no host has told of a seat yet"
    cells = [
        (
            row["seat"],
            row["host"],
            row["state"],
            row["cause"],
            age(row["time"]),
            row["ticket"],
            ", ".join(row["also_on"]),
        )
        for row in rows
    ]
    return tables.table(_HEADINGS, cells)
