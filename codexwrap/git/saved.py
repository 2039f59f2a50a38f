"""Write and read snapshot messages.

The last paragraph of a snapshot's message says what its parents are, so that the commit explains itself on a machine
that has nothing else of codexwrap.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from codexwrap.git import git
from codexwrap.git.git import Call, Deadline
from codexwrap.git.scratch import FailedError, must
from codexwrap.git.treesort import Note
from codexwrap.redact.redact import printable, redact

_STAGED, _SIDES, _SUBMODULE, _LEFT_OUT = (
    f"Codexwrap-{what}: " for what in ("Staged", "Sides", "Submodule", "Left-Out")
)
_MOST_NOTES = 50

Submodules = tuple[tuple[str, str], ...]


class Saved(NamedTuple):
    """What a snapshot says of itself: commits, but for `tree`.

    The tree of `staged` is the index; `sides` has a tree of the sides of conflicts: base/PATH, ours/PATH, theirs/PATH.
    `submodules` are paths, as `gitpath.quote` writes them, and the snapshots in the repositories there.
    """

    commit: str
    tree: str
    head: str | None
    staged: str
    sides: str | None = None
    submodules: Submodules = ()


def compose(message: str, saved: Saved, skipped: Iterable[Note]) -> bytes:
    """The message of a snapshot (of which `commit` does not matter). Secrets in `message` are redacted."""
    lines = [f"{_STAGED}{saved.staged}"]
    if saved.sides:
        lines.append(f"{_SIDES}{saved.sides}")
    lines += [f"{_SUBMODULE}{commit} {path}" for path, commit in saved.submodules]
    notes = [f"{_LEFT_OUT}{note.path}: {note.says}" for note in skipped]
    lines += [redact(printable(note)) for note in notes[:_MOST_NOTES]]
    if len(notes) > _MOST_NOTES:
        lines.append(f"{_LEFT_OUT}{len(notes) - _MOST_NOTES} more")
    text = "\n".join(line.rstrip() for line in redact(message).splitlines()).strip()
    return "\n".join([text, "", *lines, ""]).encode("utf-8", "replace")


def read(cwd: str | os.PathLike[str], name: str, deadline: Deadline) -> Saved:
    """What the snapshot with this commit or ref says of itself. Raises FailedError."""
    commit = f"{name}^{{commit}}"
    resolved, text = git.run_all(
        cwd,
        [Call(["rev-parse", "--verify", "--quiet", "--end-of-options", commit]), Call(["cat-file", "commit", commit])],
        deadline,
    )
    if resolved.code == 1 or name.startswith("-"):
        raise FailedError(f"there is no snapshot {printable(name)} in this repository")
    return parse(must(resolved).decode().strip(), *split(must(text)))


def split(text: bytes) -> tuple[str, list[str], str]:
    """Tree, parents and message of a commit as `git cat-file` prints it."""
    header, _, message = text.decode("utf-8", "surrogateescape").partition("\n\n")
    words = [line.split(" ", 1) for line in header.split("\n") if " " in line]
    trees = [value for key, value in words if key == "tree"]
    return trees[0], [value for key, value in words if key == "parent"], message


def parse(commit: str, tree: str, parents: Iterable[str], message: str) -> Saved:
    """What a commit says of itself. Raises FailedError if it is no snapshot."""
    trailers = message.rstrip("\n").rpartition("\n\n")[2].split("\n")
    staged, sides, submodules = (
        [line.removeprefix(key) for line in trailers if line.startswith(key)] for key in (_STAGED, _SIDES, _SUBMODULE)
    )
    if not staged:
        raise FailedError(f"{commit[:12]} is no snapshot of codexwrap's")
    heads = [parent for parent in parents if parent not in (*staged, *sides)]
    return Saved(
        commit=commit,
        tree=tree,
        head=heads[0] if heads else None,
        staged=staged[0],
        sides=sides[0] if sides else None,
        submodules=tuple((path, oid) for oid, _, path in (each.partition(" ") for each in submodules)),
    )
