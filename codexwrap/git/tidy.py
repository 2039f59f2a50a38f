"""Pack what snapshots left loose.

A thousand snapshots would leave some thousand files. Git packs loose objects too, but not before there are 6 700, and
what is not reachable any more by then it puts back into files of its own for two weeks, and grumbles. So snapshots
come in packs marked `.keep`, which `git gc` leaves alone; after two weeks without use the mark is removed, and what
nobody refers to any more goes with the next `git gc`. Here no object is ever removed that is not in a pack.
"""

import contextlib
import re
import time
from pathlib import Path

from codexwrap.git import git
from codexwrap.git.git import Call, Deadline
from codexwrap.git.scratch import FailedError, Place, must, sync

LOOSE = 200
_MARK = b"codexwrap: snapshots\n"
_UNUSED = 14 * 86400.0  # after which git, too, takes an object that nobody refers to for rubbish
_PACK = re.compile(r"[0-9a-f]{40,64}")

# What a partial clone lacks is no business of ours.
OTHERS = ("--missing=allow-any", "--not", "--exclude=refs/codexwrap/*", "--all")


def tidy(place: Place, deadline: Deadline, *, at_least: int = LOOSE, at: float | None = None) -> int:
    """Put the loose objects of all snapshots into one pack, without the commits that they are based on; how many.

    Fewer than `at_least` are left as they are. Raises FailedError, OSError.
    """
    _release(place, time.time() if at is None else at)
    listed = must(git.run(place.root, Call(["rev-list", "--objects", "--glob=refs/codexwrap/*", *OTHERS]), deadline))
    loose = [line for line in listed.splitlines() if _loose(place, line).exists()]
    if len(loose) < at_least:
        return 0
    base = place.objects / "pack" / "pack"
    # The names say which objects are versions of one file.
    answer = git.run(place.root, Call(["pack-objects", "-q", str(base)], b"\n".join(loose) + b"\n"), deadline)
    number = must(answer).decode().strip()
    if not _PACK.fullmatch(number):
        raise FailedError("git pack-objects names no pack")
    index = base.with_name(f"pack-{number}.idx")
    index.with_suffix(".keep").write_bytes(_MARK)
    for path in (index.with_suffix(".pack"), index, index.parent):
        sync(path)
    shown = must(git.run(place.root, Call(["show-index"], index.read_bytes()), deadline))
    packed = {line.split()[1] for line in shown.splitlines()}
    for line in loose:
        if line.partition(b" ")[0] in packed:
            _loose(place, line).unlink(missing_ok=True)
    return len(loose)


def _loose(place: Place, line: bytes) -> Path:
    oid = line.partition(b" ")[0].decode()
    return place.objects / oid[:2] / oid[2:]


def _release(place: Place, now: float) -> None:
    """Let git have those of our packs that nothing was added to or found in for two weeks: it touches what it uses."""
    for mark in (place.objects / "pack").glob("pack-*.keep"):
        with contextlib.suppress(OSError):
            if mark.read_bytes() == _MARK and mark.with_suffix(".pack").stat().st_mtime < now - _UNUSED:
                mark.unlink()
