"""Append events and follow them."""

import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from codexwrap import atomic, events
from codexwrap.events import Event

# filelock's own poll of 50 ms makes a hundred writers wait 461 ms in the worst case, this one 104 ms.
_POLL = 0.005  # seconds
_PATIENCE = 10.0  # seconds; nobody holds the lock for longer than one write

_BLOCK = 1 << 20


class JournalError(OSError):
    """The journal could not be written. The first `written` of the events are in it all the same, the others are not."""

    def __init__(self, message: str, written: int = 0) -> None:
        super().__init__(message)
        self.written = written


class Journal:
    """The feed: one event a line, append-only. Every writer takes the lock beside it, no reader does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(f"{path}.lock", timeout=_PATIENCE, poll_interval=_POLL, mode=atomic.FILE_MODE)

    def append(self, *added: Event, durable: bool = True) -> None:
        """Add events; on the disk when this returns, if durable. Raises JournalError.

        A torn line that a crash left at the end is closed first, so that it spoils no line but itself.
        """
        lines = [event.to_line() for event in added]
        try:
            atomic.private_dir(self.path.parent)
            with self._lock:
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, atomic.FILE_MODE)
                try:
                    _write(fd, lines)
                    if durable:
                        _sync(fd, len(lines))
                finally:
                    os.close(fd)
        except JournalError as error:
            raise JournalError(f"{self.path}: {error}", error.written) from error
        except OSError as error:  # also when nobody gives the lock back
            raise JournalError(f"{self.path}: {error}") from error


def _write(fd: int, lines: Sequence[bytes]) -> None:
    size = os.fstat(fd).st_size
    torn = size and os.pread(fd, 1, size - 1) != b"\n"
    data = b"".join([b"\n", *lines] if torn else lines)
    written = 0
    try:
        while written < len(data):
            written += os.write(fd, data[written:])
    except OSError as error:
        # A full disk takes a part. Half an event is none; whole ones stay, for somebody may have read them already.
        ends = list(accumulate(map(len, lines), initial=len(data) - sum(map(len, lines))))
        kept = sum(end <= written for end in ends[1:])
        os.ftruncate(fd, size + (ends[kept] if kept else 0))
        raise JournalError(error.strerror or str(error), kept) from error


def _sync(fd: int, written: int) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        raise JournalError(error.strerror or str(error), written) from error


class Reading(NamedTuple):
    """Events read from a journal, where the next reading goes on (a byte offset), and how many lines held no event."""

    events: list[Event]
    offset: int
    skipped: int


def read(path: Path, offset: int = 0) -> Reading:
    """The events from an offset on. A last line that is still being written is left for the next reading.

    A journal that is shorter than that is another one, which somebody put in its place: it is read from its start.
    """
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) < offset:
                offset = 0
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return Reading([], offset, 0)
    end = data.rfind(b"\n") + 1
    found: list[Event] = []
    skipped = 0
    for line in data[:end].split(b"\n"):
        try:
            found.append(events.from_line(line))
        except events.BadEventError:
            skipped += bool(line.strip())
    return Reading(found, offset + end, skipped)


def backwards(path: Path) -> Iterator[Event]:
    """Events from the newest to the oldest, read as they are asked for."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        position = file.seek(0, os.SEEK_END)
        rest = b""
        while position:
            size = min(_BLOCK, position)
            position -= size
            file.seek(position)
            rest, *lines = (file.read(size) + rest).split(b"\n")
            yield from _parsed(reversed(lines))
        yield from _parsed(iter([rest]))


def _parsed(lines: Iterator[bytes]) -> Iterator[Event]:
    for line in lines:
        try:
            yield events.from_line(line)
        except events.BadEventError:
            continue
