"""Build, save and claim checkpoints."""

import contextlib
import json
import os
import shlex
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import atomic, events, handover
from codexwrap.errors import UserError
from codexwrap.git import gitfacts
from codexwrap.paths import State
from codexwrap.redact import redact
from codexwrap.redact.quoted import quoted
from codexwrap.shelf import CLAIM, VERSION, Saved, all_of, claimed, load
from codexwrap.story import Session, Story

__all__ = [
    "FAILED",
    "PENDING",
    "TAKEN",
    "Saved",
    "Seat",
    "all_of",
    "build",
    "claim",
    "claim_silently",
    "claimed",
    "learn",
    "load",
    "made_at",
    "rewrite",
    "save",
    "stem",
    "taken",
]

# What has become of the snapshot that a checkpoint names.
PENDING, TAKEN, FAILED = "pending", "taken", "failed"

# What a checkpoint quotes is cut to this many characters: it is read by people, and by a model that pays for each.
_PROMPT = 4000
_WORDS = 4000
_ACTION = 300
_ACTIONS = 40
_STEPS = 100
# Of longer texts so many times that is looked at: cut before it is redacted, a text could begin in the middle of a secret.
_MARGIN = 10

# What names the repository must be found again as it is, whatever is secret.
_OF_GIT = ("cwd", "root", "git_dir", "branch", "head", "upstream", "operation_branch")


class Seat(NamedTuple):
    """What a checkpoint says of the seat itself.

    `known` are secret values that must not appear in it; `home` is the agent's, where its sessions are, and `account`
    stands for who is signed in there, without telling who.
    """

    name: str
    run: str
    agent: str
    program: str
    arguments: Sequence[str]
    cwd: str
    ticket: str | None
    known: Sequence[str] = ()
    home: str | None = None
    account: str | None = None


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
    unknown: Sequence[str] = (),
) -> dict[str, Any]:
    """A checkpoint as JSON, redacted. `at` is in epoch seconds; `unknown` says what could not be learnt, and why.

    What a resume must find again, the names of seat, directory, branch and session, is never redacted.
    """
    known = seat.known
    lacking = [*unknown]
    if session is None:
        lacking.append("the session's id: no session of the agent was found")
    elif session.path is None:
        lacking.append("what was done: the session's file was not found")
    return {
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
        "arguments": redact.arguments(seat.arguments, known),
        "cwd": seat.cwd,
        "home": seat.home,
        "account": seat.account,
        "git": _git(facts, known),
        "snapshot": None,
        "session": {
            "id": session.id if session else None,
            "rollout": str(session.path) if session and session.path else None,
            "version": story.meta.version if story.meta else None,
        },
        "resume": shlex.join([seat.program, *redact.arguments(resume, known)]) if resume else None,
        "prompt": _start(story.prompt, _PROMPT, known),
        "plan": [{"step": _start(step, _ACTION, known), "status": status} for step, status in story.plan[:_STEPS]],
        "actions": [_start(action, _ACTION, known) for action in story.actions[-_ACTIONS:]],
        "words": quoted(story.words[-_WORDS * _MARGIN :], known, keep="\n\t")[-_WORDS:],
        "tokens": story.tokens,
        "screen": _redacted(list(screen), known),
        "evidence": _redacted(list(evidence), known),
        "unknown": _redacted([*facts.unknown, *lacking], known),
    }


def learn(record: dict[str, Any], facts: gitfacts.Facts, known: Sequence[str]) -> None:
    """Put into a checkpoint what git said later."""
    before = record["git"]["unknown"]
    record["unknown"] = _redacted([*facts.unknown, *(line for line in record["unknown"] if line not in before)], known)
    record["git"] = _git(facts, known)


def _git(facts: gitfacts.Facts, known: Sequence[str]) -> dict[str, Any]:
    return {key: value if key in _OF_GIT else _redacted(value, known) for key, value in facts.to_json().items()}


def _start(text: str, most: int, known: Sequence[str]) -> str:
    return quoted(text[: most * _MARGIN], known, keep="\n\t")[:most]


def save(state: State, record: dict[str, Any]) -> Path:
    """Put a checkpoint on the disk, as JSON and, for people, as Markdown; durable when this returns. Raises OSError.

    Names sort in the order in which checkpoints were made: the time in them is that of the checkpoint, not of the death,
    which may have been seen before a first sign was that is checkpointed already.
    """
    folder = state.checkpoints(record["seat"])
    if not folder.is_dir():
        atomic.private_dir(folder)
        for parent in (
            folder.parent,
            state.root,
            state.root.parent,
        ):  # else the folder itself may be lost with the power
            atomic.sync_dir(parent)
    path = folder / f"{stem(record)}.json"
    _write(path, record)
    return path


def rewrite(path: Path, record: dict[str, Any]) -> None:
    """Put more into a checkpoint that there is; its time stays that at which it was made. Raises OSError."""
    made = path.stat()
    _write(path, record)
    os.utime(path, ns=(made.st_atime_ns, made.st_mtime_ns))


def stem(record: Mapping[str, Any]) -> str:
    """The name of a checkpoint's files, without what tells them apart."""
    return f"{datetime.fromtimestamp(made_at(record), UTC):%Y%m%dT%H%M%S}-{record['id']}"


def made_at(record: Mapping[str, Any]) -> float:
    """When a checkpoint was made, in epoch seconds. Raises ValueError for one whose id is of another make."""
    return events.made_at(record["id"])


def _write(path: Path, record: dict[str, Any]) -> None:
    text = json.dumps(record, indent=1, ensure_ascii=False)
    atomic.write(path.with_suffix(".md"), handover.markdown(record).encode("utf-8", "replace"))
    atomic.write(path, text.encode("utf-8", "backslashreplace") + b"\n")


# --- one resume per checkpoint --------------------------------------------------------------------------------------


def claim(path: Path, by: str) -> None:
    """Mark a checkpoint as resumed: of several who try at once, one succeeds.

    Raises UserError that names that one, or OSError where the mark cannot be written.
    """
    mark = path.with_suffix(CLAIM)
    own = mark.with_name(f".{mark.name}.{os.getpid()}.tmp")
    text = json.dumps({"by": by, "time": events.timestamp(time.time())})
    try:
        atomic.write(own, text.encode())
        mark.hardlink_to(own)  # which fails where there is one, and never shows half of one
    except FileExistsError:
        raise UserError(taken(claimed(path) or {})) from None
    finally:
        with contextlib.suppress(OSError):
            own.unlink()
    atomic.sync_dir(path.parent)


def taken(who: Mapping[str, Any]) -> str:
    """What to say of a checkpoint that somebody resumed."""
    by, at = who.get("by", "somebody"), who.get("time", "some time")
    return f"this checkpoint was resumed already, by {by} at {at}; --again resumes it once more"


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
