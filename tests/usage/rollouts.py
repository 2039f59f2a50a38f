"""Sessions' files as Codex writes them, for tests."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codexwrap import events

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp()
HOUR = 3600


def count(at: float, *, total: int | None = None, last: int = 0, used: float | None = None, **more: Any) -> str:
    """A line that counts tokens (`total` None: none are told) and, with `used`, tells the limits."""
    usage = {"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "reasoning_output_tokens": 0}
    info = total is not None and {
        "total_token_usage": {**usage, "input_tokens": total, "total_tokens": total},
        "last_token_usage": {**usage, "input_tokens": last, "total_tokens": last},
    }
    limits = None if used is None else {**windows(at, used), **more}
    return line(at, "event_msg", {"type": "token_count", "info": info or None, "rate_limits": limits})


def windows(at: float, used: float, *, resets_in: float = 3 * HOUR) -> dict[str, Any]:
    resets_at = NOW + resets_in
    return {
        "limit_id": "codex",
        "limit_name": None,
        "primary": {"used_percent": used, "window_minutes": 300, "resets_at": int(resets_at)},
        "secondary": {"used_percent": used / 7, "window_minutes": 10080, "resets_at": int(NOW + 4 * 86400)},
        "credits": None,
        "plan_type": None,
    }


def line(at: float, kind: str, payload: dict[str, Any]) -> str:
    return json.dumps({"timestamp": events.timestamp(at), "type": kind, "payload": payload}, separators=(",", ":"))


def session_id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012}"


def begin(number: int, at: float = NOW - HOUR, **more: str) -> str:
    return line(at, "session_meta", {"id": session_id(number), "cwd": "/w", "cli_version": "0.1", **more})


def write(home: Path, number: int, lines: Sequence[str], *, at: float = NOW, torn: str = "") -> Path:
    """A session's file of which the last write was at a time, with a line at its end that is still being written."""
    folder = home / "sessions" / f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rollout-2026-11-22T10-00-00-{session_id(number)}.jsonl"
    path.write_text("".join(f"{each}\n" for each in lines) + torn)
    os.utime(path, (at, at))
    return path


def sign_in(home: Path, account: str = "account-1") -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "auth.json").write_text(json.dumps({"tokens": {"account_id": account}}))
