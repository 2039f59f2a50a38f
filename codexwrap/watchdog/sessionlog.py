"""Follow a session's file, turn by turn."""

import json
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Self

from codexwrap import events

_TAIL = 1 << 20  # bytes that are read of a file at first; a turn's end stands at its end
_HEAD = 4 << 20  # bytes; the first line may hold the whole of an agent's instructions
_BURST = 1.0  # seconds; what a fork copies into its file is written at once

# What tells of turns; everything else, among it all that the user and the model said, is not even parsed. What a line
# is, stands at its start; within a quotation each of these quotes would be escaped (seen on 0.58 to 0.169).
_TELLING = re.compile(rb'"type":"(?:turn_context"|event_msg","payload":\{"type":"(?:task_|turn_|error"|token_count"))')
_TELLING_WITHIN = 200


class Kind(StrEnum):
    """Where a session shows itself: in a terminal, as one run of `codex exec`, or through an app-server (Desktop, IDE)."""

    TERMINAL = "terminal"
    EXEC = "exec"
    APP = "app"
    PART = "part"  # of another session: what kills it kills that one


class SessionLog(NamedTuple):
    """What is known of a session by its file, read up to `offset`; times are epoch seconds, 0 for never.

    `message` and `error` (the kind that Codex gives it) are how the last turn failed, at `failed`, and empty where it did
    not. `resets` is when a window ends that is used up, and `reached` names a limit of the workspace's that is.
    """

    inode: int = 0
    offset: int = 0
    id: str = ""
    cwd: str = ""
    kind: str = Kind.TERMINAL
    client: str = ""
    started: float = 0.0
    forked: bool = False
    begun: float = 0.0
    well: float = 0.0
    failed: float = 0.0
    message: str = ""
    error: str = ""
    resets: int = 0
    reached: str = ""

    @property
    def dead(self) -> bool:
        """The last turn failed, and none was begun since."""
        return bool(self.message or self.error)

    @classmethod
    def from_json(cls, value: object) -> Self | None:
        """What `list()` of one made; None for what is none."""
        if not isinstance(value, list) or len(value) != len(cls._fields):
            return None
        defaults = cls._field_defaults.values()
        fits = (isinstance(each, _type(default)) for each, default in zip(value, defaults, strict=True))
        return cls(*value) if all(fits) else None


def follow(path: Path, before: SessionLog | None = None) -> SessionLog | None:
    """A session's log after what was added to its file since; None where the file does not begin as a session's.

    Raises OSError. A line that is still being written is left for the next time.
    """
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        log = before if before and before.inode == state.st_ino and before.offset <= state.st_size else None
        if log is None:
            log = _begin(file.readline(_HEAD), state.st_ino)
            if log is None:
                return None
            if state.st_size - file.tell() > _TAIL:
                file.seek(state.st_size - _TAIL)
                file.readline()
            log = log._replace(offset=file.tell())
        file.seek(log.offset)
        for line in file:
            if not line.endswith(b"\n"):
                break
            log = log._replace(offset=log.offset + len(line))
            if _TELLING.search(line, 0, _TELLING_WITHIN):
                log = _told(log, line)
    return log


def _begin(line: bytes, inode: int) -> SessionLog | None:
    record = _object(line)
    payload = record.get("payload")
    if record.get("type") != "session_meta" or not isinstance(payload, dict):
        return None
    return SessionLog(
        inode=inode,
        id=str(payload.get("id") or ""),
        cwd=str(payload.get("cwd") or ""),
        kind=_kind(payload),
        client=str(payload.get("originator") or ""),
        started=_epoch(payload.get("timestamp")),
        forked=any(name.startswith("forked_from") and payload[name] for name in payload),
    )


def _kind(payload: dict[str, Any]) -> Kind:
    source, client = payload.get("source"), str(payload.get("originator") or "")
    if isinstance(source, dict) or "subagent" in str(source):
        return Kind.PART
    if "exec" in client or source == "exec":
        return Kind.EXEC
    return Kind.TERMINAL if source == "cli" or client in ("codex-tui", "codex_cli_rs") else Kind.APP


def _told(log: SessionLog, line: bytes) -> SessionLog:
    record = _object(line)
    payload, at = record.get("payload"), _epoch(record.get("timestamp"))
    if not isinstance(payload, dict) or (log.forked and at - log.started <= _BURST):
        return log
    what = payload.get("type") if record.get("type") == "event_msg" else record.get("type")
    match what:
        case "task_started" | "turn_started" | "turn_context":
            return log._replace(begun=at, message="", error="")
        case "error":
            return _failed(log, payload, at)
        case "task_complete" | "turn_complete":
            return _completed(log, payload, at)
        case "turn_aborted":
            return log._replace(message="", error="")
        case "token_count" if isinstance(payload.get("rate_limits"), dict):
            return _limited(log, payload["rate_limits"], at)
    return log


def _completed(log: SessionLog, payload: dict[str, Any], at: float) -> SessionLog:
    """0.150 and later say here how a turn failed; 0.125 did so before. Others leave only the limit that was used up."""
    if payload.get("last_agent_message"):
        return log._replace(well=at, message="", error="")
    if isinstance(payload.get("error"), dict):
        return _failed(log, payload["error"], at)
    if not log.dead and log.resets > at:
        return log._replace(failed=at, error="usage_limit_exceeded")
    return log


def _failed(log: SessionLog, error: dict[str, Any], at: float) -> SessionLog:
    kind = error.get("codex_error_info")
    named = kind if isinstance(kind, str) else next(iter(kind), "") if isinstance(kind, dict) else ""
    return log._replace(failed=at, message=str(error.get("message") or ""), error=str(named) or "other")


def _limited(log: SessionLog, limits: dict[str, Any], at: float) -> SessionLog:
    """`primary` and `secondary` windows with `used_percent` and `resets_at` (seen on 0.98 to 0.169)."""
    resets = 0
    bought = limits.get("credits")
    if isinstance(bought, dict) and (bought.get("has_credits") or bought.get("unlimited")):
        return log._replace(resets=0, reached="")  # which are used when the windows are full
    for window in (limits.get("primary"), limits.get("secondary")):
        if isinstance(window, dict) and _number(window.get("used_percent")) >= 100:
            resets = max(resets, int(_number(window.get("resets_at")) or at + 1))
    reached = limits.get("rate_limit_reached_type")
    return log._replace(resets=resets, reached=str(reached) if isinstance(reached, str) else "")


def _type(default: object) -> Any:
    """What a value may be as JSON has it."""
    return str if isinstance(default, str) else float | int if type(default) is float else type(default)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _object(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _epoch(text: object) -> float:
    try:
        return events.epoch(str(text))
    except ValueError:
        return 0.0
