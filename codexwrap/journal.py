"""Append events and follow them."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, NamedTuple

from filelock import FileLock

from codexwrap import archives, atomic, events
from codexwrap.archives import START, Cursor, File
from codexwrap.events import Event

# filelock's own poll of 50 ms makes a hundred writers wait 461 ms in the worst case, this one 104 ms.
_POLL = 0.005  # seconds
_PATIENCE = 10.0  # seconds; nobody holds the lock for longer than one write

_BLOCK = 1 << 20
_ROTATE = 16 << 20  # bytes; some 15 000 events


class JournalError(OSError):
    """The journal could not be written. The first `written` of the events are in it all the same, the others are not."""

    def __init__(self, message: str, written: int = 0) -> None:
        super().__init__(message)
        self.written = written


class Journal:
    """The feed: one event a line, append-only. Every writer takes the lock beside it, no reader does.

    A file that has reached `rotate` bytes is set aside under a name of its own, and a new one begun.
    """

    def __init__(self, path: Path, *, rotate: int = _ROTATE) -> None:
        self.path = path
        self.rotate = rotate
        self._lock = FileLock(f"{path}.lock", timeout=_PATIENCE, poll_interval=_POLL, mode=atomic.FILE_MODE)

    def append(self, *added: Event, durable: bool = True) -> None:
        """Add events; on the disk when this returns, if durable. Raises JournalError.

        A torn line that a crash left at the end is closed first, so that it spoils no line but itself.
        """
        lines = [event.to_line() for event in added]
        try:
            atomic.private_dir(self.path.parent)
            with self._lock:
                fd = self._open()
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

    def prune(self, cursors: Sequence[Cursor], *, before: float) -> list[Path]:
        """Remove the oldest files that every cursor is past and that were last written before a moment, epoch seconds.

        Returns what was removed. The newest of those set aside always stays. Raises JournalError.
        """
        removed = []
        try:
            with self._lock:
                for path in archives.past(self.path, cursors, before=before):
                    path.unlink()
                    removed.append(path)
        except OSError as error:
            raise JournalError(f"{self.path}: {error}") from error
        return removed

    def _open(self) -> int:
        fd = _append_to(self.path)
        if os.fstat(fd).st_size < self.rotate:
            return fd
        try:
            # Who cannot set the full file aside writes into it: an event must never wait for tidiness.
            with contextlib.suppress(OSError, JournalError):
                _write(fd, [])
                os.fsync(fd)
                archives.set_aside(self.path)
        finally:
            os.close(fd)
        return _append_to(self.path)


def _append_to(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, atomic.FILE_MODE)


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


class Entry(NamedTuple):
    """An event, and where reading goes on behind it."""

    event: Event
    after: Cursor


class Reading(NamedTuple):
    """Events read from a journal, where the next reading goes on, and how many lines held no event."""

    entries: list[Entry]
    cursor: Cursor
    skipped: int

    @property
    def events(self) -> list[Event]:
        return [entry.event for entry in self.entries]


def read(path: Path, cursor: Cursor = START, *, limit: int | None = None) -> Reading:
    """The events behind a cursor, those in files that were set aside included; about `limit` bytes of them.

    A last line that is still being written is left for the next reading. Where the cursor's file is gone, everything that
    is left is newer, or another journal was put in its place: it is read from its start.
    """
    entries: list[Entry] = []
    skipped = 0
    room = limit
    for each in archives.files(path, cursor):
        offset = _place(each, cursor)
        data = _lines(each, offset, room)
        for line in data.split(b"\n")[:-1]:
            offset += len(line) + 1
            try:
                entries.append(Entry(events.from_line(line), Cursor(each.name, offset)))
            except events.BadEventError:
                skipped += bool(line.strip())
        cursor = Cursor(each.name, offset)
        if room is not None:
            room -= len(data)
            if room <= 0 or each.file.read(1):
                break
    return Reading(entries, cursor, skipped)


def _place(each: File, cursor: Cursor) -> int:
    """Where to go on in a file; one that lost its end to a power cut is read once more: better twice than never."""
    if each.name != cursor.file or cursor.offset == 0:
        return 0
    each.file.seek(cursor.offset - 1)
    return cursor.offset if each.file.read(1) == b"\n" else 0


def _lines(each: File, offset: int, room: int | None) -> bytes:
    """Whole lines from an offset on: as many as there is room for, and one at least."""
    each.file.seek(offset)
    data = each.file.read() if room is None else each.file.read(max(1, room))
    if room is not None and b"\n" not in data:
        data += each.file.readline()
    return data[: data.rfind(b"\n") + 1]


def is_behind(path: Path, cursor: Cursor) -> bool:
    """Whether there is something to read behind a cursor."""
    return read(path, cursor, limit=1).cursor != cursor


def backwards(path: Path) -> Iterator[Event]:
    """Events from the newest to the oldest, read as they are asked for."""
    for each in archives.files(path, newest_first=True):
        yield from _backwards(each.file)


def _backwards(file: BinaryIO) -> Iterator[Event]:
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
