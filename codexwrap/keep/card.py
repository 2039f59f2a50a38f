"""Say what a seat is now."""

import os
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from codexwrap import events, seats
from codexwrap.agents.look import Agent
from codexwrap.errors import UserError
from codexwrap.keep.about import About
from codexwrap.paths import State as Root
from codexwrap.redact import redact
from codexwrap.verdict.causes import State

# What a sidecar takes over from the one before it.
LASTING = (
    *("state", "cause", "since", "checkpoint", "credential", "resets_at", "remedy", "evidence", "session", "ticket"),
    *("branch", "blocked", "sign_in", "before", "named", "feed"),
)

# What every event of a seat says of it.
_TOLD = ("seat", "run", "state", "cause", "ticket", "checkpoint", "credential", "session")


def new(about: About, agent: Agent | None, home: Path, known: Sequence[str]) -> dict[str, Any]:
    """What `seat.json` holds of a seat that starts; `known` are secret values that must not be in it."""
    return {
        "seat": about.seat,
        "run": about.run,
        "state": State.STARTING,
        "cause": None,
        "since": events.timestamp(about.started),
        "agent": agent.name if agent else None,
        "argv": redact.arguments(about.argv, known),
        "cwd": about.cwd,
        "host": events.host(),
        "pid": about.pid,
        "sidecar": os.getpid(),
        "started": events.timestamp(about.started),
        "ticket": about.ticket or None,
        "home": str(home) if agent else None,
        "session": None,
        "checkpoint": None,
        "credential": None,
        "resets_at": None,
        "remedy": None,
        "evidence": [],
        "blocked": False,
        "sign_in": None,
        "before": None,
        "named": about.ticket or None,
        "feed": None,
        "owed": [],
    }


def told(record: dict[str, Any]) -> dict[str, Any]:
    """What an event says of the seat."""
    return {key: record[key] for key in _TOLD}


def clock(moment: int | None, zone: tzinfo | None) -> str:
    """A moment, in epoch seconds, as a person in that time zone reads it; empty for none."""
    if moment is None:
        return ""
    local = datetime.fromtimestamp(moment, zone)
    today = datetime.now(zone).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def save(root: Root, record: dict[str, Any]) -> None:
    """Write it down, unless the seat has ended and another run of it is on record already. Never raises."""
    try:
        if record["state"] != State.EXITED or not _is_followed(root, record):
            seats.save(root, record["seat"], record)
    except OSError:
        return  # what the seat is now stands in the feed, too


def _is_followed(root: Root, record: dict[str, Any]) -> bool:
    try:
        now = seats.load(root, record["seat"])
    except UserError:
        return False
    return now is not None and str(now.get("run")) > record["run"]
