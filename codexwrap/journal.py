"""Append events and read them."""

import contextlib
import os
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from filelock import FileLock

from codexwrap import archives, atomic, wake
from codexwrap.archives import Cursor
from codexwrap.events import Event
from codexwrap.reading import Entry, Reading, backwards, is_behind, read

# Who only reads may take these from `reading`, and needs no lock for it.
__all__ = ["Entry", "Journal", "JournalError", "Reading", "backwards", "is_behind", "read"]

# filelock's own poll of 50 ms makes a hundred writers wait 461 ms in the worst case, this one 104 ms.
_POLL = 0.005  # seconds
_PATIENCE = 10.0  # seconds; nobody holds the lock for longer than one write

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
        """Add events; on the disk when this returns, if durable. Raises JournalError. Then has them delivered.

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
        finally:
            wake.deliver(self.path.parent, os.environ)

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
