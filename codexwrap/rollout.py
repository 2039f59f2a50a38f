"""Read what Codex keeps of a session."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codexwrap import events, processes
from codexwrap.agents.look import Running
from codexwrap.story import Failure, Meta, Session, Story

# rollout-<local time>-<thread id>.jsonl below $CODEX_HOME/sessions/YYYY/MM/DD, one JSON object a line, flushed at once
# (seen on 0.46 to 0.169). The thread id is a UUID.
_NAME = re.compile(r"rollout-.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl")
_LOCK = re.compile(r".*/thread-writer-locks/([0-9a-f-]{36})\.lock")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# A patch, as a tool of its own or as a command that is taken for one, has a line for each file (seen on 0.58 to 0.169).
_PATCHED = re.compile(r"^\*\*\* (?:Update|Add|Delete) File: (.+)$", re.MULTILINE)

_HEAD = 1 << 20  # bytes; the first line alone may hold the whole of an agent's instructions
_TAIL = 4 << 20  # bytes; a session's file grows without bound, and what a hand-over needs stands at its end
_RECENT = 400  # files of sessions that are looked at, newest first, when nothing else names the one
_COMPARED = 200  # characters of a prompt


def find(seat: Running) -> Session | None:
    """The session of a running Codex, or None.

    Its own process has the session's file or its lock open, where no shared server runs; a resumed one is named on its
    command line; else it is the one session that began here since the process did and whose last prompt is on the screen.
    Another seat may have begun here, too: a session without that witness might be its.
    """
    home, cwd, prompt = seat.home, seat.cwd, seat.prompt
    for each in processes.descendants(seat.pid):
        for path in processes.open_files(each):
            if found := _NAME.fullmatch(path.name):
                return Session(found[1], path)
            if found := _LOCK.fullmatch(str(path)):
                return _with_file(home, found[1])
    if named := next((argument for argument in seat.arguments if _UUID.fullmatch(argument)), None):
        return _with_file(home, named)
    if not prompt:
        return None
    begun = [
        (meta, path)
        for path in newest(home)
        if (meta := read_meta(path))
        and meta.cwd == cwd
        and meta.started >= seat.since - 5
        and "exec" not in meta.originator
    ]
    begun = [(meta, path) for meta, path in begun if _is_shown(read(path).prompt, prompt)]
    return Session(begun[0][0].id, begun[0][1]) if len(begun) == 1 else None


def _is_shown(said: str, seen: str) -> bool:
    """Whether a prompt is the one that is on a screen, which shows its first paragraph.

    The beginning alone proves nothing: one that is just being drawn may begin like that of another seat.
    """
    return seen[:_COMPARED] in (_squash(said)[:_COMPARED], _squash(said.partition("\n\n")[0])[:_COMPARED])


def newest(home: Path) -> list[Path]:
    """The files of the newest sessions, newest first, by the date and time in their names."""
    found: list[Path] = []
    for day in _days(home / "sessions"):
        found.extend(sorted(day.glob("rollout-*.jsonl"), key=lambda path: path.name, reverse=True))
        if len(found) >= _RECENT:
            break
    return found[:_RECENT]


def file_of(home: Path, session: str) -> Path | None:
    """The file of a session, wherever below `sessions` it is."""
    return next((home / "sessions").glob(f"*/*/*/rollout-*{session}.jsonl"), None)


def read_meta(path: Path) -> Meta | None:
    """The head of a session's file; None where it is missing, torn or of another shape."""
    try:
        with path.open("rb") as file:
            record = json.loads(file.readline(_HEAD))
    except (OSError, ValueError):
        return None
    payload = record.get("payload") if isinstance(record, dict) and record.get("type") == "session_meta" else None
    if not isinstance(payload, dict):
        return None
    try:
        started = events.epoch(str(payload.get("timestamp")))
    except ValueError:
        started = 0.0
    text = {key: str(payload.get(key) or "") for key in ("id", "cwd", "cli_version", "originator")}
    return Meta(text["id"], text["cwd"], text["cli_version"], started, text["originator"])


