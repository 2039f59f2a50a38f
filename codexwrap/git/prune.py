"""Remove old snapshots."""

import os
import re
import time
from collections.abc import Collection
from typing import NamedTuple

from codexwrap.git import git, treesort
from codexwrap.git.git import Call, Deadline
from codexwrap.git.scratch import FailedError, Place, find, must, reason
from codexwrap.git.tidy import OTHERS, tidy

COUNT = 100
AGE = 30 * 86400.0
BYTES = 500_000_000
BATCH = 100
SECONDS = 60.0
_FOLDER = re.compile(r"refs/codexwrap/[^/]+/")


class Pruned(NamedTuple):
    """Refs that were removed, how many are left, and the bytes that those take; `why` says what could not be done.

    The bytes are what their objects take on disk, compressed, as `git cat-file --batch-check=%(objectsize:disk)` says;
    without those of the commits that they are based on, if any branch, tag, stash or HEAD has them. They are free when
    git next collects its garbage, and for two weeks after the snapshot it does not.
    """

    removed: tuple[str, ...] = ()
    left: int = 0
    bytes: int | None = None
    why: str | None = None


class _Ref(NamedTuple):
    name: str
    commit: str
    at: float


def prune(
    cwd: str | os.PathLike[str],
    folder: str,
    *,
    keep_count: int = COUNT,
    keep_seconds: float = AGE,
    keep_bytes: int = BYTES,
    keep: Collection[str] = (),
    batch: int = BATCH,
    at: float | None = None,
    seconds: float = SECONDS,
) -> Pruned:
    """Remove the oldest snapshots in `folder` (one seat's, see `snapshot.folder`) until there are at most `keep_count`,
    none older than `keep_seconds`, of `keep_bytes` together; in submodules too. Never raises for what git does.

    The newest one stays, and so do those that `keep` names. Nothing is removed before `batch` of them are due: their
    objects are packed first, which is worth it for many. `at` is the time, by default now.
    """
    if not _FOLDER.fullmatch(folder):
        raise ValueError(f"not the snapshots of one seat: {folder}")
    now = time.time() if at is None else at
    deadline = git.within(seconds)
    try:
        place = find(cwd, deadline)
        done = _prune(place, folder, keep_count, now - keep_seconds, keep_bytes, keep, batch, now, deadline)
        for inner in _submodules(place, deadline):
            prune(
                inner,
                folder,
                keep_count=keep_count,
                keep_seconds=keep_seconds,
                keep_bytes=keep_bytes,
                keep=keep,
                batch=batch,
                at=now,
                seconds=deadline.left(),
            )
    except (FailedError, OSError) as error:
        return Pruned(why=reason(error))
    return done


def _prune(
    place: Place,
    folder: str,
    most: int,
    oldest: float,
    most_bytes: int,
    keep: Collection[str],
    batch: int,
    now: float,
    deadline: Deadline,
) -> Pruned:
    refs = _list(place, folder, deadline)
    recent = [ref for number, ref in enumerate(refs) if not number or (number < most and ref.at >= oldest)]
    size = _size(place, recent, deadline)
    fitting = recent
    if size > most_bytes:
        fitting, size = _fitting(place, recent, most_bytes, deadline)
    due = [ref for ref in refs if ref not in fitting and ref.name not in keep]
    if not due or (len(due) < batch and fitting == recent):
        return Pruned((), len(refs), _size(place, refs, deadline) if due else size)
    tidy(place, deadline, at=now)
    lines = "".join(f"delete {ref.name} {ref.commit}\n" for ref in due)
    must(git.run(place.root, Call(["update-ref", "--no-deref", "--stdin"], lines.encode()), deadline))
    return Pruned(tuple(ref.name for ref in due), len(refs) - len(due), size)


def _list(place: Place, folder: str, deadline: Deadline) -> list[_Ref]:
    """The snapshots of a seat, the newest first."""
    form = "--format=%(objectname) %(committerdate:unix) %(refname)"
    call = Call(["for-each-ref", "--sort=-refname", "--sort=-committerdate", form, folder])
    lines = os.fsdecode(must(git.run(place.root, call, deadline))).splitlines()
    words = [line.split(" ", 2) for line in lines]
    return [_Ref(name, commit, float(at or 0)) for commit, at, name in words]


def _size(place: Place, refs: list[_Ref], deadline: Deadline) -> int:
    """Bytes on disk of all that these snapshots hold, and nothing but snapshots does."""
    commits = "".join(f"{ref.commit}\n" for ref in refs).encode()
    listed = must(git.run(place.root, Call(["rev-list", "--objects", "--stdin", *OTHERS], commits), deadline))
    names = b"".join(line.partition(b" ")[0] + b"\n" for line in listed.splitlines())
    if not names:
        return 0
    sizes = must(git.run(place.root, Call(["cat-file", "--batch-check=%(objectsize:disk)"], names), deadline))
    return sum(int(size) for size in sizes.split() if size.isdigit())


def _fitting(place: Place, refs: list[_Ref], most: int, deadline: Deadline) -> tuple[list[_Ref], int]:
    """The most of the newest snapshots that fit, one at least, and their size."""
    few, many = 1, len(refs)
    size = _size(place, refs[:1], deadline)
    while few < many - 1:
        middle = (few + many) // 2
        if (larger := _size(place, refs[:middle], deadline)) <= most:
            few, size = middle, larger
        else:
            many = middle
    return refs[:few], size


def _submodules(place: Place, deadline: Deadline) -> list[str]:
    if not (place.root / ".gitmodules").exists():
        return []
    listed = must(git.run(place.root, Call(["ls-files", "--stage", "-v", "-z"]), deadline))
    paths = [place.root / os.fsdecode(path) for path in treesort.entries(listed).submodules]
    return [str(path) for path in paths if os.path.lexists(path / ".git")]
