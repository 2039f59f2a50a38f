"""Say how a snapshot differs."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from codexwrap.errors import UserError
from codexwrap.git import difference, git, saved
from codexwrap.git.difference import Edits
from codexwrap.git.gitpath import join, quote, unquote
from codexwrap.git.saved import Saved, Submodules
from codexwrap.git.scratch import FailedError, Place, Scratch, find, reason, scratch
from codexwrap.git.treesort import Limits, Note

SECONDS = 120.0
LIMITS = Limits()


class Difference(NamedTuple):
    """How the present state differs from a snapshot.

    `equal` says that the working trees are the same, submodules included, and `staged_equal` that the indexes are;
    `head` is the snapshot's, `present_head` that of now. `changes` are the paths that restoring into the tree would
    "add", "change" or "delete", and `stat` shows them as `git diff --stat` does; `in_the_way` are files that would be
    lost, and `index_in_the_way` those that forbid to restore what was staged.
    """

    equal: bool
    staged_equal: bool
    head: str | None
    present_head: str | None
    changes: tuple[Note, ...]
    in_the_way: tuple[Note, ...]
    index_in_the_way: tuple[Note, ...]
    stat: str


def compare(
    cwd: str | os.PathLike[str], snapshot: str, *, seconds: float = SECONDS, limits: Limits = LIMITS
) -> Difference:
    """How the present tree differs from a snapshot, which is named by its commit or its ref. Writes nothing.

    Raises UserError.
    """
    with opened(cwd, snapshot, seconds) as (own, state):
        plan = difference.plan(own, state, limits)
        inner = [
            (path, compare(where, commit, seconds=own.deadline.left(), limits=limits))
            for path, commit, where in present(own.place, state.submodules)
        ]
    return Difference(
        equal=plan.present.tree == state.tree and all(each.equal for _, each in inner),
        staged_equal=not plan.index_edits and all(each.staged_equal for _, each in inner),
        head=state.head,
        present_head=own.place.head,
        changes=(*changes(plan.edits), *_below(inner, "changes")),
        in_the_way=(*plan.in_the_way, *_below(inner, "in_the_way")),
        index_in_the_way=(*plan.index_in_the_way, *_below(inner, "index_in_the_way")),
        stat="".join((plan.stat, *(f"{path}:\n{each.stat}" for path, each in inner if each.stat))),
    )


@contextlib.contextmanager
def opened(cwd: str | os.PathLike[str], snapshot: str, seconds: float) -> Iterator[tuple[Scratch, Saved]]:
    """A private index in the repository that contains `cwd`, and what a snapshot says of itself. Raises UserError."""
    """A private index in the repository that contains `cwd`, and what a snapshot says of itself. Raises UserError."""
    deadline = git.within(seconds)
    try:
        place = find(cwd, deadline)
        with scratch(place, deadline) as own:
            yield own, saved.read(place.root, snapshot, deadline)
    except (FailedError, OSError) as error:
        raise UserError(f"the snapshot cannot be restored: {reason(error)}") from None


def changes(edits: Edits) -> tuple[Note, ...]:
    """Paths, and whether they are added, changed or deleted."""
    return tuple(
        Note(quote(path), "delete" if new is None else "change" if old else "add") for path, (old, new) in edits.items()
    )


def present(place: Place, submodules: Submodules) -> Iterator[tuple[str, str, Path]]:
    """Path, snapshot and directory of the submodules that are checked out."""
    for path, commit in submodules:
        where = place.root / os.fsdecode(unquote(path))
        if os.path.lexists(where / ".git"):
            yield path, commit, where


def _below(inner: list[tuple[str, Difference]], field: str) -> Iterator[Note]:
    for path, each in inner:
        for note in getattr(each, field):
            yield Note(join(path, note.path), note.says)
