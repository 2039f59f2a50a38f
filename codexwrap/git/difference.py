"""Compare a tree with a snapshot."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from codexwrap.git import treesort
from codexwrap.git.gitpath import quote
from codexwrap.git.saved import Saved
from codexwrap.git.scratch import Scratch
from codexwrap.git.treeadd import put
from codexwrap.git.treescan import Tree, scan
from codexwrap.git.treesort import Limits, Note
from codexwrap.redact.redact import printable

GITLINK = "160000"
_ABSENT = "000000"

Entry = tuple[str, str]  # mode and object
Edits = dict[bytes, tuple[Entry | None, Entry | None]]  # path to what was there and what will be


@dataclass(frozen=True)
class Plan:
    """What brings a snapshot's own changes (those beyond its HEAD) to the present tree and, apart, to the index.

    `in_the_way` are files of which restoring would lose the present content, `index_in_the_way` paths whose staged
    state is neither that of HEAD nor the snapshot's. `result` is the tree that would come of it, of which there is an
    index, called that, among those of the scratch. `marks` are of the files, taken before they were looked at.
    """

    present: Tree
    result: str
    edits: Edits
    in_the_way: list[Note]
    index_edits: Edits
    index_in_the_way: list[Note]
    stat: str
    marks: dict[bytes, tuple[int, ...]]


def plan(own: Scratch, state: Saved, limits: Limits) -> Plan:
    """How to go from the present state of the repository of `own` to a snapshot. Raises FailedError, OSError."""
    root = os.fsencode(own.place.root)
    base = f"{state.head}^{{tree}}" if state.head else empty_tree(own)
    wanted = diff(own, base, state.tree)
    marks = {path: treesort.mark_at(root, path) for path in wanted}
    present = scan(own, limits)
    differs = diff(own, present.tree, state.tree)
    edits = {path: edit for path, edit in wanted.items() if path in differs and not _is_submodule(edit)}
    unsaved = {note.path for note in present.skipped}
    changed = [path for path, (old, _) in edits.items() if differs[path][0] != old or quote(path) in unsaved]
    result = _result(own, present.tree, edits)
    staged = f"{state.staged}^{{tree}}"
    index_differs = diff(own, present.index, staged)
    index_edits = {path: edit for path, edit in diff(own, base, staged).items() if path in index_differs}
    index_changed = [path for path, (old, _) in index_edits.items() if index_differs[path][0] != old]
    return Plan(
        present=present,
        result=result,
        edits=edits,
        in_the_way=[
            *(Note(quote(path), "it has changed since") for path in changed),
            *_obstacles(root, edits, set(changed)),
        ],
        index_edits=index_edits,
        index_in_the_way=[Note(quote(path), "other changes of it are staged") for path in index_changed],
        stat=printable(_stat(own, present.tree, result), keep="\n"),
        marks=marks,
    )


def empty_tree(own: Scratch) -> str:
    """The tree without files."""
    return own.run("mktree").decode().strip()


def diff(own: Scratch, old: str, new: str) -> Edits:
    """Paths that differ between two trees."""
    words = own.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", old, new).split(b"\0")
    edits: Edits = {}
    for change, path in zip(words[::2], words[1::2], strict=False):
        old_mode, new_mode, old_oid, new_oid, _ = change.decode().removeprefix(":").split(" ")
        edits[path] = (
            None if old_mode == _ABSENT else (old_mode, old_oid),
            None if new_mode == _ABSENT else (new_mode, new_oid),
        )
    return edits


def records(edits: Edits) -> bytes:
    """The edits as `git update-index -z --index-info` reads them, what is removed first."""
    gone = [b"0 %s 0\t%s\0" % (b"0" * len(old[1]), path) for path, (old, new) in edits.items() if not new and old]
    there = [f"{new[0]} {new[1]} 0\t".encode() + path + b"\0" for path, (_, new) in edits.items() if new]
    return b"".join((*gone, *there))


def _is_submodule(edit: tuple[Entry | None, Entry | None]) -> bool:
    return any(side is not None and side[0] == GITLINK for side in edit)


def _result(own: Scratch, tree: str, edits: Edits) -> str:
    index = own.folder / "result"
    own.run("read-tree", tree, index=index)
    put(own, records(edits), index=index)
    return own.run("write-tree", "--missing-ok", index=index).decode().strip()


def _stat(own: Scratch, old: str, new: str) -> str:
    words = ("diff-tree", "-r", "--stat=100", "--stat-count=200", "--no-ext-diff", "--no-textconv", "--no-renames")
    return own.run(*words, "--no-color", old, new).decode("utf-8", "replace")


def _obstacles(root: bytes, edits: Edits, known: set[bytes]) -> Iterator[Note]:
    """Files that git does not list, ignored ones above all, in places where the snapshot has something else."""
    leave = {path for path, (_, new) in edits.items() if new is None}
    for path, (old, new) in edits.items():
        if new is None or path in known:
            continue
        for above in _above(path):
            if above not in leave and _kind(root, above) == "file":
                yield Note(quote(above), "it is in the place of a folder")
        kind = _kind(root, path)
        if kind == "file" and old is None:
            yield Note(quote(path), "it is there, and git ignores it")
        elif kind == "folder" and (kept := _within(root, path) - leave):
            yield Note(quote(min(kept)), "it is in a folder in the place of a file")


def _above(path: bytes) -> Iterator[bytes]:
    """The folders of a path, the innermost first."""
    while path := path.rpartition(b"/")[0]:
        yield path


def _kind(root: bytes, path: bytes) -> str:
    try:
        return "folder" if stat.S_ISDIR(os.lstat(root + b"/" + path).st_mode) else "file"
    except OSError:
        return ""


def _within(root: bytes, folder: bytes) -> set[bytes]:
    """All files and links below a folder."""
    found: set[bytes] = set()
    for top, folders, files in os.walk(root + b"/" + folder):
        links = [name for name in folders if _kind(top, name) == "file"]
        found |= {(top + b"/" + name).removeprefix(root + b"/") for name in (*files, *links)}
    return found
