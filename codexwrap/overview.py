"""Say what each seat is now."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from codexwrap import agents, processes, seats
from codexwrap.agents import codex
from codexwrap.paths import State as Root
from codexwrap.usage import usage
from codexwrap.usage.usage import Credential
from codexwrap.verdict.causes import State
from codexwrap.watchdog import heartbeat
from codexwrap.watchdog.lost import LOST, WATCHED

# What needs somebody comes first.
_URGENT = ("DEAD", "STALLED", "SUSPECT", "UNKNOWN", "WORKING", "IDLE", "STARTING", "EXITED")
_BUDGET = 8 << 20  # bytes of sessions' files that are read for the use of limits
SORTS = ("state", "seat", "since", "item", "cause", "used")


def rows(
    root: Root, records: Iterable[Mapping[str, Any]], limits: Mapping[str, Credential], now: float
) -> list[dict[str, Any]]:
    """What is on record of each seat, and what that is worth now; `limits` are sign-ins by seat.

    `layers` shows side by side what each way to look at a seat says by itself: `files` (its sign-in is there), `process`
    (its program lives), `screen` (what it shows, or its session's file where it has none) and `provider` (what is used).
    A zombie is one whose first two are well.
    """
    stale = heartbeat.overdue(root, now) is not None
    return [_row(root, record, limits.get(str(record["seat"])), stale=stale) for record in records]


def limits(root: Root, environ: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> dict[str, Credential]:
    """The sign-in of each seat that has not ended, where something is known of what it used."""
    living = [record for record in records if record["state"] != State.EXITED and record.get("home")]
    homes = dict.fromkeys(Path(record["home"]) for record in living if record.get("agent") == codex.name)
    found = usage.collect(root, environ, homes=tuple(homes), budget=_BUDGET).credentials
    by_home = {os.path.realpath(each.home): each for each in reversed(found) if each.now or each.meters}
    owned = {str(record["seat"]): by_home.get(os.path.realpath(str(record["home"]))) for record in living}
    return {seat: sign_in for seat, sign_in in owned.items() if sign_in is not None}


def chosen(
    found: Iterable[dict[str, Any]], *, states: Sequence[str] = (), seat: str = "", item: str = "", sort: str = "state"
) -> list[dict[str, Any]]:
    """Those rows that are in one of some states and match patterns (`*`, `?`), sorted by one of SORTS, worst first."""
    wanted = [
        row
        for row in found
        if (not states or row["state"] in states)
        and (not seat or fnmatchcase(row["seat"], seat))
        and (not item or fnmatchcase(row.get("ticket") or "", item))
    ]
    return sorted(wanted, key=lambda row: (_order(row, sort), row["seat"]))


def summary(found: Sequence[Mapping[str, Any]]) -> str:
    """How many seats there are of which state, in one line."""
    counts = Counter(row["state"] for row in found)
    parts = [f"{counts[state]} {state}" for state in sorted(counts, key=_urgency)]
    return f"{len(found)} seat{'' if len(found) == 1 else 's'}: {', '.join(parts)}"


def _row(root: Root, record: Mapping[str, Any], sign_in: Credential | None, *, stale: bool) -> dict[str, Any]:
    row = {**record, **_liveness(root, record, stale=stale)}
    meters = sign_in.meters if sign_in else ()
    fullest = max(meters, key=lambda meter: meter.window.used, default=None)
    row["used_percent"] = fullest.window.used if fullest else None
    row["resets"] = fullest.resets_at if fullest else None
    row["witness"] = _witness(record)
    row["layers"] = {
        "files": _files(record),
        "process": _process(record),
        "screen": str(record["state"]) if row["running"] else "?",
        "provider": _provider(record, row["used_percent"]),
    }
    return row


def _liveness(root: Root, record: Mapping[str, Any], *, stale: bool) -> dict[str, Any]:
    """A record that says it lives proves nothing when nobody holds its lock any more, or nobody looks."""
    ended = record["state"] == State.EXITED
    if record.get(WATCHED):
        running = not ended and not stale
        note = "nobody has looked: the watchdog is late"
    else:
        running = seats.is_held(root, str(record["seat"]))
        note = "its wrapper is gone"
    if running or ended or record.get("cause") == LOST.name:
        return {"running": running}
    return {"running": False, "state": State.UNKNOWN, "was": record["state"], "note": note}


def _witness(record: Mapping[str, Any]) -> str:
    evidence = record.get("evidence") or ()
    named = dict.fromkeys(str(each.get("witness")) for each in evidence if isinstance(each, dict))
    return ", ".join(named) or str((record.get(WATCHED) or {}).get("by") or "")


def _files(record: Mapping[str, Any]) -> str:
    agent = agents.AGENTS.get(str(record.get("agent")))
    home = record.get("home")
    if agent is None or not home:
        return "?"
    return "ok" if os.path.exists(os.path.join(str(home), agent.credential_file)) else "no sign-in"  # noqa: PTH110, PTH118


def _process(record: Mapping[str, Any]) -> str:
    pid = record.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return "?"
    return "ok" if record["state"] != State.EXITED and processes.is_alive(pid) else "gone"


def _provider(record: Mapping[str, Any], used: float | None) -> str:
    kind = str(record.get("cause") or "").partition(".")[0]
    if record["state"] in (State.DEAD, State.STALLED) and kind in ("auth", "credits", "limit", "provider", "network"):
        return "refuses"
    return "?" if used is None else f"{used:.0f}% used"


def _order(row: Mapping[str, Any], sort: str) -> Any:
    match sort:
        case "seat":
            return ""
        case "since":
            return str(row.get("since"))
        case "item":
            return str(row.get("ticket") or "\U0010ffff")
        case "cause":
            return str(row.get("cause") or "\U0010ffff")
        case "used":
            return -(row.get("used_percent") or 0.0)
    return _urgency(row["state"])


def _urgency(state: str) -> int:
    return _URGENT.index(state) if state in _URGENT else len(_URGENT)
