"""Sort changes by what to do."""

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from codexwrap.git.gitpath import quote

_ORDINARY = (b"H 100644 ", b"H 100755 ", b"H 120000 ")
_GITLINK = b"160000"
_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)
_CLOSED = re.compile(rb"^warning: could not open directory '(.*)': (.*)$", re.MULTILINE)


class Note(NamedTuple):
    """A file of which something must be said. `path` is as `gitpath.quote` writes it."""

    path: str
    says: str


class Limits(NamedTuple):
    """Bytes of one file, and of all changed files together, beyond which files are left out."""

    file: int = 50_000_000
    total: int = 1_000_000_000


@dataclass
class Entries:
    """What is not ordinary in an index.

    `conflicts` are paths with their stages and the mode and object of each; `unwatched` are assumed to be unchanged;
    `elsewhere` need not be in the working tree at all.
    """

    submodules: list[bytes] = field(default_factory=list)
    conflicts: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    unwatched: list[bytes] = field(default_factory=list)
    elsewhere: list[bytes] = field(default_factory=list)


@dataclass
class Todo:
    """What makes an index as the tree is: paths to add, with what was seen of them, and paths to remove.

    `kept` are left as the index has them, `skipped` says why, and `hidden` are those that the flag "skip worktree" was
    set for although they are there.
    """

    add: dict[bytes, os.stat_result] = field(default_factory=dict)
    remove: set[bytes] = field(default_factory=set)
    kept: set[bytes] = field(default_factory=set)
    hidden: list[bytes] = field(default_factory=list)
    skipped: list[Note] = field(default_factory=list)

    def skip(self, path: bytes, why: str) -> None:
        """Leave a path as the index has it."""
        self.kept.add(path)
        self.add.pop(path, None)
        self.skipped.append(Note(quote(path), why))


def entries(listed: bytes) -> Entries:
    """What `git ls-files --stage -v -z` printed."""
    found = Entries()
    for record in listed.split(b"\0"):
        if not record or record.startswith(_ORDINARY):
            continue
        words, _, path = record.partition(b"\t")
        tag, mode, oid, stage = words.split(b" ")
        if stage != b"0":
            found.conflicts.setdefault(path, {})[stage] = mode + b" " + oid
        elif mode == _GITLINK:
            found.submodules.append(path)
        else:
            if tag.islower():
                found.unwatched.append(path)
            if tag.upper() == b"S":
                found.elsewhere.append(path)
    return found


def sort(root: bytes, index: Entries, changed: bytes, new: bytes, limits: Limits) -> Todo:
    """What to do about the paths that `git diff-files -z --name-status` and `git ls-files --others -z` printed, and
    about those that the flags of the index hide from git.
    """
    todo = Todo()
    words = changed.split(b"\0")
    states = dict(zip(words[1::2], words[::2], strict=False))
    beside = _Beside(root)
    todo.hidden = [path for path in index.elsewhere if beside(path)]
    unwatched = set(index.unwatched).difference(index.elsewhere)
    for path in dict.fromkeys((*states, *index.conflicts, *unwatched, *todo.hidden)):
        if states.get(path) == b"D" or not (path in states or beside(path)):
            todo.remove.add(path)
        else:
            _sort(todo, root, path, index, limits)
    for path in new.split(b"\0"):
        if path.endswith(b"/"):
            todo.skip(path, "a repository of its own")
        elif path:
            _sort(todo, root, path, index, limits)
    _leave_out(todo, limits)
    return todo


def closed(warnings: bytes) -> Iterable[Note]:
    """The folders that `git ls-files --others` could not look into."""
    return [
        Note(quote(path), f"a folder that cannot be read: {why.decode()}") for path, why in _CLOSED.findall(warnings)
    ]


def specials(root: bytes, todo: Todo) -> dict[bytes, str]:
    """FIFOs, sockets and devices beside the changes: git does not even list what it cannot store."""
    found: dict[bytes, str] = {}
    for folder in {b"", *(path.rpartition(b"/")[0] for path in todo.add)}:
        with contextlib.suppress(OSError), os.scandir(root + b"/" + folder) as listed:
            for entry in listed:
                if not (
                    entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False) or entry.is_symlink()
                ):
                    found[folder + b"/" * bool(folder) + entry.name] = _special(
                        entry.stat(follow_symlinks=False).st_mode
                    )
    return {path: kind for path, kind in found.items() if path not in todo.remove}


def _special(mode: int) -> str:
    return next((kind for test, kind in _KINDS if test(mode)), "a special file")


def look(root: bytes, path: bytes) -> os.stat_result | None:
    """What is at a path itself, be it a link; None where nothing is. Raises OSError if nobody can tell."""
    try:
        return os.lstat(root + b"/" + path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def mark(seen: os.stat_result | None) -> tuple[int, ...]:
    """What is different after a file was written. The last number is when that was, in ns."""
    if seen is None or stat.S_ISDIR(seen.st_mode):
        return (0,)
    return seen.st_ino, seen.st_size, seen.st_mode, seen.st_mtime_ns, seen.st_ctime_ns


def mark_at(root: bytes, path: bytes) -> tuple[int, ...]:
    """The mark of what is at a path."""
    try:
        return mark(look(root, path))
    except OSError:
        return mark(None)


def _sort(todo: Todo, root: bytes, path: bytes, index: Entries, limits: Limits) -> None:
    try:
        seen = look(root, path)
    except OSError as error:
        todo.skip(path, f"it cannot be read: {error.strerror}")
        return
    if seen is None:
        todo.remove.add(path)
    elif stat.S_ISREG(seen.st_mode):
        if not os.access(root + b"/" + path, os.R_OK):
            todo.skip(path, "it cannot be read: Permission denied")
        elif seen.st_size > limits.file:
            todo.skip(path, f"{_size(seen.st_size)}, more than the {_size(limits.file)} allowed for one file")
        else:
            todo.add[path] = seen
    elif stat.S_ISLNK(seen.st_mode) or (stat.S_ISDIR(seen.st_mode) and path in index.submodules):
        todo.add[path] = seen
    else:  # a folder, whose files git lists, or what git does not know
        todo.remove.add(path)
        if not stat.S_ISDIR(seen.st_mode):
            todo.skipped.append(Note(quote(path), _special(seen.st_mode)))


def _leave_out(todo: Todo, limits: Limits) -> None:
    """Leave out the largest files, should all of them be too much."""
    total = 0
    for path, seen in sorted(todo.add.items(), key=lambda item: item[1].st_size):
        total += seen.st_size
        if total > limits.total:
            todo.skip(
                path, f"{_size(seen.st_size)}, too much with the other changes: {_size(limits.total)} are allowed"
            )


class _Beside:
    """Whether something is at a path, and not only behind a link that took the place of one of its folders."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.real: dict[bytes, bool] = {b"": True}

    def __call__(self, path: bytes) -> bool:
        return self._is_real(path.rpartition(b"/")[0]) and os.path.lexists(self.root + b"/" + path)

    def _is_real(self, folder: bytes) -> bool:
        if folder not in self.real:
            try:
                is_folder = stat.S_ISDIR(os.lstat(self.root + b"/" + folder).st_mode)
            except OSError:
                is_folder = False
            self.real[folder] = is_folder and self._is_real(folder.rpartition(b"/")[0])
        return self.real[folder]


def _size(count: int) -> str:
    return f"{count / 1_000_000:.4g} MB" if count >= 100_000 else f"{count} bytes"
