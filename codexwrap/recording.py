"""Keep recordings of a seat."""

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from codexwrap import atomic, cast
from codexwrap.redact import broken

_RECENT = 1 << 19  # bytes of lines that are kept for the case that something is seen that nobody knows yet


class Recorder:
    """Keeps the lines of an asciicast v3 as they come: the last of them in memory, all of them in a file if asked for.

    What cannot be written is not kept: a seat does not suffer from a full disk.
    """

    def __init__(self, header: bytes, file: Path | None = None) -> None:
        """`header` is the recording's first line; `file` is where all of it goes, as it is on the terminal."""
        self._header = header
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._forgotten = 0  # bytes of lines
        self._start = 0.0  # seconds up to the oldest line that is kept
        self._dimensions = ""  # of the terminal at that moment, where it had been changed
        self._fd = _create(file) if file else -1
        self._write(header)

    def line(self, line: bytes) -> None:
        """One event's line, with its newline."""
        self._write(line)
        self._lines.append(line)
        self._size += len(line)
        while self._size > _RECENT:
            self._forget(self._lines.popleft())

    def save(self, path: Path, known: Sequence[str] = ()) -> bool:
        """Write what is kept in memory to a file, with secrets and `known` values taken out; whether that went well."""
        lines = [self._header]
        if self._forgotten:
            lines.append(cast.line(cast.Record(round(self._start, 6), cast.MARK, f"{cast.GAP} {self._forgotten}")))
            if self._dimensions:
                lines.append(cast.line(cast.Record(0.0, cast.RESIZE, self._dimensions)))
        records = [record for line in self._lines if (record := cast.parse(line))]
        clean = iter(broken.stream([record.data for record in records if record.code == cast.OUTPUT], known))
        lines += (
            cast.line(record._replace(data=next(clean)) if record.code == cast.OUTPUT else record) for record in records
        )
        try:
            atomic.private_dir(path.parent)
            atomic.write(path, b"".join(lines))
        except OSError:
            return False
        return True

    def close(self) -> None:
        """No more comes."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _write(self, line: bytes) -> None:
        if self._fd < 0:
            return
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError:
            self.close()  # the file ends here: with a hole in it, all that follows would be wrong

    def _forget(self, line: bytes) -> None:
        self._size -= len(line)
        self._forgotten += len(line)
        if record := cast.parse(line):
            self._start += record.time
            if record.code == cast.RESIZE:
                self._dimensions = record.data


def _create(file: Path) -> int:
    try:
        atomic.private_dir(file.parent)
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, atomic.FILE_MODE)
    except OSError:
        return -1
