"""Measure from banner to feed."""

import codecs
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codexwrap import events, journal
from codexwrap.agents import codex
from codexwrap.cast import OUTPUT, Header, Record
from codexwrap.drill.driver import Terminal
from codexwrap.events import Event
from codexwrap.paths import State
from codexwrap.verdict import replay

_LOOK = 0.05  # seconds between two looks at the feed


def feed(state: State) -> list[Event]:
    return journal.read(state.feed).events


def wait_for_event(state: State, kind: str, seconds: float) -> Event | None:
    """The first event of a kind, as soon as it is on the feed; None when it does not come in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for event in feed(state):
            if event.type == f"codexwrap.{kind}":
                return event
        time.sleep(_LOOK)
    return None


def banner_at(terminal: Terminal) -> float:
    """When a death was on the terminal: the epoch second of the bytes that completed it; of its start where none was."""
    header = Header(terminal.columns, terminal.lines, timestamp=terminal.started)
    episodes = replay.judge(header, _records(terminal), codex)["episodes"]
    return terminal.started + (episodes[0]["dead_at"] if episodes else 0.0)


def _records(terminal: Terminal) -> Iterator[Record]:
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    for chunk in terminal.chunks:
        yield Record(chunk.time - terminal.started, OUTPUT, decode(chunk.data))


def times(dead: Event | None, start: float) -> dict[str, Any]:
    """Milliseconds from the banner to the verdict, the checkpoint on disk and the event; None for what never came."""
    path = dead.data.get("checkpoint") if dead else None
    moments = {
        "detected_ms": events.epoch(dead.data["verdict_at"]) if dead else None,
        "checkpoint_ms": Path(path).stat().st_mtime if path else None,
        "feed_ms": events.made_at(dead.id) if dead else None,
    }
    return {name: None if moment is None else round((moment - start) * 1000) for name, moment in moments.items()}
