"""Find and read saved checkpoints.

Apart from `checkpoint`, which writes them: whoever only looks, such as a shell's hint, does not wait for what writing
needs.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import seats
from codexwrap.errors import UserError
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import State

VERSION = 1
START = "START"  # the trigger of one that was made before the seat's first turn
CLAIM = ".resumed.json"  # beside a checkpoint that somebody resumed


class Saved(NamedTuple):
    """A checkpoint on disk."""

    path: Path
    record: dict[str, Any]


def load(path: Path) -> Saved:
    """A checkpoint from its file. Raises UserError, naming the file, for what is no checkpoint."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"checkpoint {path} cannot be read: {error}") from None
    if not isinstance(record, dict) or record.get("version") != VERSION or not isinstance(record.get("seat"), str):
        raise UserError(f"checkpoint {path} is not of version {VERSION}")
    if not _is_whole(record):
        raise UserError(f"checkpoint {path} lacks some of what it must hold")
    return Saved(path, record)


# What whoever reads a checkpoint relies on: it may have come from another machine, or from an editor.
_TEXTS = ("id", "time", "trigger", "seat", "run", "host", "agent", "program", "cwd", "prompt", "words")
_TEXTS_OR_NONE = ("cause", "ticket", "resume")
_LISTS_OF_TEXTS = ("arguments", "actions", "screen", "unknown")
_LISTS_OF_OBJECTS = ("plan", "evidence")


def _is_whole(record: dict[str, Any]) -> bool:
    return (
        all(isinstance(record.get(key), str) for key in _TEXTS)
        and _may_have(record, _TEXTS_OR_NONE, str)
        and all(_is_list(record.get(key), str) for key in _LISTS_OF_TEXTS)
        and all(_is_list(record.get(key), dict) for key in _LISTS_OF_OBJECTS)
        and _may_have(record.get("session"), ("id", "rollout"), str)
        and _may_have(record.get("git"), ("root", "branch", "head"), str)
        and _may_have(record["git"], ("staged", "unstaged"), dict)
        and _is_list(record["git"].get("files"), dict)
        and isinstance(taken := record.get("snapshot") or {}, dict)
        and all(isinstance(taken.get(key), str | None) for key in ("state", "commit", "ref", "why"))
        and _is_list(taken.get("skipped", []), dict)
    )


def _may_have(value: object, keys: tuple[str, ...], kind: type) -> bool:
    """An object in which each of the keys is, with None or what it should be."""
    return isinstance(value, dict) and all(key in value and isinstance(value[key], kind | None) for key in keys)


def _is_list(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def all_of(root: Root, seat: str) -> tuple[list[Saved], list[str]]:
    """A seat's checkpoints, newest first, and one line for each file that cannot be read."""
    found: list[Saved] = []
    broken: list[str] = []
    for path in _paths(root.checkpoints(seat)):
        try:
            found.append(load(path))
        except UserError as error:
            broken.append(str(error))
    return found, broken


def newest(folder: Path) -> Saved | None:
    """The newest checkpoint in a seat's folder that can be read; the others are not opened."""
    for path in _paths(folder):
        try:
            return load(path)
        except UserError:
            continue
    return None


def current(folder: Path) -> Saved | None:
    """The checkpoint to go on from: the newest, but none of a session in which nothing was done if there is another."""
    fallback: Saved | None = None
    for path in _paths(folder):
        try:
            saved = load(path)
        except UserError:
            continue
        if saved.record["trigger"] != START or saved.record["session"]["id"]:
            return saved
        fallback = fallback or saved
    return fallback


def unresumed(root: Root, seat: str) -> Saved | None:
    """The checkpoint to go on from, if the seat died behind it and nobody has resumed it."""
    saved = current(root.checkpoints(seat))
    if saved is None or claimed(saved.path) is not None:
        return None
    return saved if saved.record["trigger"] == State.DEAD or _was_lost(root, saved.record) else None


def _was_lost(root: Root, record: dict[str, Any]) -> bool:
    """The seat did not end, and nobody runs it: its wrapper, its sidecar and maybe the machine were lost at once."""
    try:
        now = seats.load(root, record["seat"])
    except UserError:
        return False
    if record["trigger"] == START or now is None:
        return False
    ran = now.get("run") == record["run"] and now["state"] != State.EXITED
    return ran and not seats.is_held(root, record["seat"])


def claimed(path: Path) -> dict[str, Any] | None:
    """Who resumed a checkpoint and when; None while nobody did."""
    try:
        record = json.loads(path.with_suffix(CLAIM).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _paths(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("[0-9]*T[0-9]*-*.json"), reverse=True):
        if not path.name.endswith(CLAIM):
            yield path
