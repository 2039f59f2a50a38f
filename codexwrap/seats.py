"""Know which seat runs where."""

import fcntl
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import atomic, processes
from codexwrap.errors import UserError
from codexwrap.paths import State

VERSION = 1

_GLANCE = 0.05  # seconds
_FINISH = 5.0  # seconds that a sidecar may take to finish after its wrapper has gone


class HeldError(Exception):
    """Another wrapper runs under this seat's name; `by` says who, in words."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class Lock(NamedTuple):
    """A seat that is held until every process that has this file descriptor is gone."""

    fd: int

    def release(self) -> None:
        os.close(self.fd)


def hold(state: State, name: str) -> Lock:
    """Take a seat's name. Raises HeldError, or OSError where the state root cannot be written.

    A wrapper that has just ended is waited for while its sidecar finishes. The lock file stays in place when the seat is
    free: unlinking it would let two wrappers hold two files of one name.
    """
    folder = atomic.private_dir(state.seat(name))
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, atomic.FILE_MODE)
    try:
        _lock(fd)
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)
    except (OSError, HeldError):
        os.close(fd)
        raise
    return Lock(fd)


def _lock(fd: int) -> None:
    start = time.monotonic()
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(fd, 20, 0).decode(errors="replace")
            alive = pid.isdecimal() and processes.is_alive(int(pid))
            # Whoever only looks whether the seat is held holds it for a moment, too.
            if time.monotonic() - start > (_GLANCE if alive else _FINISH):
                raise HeldError(_holder(pid, alive=alive)) from None
            time.sleep(0.005)
        else:
            return


def _holder(pid: str, *, alive: bool) -> str:
    if not pid.isdecimal():
        return "another wrapper"
    return f"pid {pid}" if alive else f"what pid {pid}, which has ended, left running"


def is_held(state: State, name: str) -> bool:
    """Whether a living wrapper or its sidecar holds the seat."""
    try:
        fd = os.open(state.seat(name) / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(fd)


def holder(state: State, name: str) -> int | None:
    """The process id of the wrapper that holds a seat, as it wrote it; None where nobody does."""
    if not is_held(state, name):
        return None
    try:
        text = (state.seat(name) / "lock").read_text()
    except (OSError, ValueError):
        return None
    return int(text) if text.isdecimal() else None


def save(state: State, name: str, record: dict[str, Any]) -> None:
    """Write what the seat is now. Raises OSError."""
    import json

    folder = atomic.private_dir(state.seat(name))
    text = json.dumps({"version": VERSION, **record}, indent=1, ensure_ascii=False)
    atomic.write(folder / "seat.json", text.encode("utf-8", "backslashreplace") + b"\n", durable=False)


def load(state: State, name: str) -> dict[str, Any] | None:
    """What a seat was when it was last written; None when there is no such seat. Raises UserError for what is no seat."""
    return _load(state.seat(name) / "seat.json")


def load_all(state: State) -> tuple[list[dict[str, Any]], list[str]]:
    """Every seat that was ever written here, by name, and one line for each whose file cannot be read."""
    found: list[dict[str, Any]] = []
    broken: list[str] = []
    for path in sorted((state.root / "seats").glob("*/seat.json")):
        try:
            record = _load(path)
        except UserError as error:
            broken.append(str(error))
        else:
            if record is not None:
                found.append(record)
    return sorted(found, key=lambda record: str(record.get("seat"))), broken


def _load(path: Path) -> dict[str, Any] | None:
    import json

    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({error}); it is written anew when the seat next starts") from None
    if not _is_seat(record):
        raise UserError(f"{path} is not of version {VERSION}; it is written anew when the seat next starts")
    return dict(record)


def _is_seat(record: Any) -> bool:
    return (
        isinstance(record, dict)
        and record.get("version") == VERSION
        and all(isinstance(record.get(key), str) for key in ("seat", "state"))
        and all(isinstance(record.get(key), str | None) for key in ("cause", "since", "ticket", "checkpoint"))
    )
