"""Index the tree as it is."""

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass

from codexwrap.git import treesort
from codexwrap.git.gitpath import quote
from codexwrap.git.scratch import Scratch, must
from codexwrap.git.treeadd import add, put
from codexwrap.git.treesort import Entries, Limits, Note, Todo

_SIDES = {b"1": b"base", b"2": b"ours", b"3": b"theirs"}
_FRESH = 20_000_000  # ns: times of files may be this coarse, and then a change soon after another one does not show
_TRIES = 3


@dataclass(frozen=True)
class Tree:
    """Trees of the working tree and of the index, and for an index with conflicts one of their sides.

    `sides` holds base/PATH, ours/PATH and theirs/PATH of each conflict; in `index` such a path is ours. `skipped` are
    files whose present content is not in `tree`; `notes` are about files whose content is.
    """

    tree: str
    index: str
    sides: str | None
    submodules: tuple[bytes, ...]
    skipped: tuple[Note, ...]
    notes: tuple[Note, ...]


def scan(scratch: Scratch, limits: Limits) -> Tree:
    """The working tree as trees of git, in the objects of `scratch`: all that `git add -A` would add, and what the
    flags "assume unchanged" and "skip worktree" hide from it.

    Left out, and named, are files over the limits, unreadable ones, special ones (in the root and beside changes: git
    knows no others), and whole repositories within this one. Files outside a sparse checkout are as the index has
    them. Raises FailedError, OSError.
    """
    scratch.copy_index()
    listed, changed, new, index = scratch.run_all(
        [
            scratch.call("ls-files", "--stage", "-v", "-z"),
            # Times and sizes decide here, and no content is read: a filter that hangs would hang all of it.
            scratch.call("diff-files", "-z", "--name-status", "--no-renames", "--ignore-submodules=dirty"),
            scratch.call("ls-files", "--others", "--exclude-standard", "-z"),
            scratch.call("write-tree", "--missing-ok"),
        ]
    )
    entries = treesort.entries(must(listed))
    if entries.conflicts:
        staged, sides = _conflicts(scratch, entries)
    else:
        staged, sides = must(index).decode().strip(), None
    root = os.fsencode(scratch.place.root)
    todo = treesort.sort(root, entries, must(changed), must(new), limits)
    _unflag(scratch, "--no-assume-unchanged", entries.unwatched)
    _unflag(scratch, "--no-skip-worktree", todo.hidden)
    put(scratch, b"".join(_removed(path, len(staged)) for path in todo.remove))
    notes = _add(scratch, root, todo)
    put(scratch, b"".join(_ours(path, sides) for path, sides in entries.conflicts.items() if path in todo.kept))
    tree = _write_tree(scratch) if todo.add or todo.remove or todo.kept else staged
    skipped = (*todo.skipped, *treesort.closed(new.err), *_specials(scratch, root, todo))
    return Tree(tree, staged, sides, tuple(entries.submodules), skipped, tuple(notes))


def _specials(scratch: Scratch, root: bytes, todo: Todo) -> list[Note]:
    found = treesort.specials(root, todo)
    if not found:
        return []
    asked = scratch.run_all([scratch.call("check-ignore", "-z", "--stdin", stdin=b"\0".join(found))])[0]
    ignored = set(asked.out.split(b"\0"))
    return [Note(quote(path), kind) for path, kind in found.items() if path not in ignored]


def _write_tree(scratch: Scratch, index: str = "index") -> str:
    return scratch.run("write-tree", "--missing-ok", index=scratch.folder / index).decode().strip()


def _unflag(scratch: Scratch, flag: str, paths: Iterable[bytes]) -> None:
    if names := b"\0".join(paths):
        scratch.run("update-index", flag, "-z", "--stdin", stdin=names)


def _conflicts(scratch: Scratch, entries: Entries) -> tuple[str, str]:
    """The tree of an index with conflicts, each of them settled for ours, and the tree of their sides."""
    settled, apart = scratch.folder / "settled", scratch.folder / "sides"
    shutil.copy2(scratch.index, settled)
    put(scratch, b"".join(_ours(path, sides) for path, sides in entries.conflicts.items()), index=settled)
    records = (
        b"%s 0\t%s/%s\0" % (entry, _SIDES[stage], path)
        for path, sides in entries.conflicts.items()
        for stage, entry in sides.items()
    )
    put(scratch, b"".join(records), index=apart)
    return _write_tree(scratch, settled.name), _write_tree(scratch, apart.name)


def _ours(path: bytes, sides: dict[bytes, bytes]) -> bytes:
    digits = len(next(iter(sides.values())).split(b" ")[1])
    return _removed(path, digits) + (b"%s 0\t%s\0" % (sides[b"2"], path) if b"2" in sides else b"")


def _removed(path: bytes, digits: int) -> bytes:
    return b"0 %s 0\t%s\0" % (b"0" * digits, path)


def _add(scratch: Scratch, root: bytes, todo: Todo) -> list[Note]:
    """Add what is there; and once more what changed while it was read, or so shortly before that it would not show."""
    unfiltered: dict[bytes, str] = {}
    failed: dict[bytes, str] = {}
    seen = {path: treesort.mark(each) for path, each in todo.add.items()}
    torn, moved = list(seen), set[bytes]()
    for attempt in range(_TRIES):
        if not torn or (attempt and scratch.deadline.left() < scratch.deadline.seconds / 2):
            break
        if attempt:
            time.sleep(_FRESH / 1e9)
            _forget(scratch, torn)
        since = time.time_ns() - _FRESH
        added = add(scratch, torn)
        for path in torn:
            unfiltered.pop(path, None)
            failed.pop(path, None)
        unfiltered |= added.unfiltered
        failed |= added.failed
        marks = {path: treesort.mark_at(root, path) for path in torn}
        moved = {path for path in torn if marks[path] != seen[path]}
        torn = [path for path in torn if path in moved or (path not in failed and marks[path][-1] > since)]
        seen |= marks
    for path, why in failed.items():
        todo.skip(path, why)
    unfiltered |= dict.fromkeys(moved - failed.keys(), "it was being written: what is saved may be a part")
    return [Note(quote(path), says) for path, says in unfiltered.items()]


def _forget(scratch: Scratch, paths: Iterable[bytes]) -> None:
    """Make git read files again of which it believes to know the content by their times and sizes."""
    wanted = set(paths)
    listed = scratch.run("ls-files", "--stage", "-z").split(b"\0")
    put(scratch, b"".join(record + b"\0" for record in listed if record.partition(b"\t")[2] in wanted))
