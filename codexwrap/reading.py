"""Read a journal."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from codexwrap import archives, events
from codexwrap.archives import START, Cursor, File
from codexwrap.events import Event

_BLOCK = 1 << 20


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
