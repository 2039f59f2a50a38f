"""Build, save and claim checkpoints."""

import contextlib
import json
import os
import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import atomic, events, gitfacts, handover, redact
from codexwrap.errors import UserError
from codexwrap.paths import State
from codexwrap.shelf import CLAIM, VERSION, Saved, all_of, claimed, load
from codexwrap.story import Session, Story

__all__ = ["Saved", "Seat", "all_of", "build", "claim", "claim_silently", "claimed", "load", "save"]

# What a checkpoint quotes is cut to this many characters: it is read by people, and by a model that pays for each.
_PROMPT = 4000
_WORDS = 4000
_ACTION = 300
_ACTIONS = 40


class Seat(NamedTuple):
    """What a checkpoint says of the seat itself. `known` are secret values that must not appear in it."""

    name: str
    run: str
    agent: str
    program: str
    arguments: Sequence[str]
    cwd: str
    ticket: str | None
    known: Sequence[str] = ()


def build(
    seat: Seat,
    *,
    trigger: str,
    cause: str | None,
    at: float,
    facts: gitfacts.Facts,
    story: Story,
    session: Session | None,
    resume: Sequence[str] | None,
    screen: Sequence[str],
    evidence: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """A checkpoint as JSON, redacted. `at` is in epoch seconds; what could not be learnt stands in `unknown`."""
    unknown = list(facts.unknown)
    if session is None:
        unknown.append("the session's id: no session of the agent was found")
    elif session.path is None:
        unknown.append("what was done: the session's file was not found")
    record = {
        "version": VERSION,
        "id": events.new_id(),
        "time": events.timestamp(at),
        "trigger": trigger,
        "cause": cause,
        "seat": seat.name,
        "run": seat.run,
        "host": events.host(),
        "ticket": seat.ticket,
        "agent": seat.agent,
        "program": seat.program,
        "arguments": list(seat.arguments),
        "cwd": seat.cwd,
        "git": facts.to_json(),
        "snapshot": None,
        "session": {
            "id": session.id if session else None,
            "rollout": str(session.path) if session and session.path else None,
            "version": story.meta.version if story.meta else None,
        },
        "resume": shlex.join([seat.program, *resume]) if resume else None,
        "prompt": story.prompt[:_PROMPT],
        "plan": [{"step": step, "status": status} for step, status in story.plan],
        "actions": [action[:_ACTION] for action in story.actions[-_ACTIONS:]],
        "words": story.words[-_WORDS:],
        "tokens": story.tokens,
        "screen": list(screen),
        "evidence": list(evidence),
        "unknown": unknown,
    }
    clean: dict[str, Any] = _redacted(record, seat.known)
    return clean


def save(state: State, record: dict[str, Any]) -> Path:
    """Put a checkpoint on the disk, as JSON and, for people, as Markdown; durable when this returns. Raises OSError."""
    folder = atomic.private_dir(state.checkpoints(record["seat"]))
    stamp = datetime.fromtimestamp(events.epoch(record["time"]), UTC).strftime("%Y%m%dT%H%M%S")
    path = folder / f"{stamp}-{record['id']}.json"
    atomic.write(path.with_suffix(".md"), handover.markdown(record).encode("utf-8", "replace"))
    atomic.write(path, json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    return path


# --- one resume per checkpoint --------------------------------------------------------------------------------------


def claim(path: Path, by: str) -> None:
    """Mark a checkpoint as resumed: of several who try at once, one succeeds. Raises UserError that names that one."""
    mark = path.with_suffix(CLAIM)
    try:
        fd = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, atomic.FILE_MODE)
    except FileExistsError:
        who = claimed(path) or {}
        raise UserError(
            f"this checkpoint was resumed already, by {who.get('by', 'somebody')} at {who.get('time', 'some time')}"
        ) from None
    with os.fdopen(fd, "w") as file:
        json.dump({"by": by, "time": events.timestamp(time.time())}, file)


def claim_silently(path: Path, by: str) -> None:
    """The same for one that nobody needs any more."""
    with contextlib.suppress(UserError, OSError):
        claim(path, by)


def _redacted(value: Any, known: Sequence[str]) -> Any:
    if isinstance(value, str):
        return redact.redact(value, known)
    if isinstance(value, dict):
        return {key: _redacted(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [_redacted(each, known) for each in value]
    return value
