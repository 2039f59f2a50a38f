"""Find a journal's older files."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from codexwrap import atomic

_NAME = re.compile(r"-(\d{6,})-([0-9a-f]{16})")  # between the journal's stem and its suffix


_ENOUGH = 1 << 16  # bytes


class Cursor(NamedTuple):
    """A place in a journal that stays right when its files are renamed or removed: which file, and the byte in it.

    A file is known by a hash of its first line, which holds an id that no other line has.
    """

    file: str = ""
    offset: int = 0


START = Cursor()


class File(NamedTuple):
    """One of a journal's files, open; `whole` when nothing is written to it any more."""

    name: str
    file: BinaryIO
    whole: bool


class _Archive(NamedTuple):
    number: int
    name: str
    path: Path


def set_aside(path: Path) -> Path:
    """Give a journal's full file a name of its own; the caller holds the journal's lock. Raises OSError."""
    with path.open("rb") as file:
        name = _name(file)
    older = _list(path)
    number = older[-1].number + 1 if older else 1
    target = path.with_name(f"{path.stem}-{number:06}-{name}{path.suffix}")
    path.rename(target)
    atomic.sync_dir(path.parent)
    return target


def files(path: Path, cursor: Cursor = START, *, newest_first: bool = False) -> Iterator[File]:
    """The files that may hold something behind a cursor, each opened when its turn comes and closed behind it.

    A file that is set aside or removed meanwhile is neither missed nor met twice.
    """
    with contextlib.ExitStack() as stack:
        # The current file first: one that is set aside in between is then met in the list, and left out here.
        current = _open(path)
        name = _name(stack.enter_context(current)) if current else ""
        archives = _list(path)
        names = [archive.name for archive in archives]
        latest = [File(name, current, whole=False)] if current and name and name not in names else []
        start = (
            names.index(cursor.file) if cursor.file in names else len(names) if latest and cursor.file == name else 0
        )
        older = (file for archive in archives[start:][:: -1 if newest_first else 1] for file in _reading(archive))
        yield from chain(latest, older) if newest_first else chain(older, latest)


def name(path: Path) -> str:
    """By what a file is known; empty where it is not there, or does not hold a whole line yet. Raises OSError."""
    if not (file := _open(path)):
        return ""
    with file:
        return _name(file)


def end(path: Path) -> Cursor:
    """The end of a journal, as it is now."""
    for each in files(path, newest_first=True):
        return Cursor(each.name, each.file.seek(0, os.SEEK_END))
    return START


def past(path: Path, cursors: Sequence[Cursor], *, before: float) -> list[Path]:
    """The files, oldest first, that all cursors are past and that were last written before a moment.

    Never the newest of those set aside: its number is what the next one counts from.
    """
    current = end(path).file
    archives = _list(path)
    places = {archive.name: index for index, archive in enumerate(archives)}
    places.setdefault(current, len(archives))
    needed = min((places.get(cursor.file, 0) for cursor in cursors), default=len(archives))
    found = []
    for archive in archives[: min(needed, len(archives) - 1)]:
        if archive.path.stat().st_mtime >= before:
            break
        found.append(archive.path)
    return found


def _reading(archive: _Archive) -> Iterator[File]:
    if file := _open(archive.path):
        with file:
            yield File(archive.name, file, whole=True)


def _open(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _list(path: Path) -> list[_Archive]:
    found = []
    for each in path.parent.glob(f"{path.stem}-*{path.suffix}"):
        middle = each.name.removeprefix(path.stem).removesuffix(path.suffix)
        if match := _NAME.fullmatch(middle):
            found.append(_Archive(int(match[1]), match[2], each))
    return sorted(found)


def _name(file: BinaryIO) -> str:
    """By what a file is known: its first line that is not blank, or the start of it; empty while that is not written."""
    file.seek(0)
    while line := file.readline(_ENOUGH):
        if line.strip():
            return hashlib.sha256(line).hexdigest()[:16] if line.endswith(b"\n") or len(line) == _ENOUGH else ""
    return ""
