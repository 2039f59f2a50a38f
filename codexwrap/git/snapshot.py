"""Commit the whole working tree.

A snapshot is a commit under `refs/codexwrap/<seat>/`. Its tree is the working tree, with all untracked files that no
rule ignores. Its parents are, like those of a stash, HEAD and a commit whose tree is the index; after a merge that
stopped there is a third one, which has the sides of each conflict. On an unborn HEAD the first of them is missing.

Apart from objects and that ref nothing changes: not the index, the tree, branches, stash, reflogs or configuration.
Objects are written to a store apart and moved in when they are complete: a snapshot that fails leaves nothing, and
one that finds nothing new writes nothing. Like all refs but branches and tags, snapshots are neither pushed nor
fetched, unless by `--mirror`, but `git log --all` shows them.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from codexwrap import paths
from codexwrap.git import git, saved
from codexwrap.git.git import Call, Deadline
from codexwrap.git.gitpath import join, quote
from codexwrap.git.gitwhy import UNWRITABLE
from codexwrap.git.saved import Saved, Submodules
from codexwrap.git.scratch import FailedError, Place, Scratch, find, must, reason, scratch, sync
from codexwrap.git.treescan import Tree, scan
from codexwrap.git.treesort import Limits, Note

REFS = "refs/codexwrap/"
SECONDS = 30.0
LIMITS = Limits()

_TRIES = 3
_AT_ONCE = 8  # submodules that are asked at the same time
_COMMITTED = re.compile(rb"^committer .* (\d+) [+-]\d+$", re.MULTILINE)


class Snapshot(NamedTuple):
    """A snapshot that there is. `is_new` is false when it was there before, as `ref`, and nothing has changed since.

    `skipped` are files whose present content is not in it; `notes` say something about files that are; `submodules`
    are paths of submodules with changes, and the snapshots, of the same name, in the repositories there.
    """

    commit: str
    ref: str
    tree: str
    head: str | None
    is_new: bool
    skipped: tuple[Note, ...]
    notes: tuple[Note, ...]
    submodules: Submodules
    took_ms: int = 0

    def to_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            **self._asdict(),
            "skipped": [each._asdict() for each in self.skipped],
            "notes": [each._asdict() for each in self.notes],
            "submodules": dict(self.submodules),
        }


class NoSnapshot(NamedTuple):
    """Why there is no snapshot, in one line."""

    why: str
    took_ms: int


_Inner = list[tuple[str, Snapshot | NoSnapshot]]  # paths of submodules, and what came of them


def folder(seat: str) -> str:
    """The refs of a seat, `refs/codexwrap/<seat>/`, with a name that git allows; different seats stay different."""
    name = paths.file_name(seat).replace("~", "=")
    if ".." in name or name.endswith((".", ".lock")):
        name = name.replace(".", "=")
    return f"{REFS}{name}/"


def take(
    cwd: str | os.PathLike[str],
    ref: str,
    *,
    message: str,
    seconds: float = SECONDS,
    limits: Limits = LIMITS,
    at: float | None = None,
) -> Snapshot | NoSnapshot:
    """Save the working tree that contains `cwd` as `ref`, a name in `folder(seat)`. What git and the disk do wrong is
    the answer, and not raised.

    When the newest snapshot in that folder holds the same tree, index and HEAD, that one is returned and nothing is
    written. `message` is redacted; `at` is seconds since the epoch, by default now.
    """
    if not re.fullmatch(REFS + "[^/]+/.+", ref):
        raise ValueError(f"not a name for a snapshot: {ref}")
    start = time.monotonic()
    try:
        taken = _take(cwd, ref, message, git.within(seconds), limits, time.time() if at is None else at)
    except (FailedError, OSError) as error:
        return NoSnapshot(reason(error), round((time.monotonic() - start) * 1000))
    return taken._replace(took_ms=round((time.monotonic() - start) * 1000))


def _take(
    cwd: str | os.PathLike[str], ref: str, message: str, deadline: Deadline, limits: Limits, at: float
) -> Snapshot:
    def save(inner: str) -> Snapshot | NoSnapshot:
        return take(inner, ref, message=message, seconds=deadline.left(), limits=limits, at=at)

    for attempt in range(_TRIES):
        place = find(cwd, deadline)
        before = _mark(place)
        with scratch(place, deadline) as own:
            try:
                tree = scan(own, limits)
            except FailedError as error:
                # In a tree that changes, what fails now may not fail the next time.
                if str(error) in UNWRITABLE or _is_last(attempt, deadline):
                    raise
                continue
            # A commit or a checkout went on meanwhile: what was seen is true of every file, but one moment's is better.
            if _mark(place) == before or _is_last(attempt, deadline):
                return _commit(own, tree, ref, message, _submodules(place, tree.submodules, save, deadline), at)
    raise AssertionError


def _is_last(attempt: int, deadline: Deadline) -> bool:
    return attempt == _TRIES - 1 or deadline.left() < deadline.seconds / 2


def _mark(place: Place) -> tuple[object, ...]:
    """What changes when a command of the user's changes HEAD or the index."""
    marks: list[object] = []
    for path in (place.index, place.git_dir / "HEAD", place.git_dir / "logs/HEAD"):
        try:
            seen = path.stat()
            marks.append((seen.st_ino, seen.st_size, seen.st_mtime_ns))
        except OSError:
            marks.append(None)
    return tuple(marks)