def read(path: Path) -> Story:
    """What the end of a session's file tells; what cannot be read is left out. Never raises."""
    story = Story(meta=read_meta(path))
    for kind, payload in _records(path):
        story = _told(story, kind, payload)
    return story


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            if size > _TAIL:
                file.readline()
            for line in file:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                payload = record.get("payload") if isinstance(record, dict) else None
                if isinstance(payload, dict):
                    yield str(record.get("type")), payload
    except OSError:
        return


def _told(story: Story, kind: str, payload: dict[str, Any]) -> Story:
    what = payload.get("type")
    if kind == "response_item" and what == "message":
        return _said(story, payload)
    if kind == "response_item" and what in ("function_call", "custom_tool_call", "local_shell_call"):
        return _called(story, payload)
    if kind != "event_msg":
        return story
    if what == "error":
        return story._replace(failure=_failure(payload))
    if what == "task_complete":
        if payload.get("last_agent_message"):
            return story._replace(failure=None)
        return story._replace(failure=_failure(payload.get("error")) or story.failure)
    if what == "token_count":
        info = payload.get("info")
        total = info.get("total_token_usage", {}).get("total_tokens") if isinstance(info, dict) else None
        limits = payload.get("rate_limits")
        return story._replace(
            tokens=total if isinstance(total, int) else story.tokens,
            limits=limits if isinstance(limits, dict) else story.limits,
        )
    return story


def _said(story: Story, payload: dict[str, Any]) -> Story:
    text = _text(payload.get("content"))
    if payload.get("role") == "assistant":
        return story._replace(words=text or story.words)
    # What Codex itself tells the model is sent in the user's name too, as one XML element.
    if payload.get("role") != "user" or not text or text.lstrip().startswith(("<", "# AGENTS.md")):
        return story
    return story._replace(prompt=text, words="", actions=(), failure=None)


def _called(story: Story, payload: dict[str, Any]) -> Story:
    name = str(payload.get("name") or payload.get("type"))
    raw = payload.get("arguments") or payload.get("input") or ""
    arguments = _object(raw)
    if name == "update_plan":
        steps = arguments.get("plan")
        if isinstance(steps, list):
            plan = tuple(
                (str(step.get("step", "")), str(step.get("status", ""))) for step in steps if isinstance(step, dict)
            )
            return story._replace(plan=plan)
        return story
    action = payload.get("action")  # of a local_shell_call
    command = arguments.get("cmd") or arguments.get("command") or raw
    if isinstance(action, dict):
        command = action.get("command") or ""
    said = " ".join(map(str, command)) if isinstance(command, list) else str(command)
    if edited := _PATCHED.findall(said):
        return story._replace(actions=(*story.actions, f"edit: {', '.join(dict.fromkeys(edited))}"))
    return story._replace(actions=(*story.actions, f"{name}: {said}"))


def _failure(error: object) -> Failure | None:
    if not isinstance(error, dict) or not error.get("message"):
        return None
    kind = error.get("codex_error_info")
    return Failure(str(error["message"]), kind if isinstance(kind, str) else json.dumps(kind) if kind else "")


def _text(content: object) -> str:
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part["text"]) for part in parts if isinstance(part, dict) and part.get("text"))


def _object(raw: object) -> dict[str, Any]:
    try:
        value = json.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _with_file(home: Path, session: str) -> Session:
    return Session(session, file_of(home, session))


def _days(sessions: Path) -> Iterator[Path]:
    for year in _newest_first(sessions):
        for month in _newest_first(year):
            yield from _newest_first(month)


def _newest_first(folder: Path) -> list[Path]:
    try:
        return sorted((path for path in folder.iterdir() if path.name.isdecimal()), reverse=True)
    except OSError:
        return []


def _squash(text: str) -> str:
    return "".join(text.split()).replace("’", "'")
