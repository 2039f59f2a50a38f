"""Parse what git prints of changes."""

from typing import NamedTuple

from codexwrap.git.gitpath import name

_WORDS = {"A": "added", "M": "modified", "D": "deleted", "T": "type changed", "R": "renamed", "C": "copied"}

Counts = dict[bytes, tuple[int | None, int | None]]


class Branch(NamedTuple):
    """What is checked out: `branch` is None on a detached HEAD, `head` on an unborn one, the rest without upstream."""

    branch: str | None = None
    head: str | None = None
    upstream: str | None = None
    ahead: int | None = None
    behind: int | None = None


class Status(NamedTuple):
    """The branch and the changed paths: in the index, and in the working tree beyond it ("" is unchanged).

    `countable` are paths with changes in the working tree of which lines can be counted.
    """

    branch: Branch
    files: dict[bytes, tuple[str, str]]
    countable: list[bytes]


def parse(out: bytes) -> Status:
    """What `git status --porcelain=v2 --branch -z` printed; see git-status(1)."""
    status = Status(Branch(), {}, [])
    records = iter(out.split(b"\0"))
    for record in records:
        kind = record[:2]
        if kind == b"# ":
            status = status._replace(branch=_header(status.branch, name(record)))
        elif kind == b"1 ":
            _changed(status, record, record.split(b" ", 8)[8])
        elif kind == b"2 ":
            _changed(status, record, record.split(b" ", 9)[9])
            next(records, None)  # where it was renamed from
        elif kind == b"u ":
            status.files[record.split(b" ", 10)[10]] = "", "conflict"
        elif kind == b"? ":
            status.files[record[2:]] = "", "untracked"
    return status


def numstat(out: bytes) -> Counts:
    """Paths to lines in and out, as `--numstat -z --no-renames` printed them; None for a binary file."""
    counts: Counts = {}
    for record in out.split(b"\0"):
        if record:
            added, removed, path = record.split(b"\t", 2)
            if added == b"-":
                counts[path] = None, None
            else:  # a file that became a link is there twice
                before = counts.get(path, (0, 0))
                counts[path] = int(added) + (before[0] or 0), int(removed) + (before[1] or 0)
    return counts


def _changed(status: Status, record: bytes, path: bytes) -> None:
    _, xy, sub, _ = record.split(b" ", 3)
    index, tree = chr(xy[0]), chr(xy[1])
    status.files[path] = _WORDS.get(index, ""), _WORDS.get(tree, "")
    if tree != "." and not sub.startswith(b"S"):
        status.countable.append(path)


def _header(branch: Branch, line: str) -> Branch:
    _, key, value = line.split(" ", 2)
    match key:
        case "branch.oid":
            return branch._replace(head=None if value == "(initial)" else value)
        case "branch.head":
            return branch._replace(branch=None if value == "(detached)" else value)
        case "branch.upstream":
            return branch._replace(upstream=value)
        case "branch.ab":
            ahead, behind = value.split()
            return branch._replace(ahead=int(ahead), behind=-int(behind))
    return branch