def _commit(own: Scratch, tree: Tree, ref: str, message: str, inner: _Inner, at: float) -> Snapshot:
    head = own.place.head
    newest, date = _newest(own, ref)
    parents = [head] if head else []
    staged = _commit_tree(own, tree.index, parents, b"codexwrap: the index\n", date)
    sides = _commit_tree(own, tree.sides, [], b"codexwrap: the sides of conflicts\n", date) if tree.sides else None
    submodules = tuple((path, each.commit) for path, each in inner if isinstance(each, Snapshot))
    lacking = [Note(path, f"a submodule: {each.why}") for path, each in inner if isinstance(each, NoSnapshot)]
    for path, each in inner:
        if isinstance(each, Snapshot):
            lacking += [Note(join(path, note.path), note.says) for note in each.skipped]
    now = Saved("", tree.tree, head, staged, sides, submodules)
    skipped = (*tree.skipped, *lacking)
    if newest and newest[1]._replace(commit="") == now:
        return Snapshot(newest[1].commit, newest[0], tree.tree, head, False, skipped, tree.notes, submodules)
    parents += [staged, sides] if sides else [staged]
    commit = _commit_tree(own, tree.tree, parents, saved.compose(message, now, skipped), at)
    own.keep()
    _set(own, ref, commit)
    return Snapshot(commit, ref, tree.tree, head, True, skipped, tree.notes, submodules)


def _newest(own: Scratch, ref: str) -> tuple[tuple[str, Saved] | None, float]:
    """The newest snapshot beside `ref`, and the date for what belongs to HEAD.

    That is the date of HEAD itself: so the same index is the same commit every time, and a walk through history,
    which goes by dates, meets none where it does not expect it.
    """
    form = "--format=%(refname)%0a%(objectname)%0a%(tree)%0a%(parent)%0a%(contents)"
    calls = [
        own.call("for-each-ref", "--sort=-refname", "--sort=-committerdate", "--count=1", form, ref.rpartition("/")[0]),
        own.call("cat-file", "commit", own.place.head or "HEAD"),
    ]
    refs, head = own.run_all(calls)
    date = _COMMITTED.search(head.out)
    lines = must(refs).decode("utf-8", "surrogateescape").split("\n", 4)
    newest = None
    with contextlib.suppress(FailedError):
        if len(lines) == 5:
            newest = lines[0], saved.parse(lines[1], lines[2], lines[3].split(), lines[4])
    return newest, float(date[1]) if date else 0.0


def _commit_tree(own: Scratch, tree: str, parents: list[str], message: bytes, at: float) -> str:
    words = [word for parent in parents for word in ("-p", parent)]
    return own.run("commit-tree", tree, *words, stdin=message, at=at).decode().strip()


def _set(own: Scratch, ref: str, commit: str) -> None:
    call = Call(["update-ref", "--no-deref", ref, commit], settings=["core.logAllRefUpdates=false"])
    must(git.run(own.place.root, call, own.deadline))
    file = own.place.objects.parent / ref
    with contextlib.suppress(OSError):  # a repository may keep its refs in another way than as files
        sync(file)
        sync(file.parent)


def _submodules(
    place: Place, submodules: tuple[bytes, ...], save: Callable[[str], Snapshot | NoSnapshot], deadline: Deadline
) -> _Inner:
    """Snapshots of those submodules that have changes of their own: the commit that we record of them lacks those."""
    found: _Inner = []
    root = os.fsencode(place.root)
    there = [path for path in submodules if os.path.lexists(root + b"/" + path + b"/.git")]
    for some in (there[n : n + _AT_ONCE] for n in range(0, len(there), _AT_ONCE)):
        calls = [Call(["status", "--porcelain", "-z"], cwd=os.fsdecode(root + b"/" + path)) for path in some]
        for path, call, answer in zip(some, calls, git.run_all(place.root, calls, deadline), strict=True):
            if answer.out or not answer.ok:
                found.append((quote(path), save(str(call.cwd))))
    return found
