"""Bring a snapshot back."""

import os
from pathlib import Path
from typing import Literal, NamedTuple

from codexwrap.errors import UserError
from codexwrap.git import difference, git, treewrite
from codexwrap.git.compare import LIMITS, SECONDS, changes, compare, opened, present
from codexwrap.git.difference import Edits, Plan
from codexwrap.git.git import Call
from codexwrap.git.saved import Saved, Submodules
from codexwrap.git.scratch import FailedError, Scratch, find, must, scratch
from codexwrap.git.treesort import Limits, Note

_NAMED = 4  # files in a message
_STAGES = {b"base": b"1", b"ours": b"2", b"theirs": b"3"}

Into = Literal["tree", "branch", "worktree"]


class Restored(NamedTuple):
    """What was done. `where` is a directory or the name of a branch; `commit` is what it has checked out or points to.

    `submodules` are those with snapshots of their own that remain to be restored in there.
    """

    where: str
    commit: str | None
    changes: tuple[Note, ...]
    notes: tuple[Note, ...]
    submodules: Submodules


def restore(
    cwd: str | os.PathLike[str],
    snapshot: str,
    *,
    into: Into,
    name: str | None = None,
    staged: bool = False,
    seconds: float = SECONDS,
    limits: Limits = LIMITS,
) -> Restored:
    """Bring back a snapshot, which is named by its commit or its ref. Raises UserError.

    Into the "tree": the changes that the snapshot holds beyond its HEAD, and only if no file that they touch has
    changed since; else nothing is done. Files that came later stay. `staged` brings back the index too.
    Into a "branch": a commit of it all on top of the snapshot's HEAD, as the new branch `name`; nothing is checked out.
    Into a "worktree": a new one at the path `name`, with HEAD, files and (if `staged`) index as they were.
    """
    if into == "tree":
        return _into_tree(cwd, snapshot, staged, seconds, limits)
    with opened(cwd, snapshot, seconds) as (own, state):
        if into == "branch":
            return _into_branch(own, state, name or f"codexwrap/{state.commit[:10]}")
        return _into_worktree(own, state, Path(name or f"{own.place.root}-{state.commit[:10]}").absolute(), staged)


def _into_tree(cwd: str | os.PathLike[str], snapshot: str, staged: bool, seconds: float, limits: Limits) -> Restored:
    # All of it is looked at before any of it is touched: a submodule may hold what the rest does not.
    found = compare(cwd, snapshot, seconds=seconds, limits=limits)
    if found.in_the_way:
        raise UserError(f"{_refusal(found.in_the_way)}; nothing was restored: {_WAY_OUT}")
    if staged and found.index_in_the_way:
        raise UserError(f"{_refusal(found.index_in_the_way)}; nothing was restored: unstage it, or {_WAY_OUT}")
    with opened(cwd, snapshot, seconds) as (own, state):
        plan = difference.plan(own, state, limits)
        if plan.in_the_way or (staged and plan.index_in_the_way):
            raise FailedError("files change while it is looked at; try again")
        files = own.folder / "files"
        notes = treewrite.check_out(
            own, own.folder / "result", {path: new for path, (_, new) in plan.edits.items() if new}, files
        )
        if staged:
            _stage(own, plan, state)
        notes += treewrite.move(own.place.root, plan.edits, files, plan.marks)
        place = own.place
    here = list(present(place, state.submodules))
    for _, commit, where in here:
        notes += _into_tree(where, commit, staged, seconds, limits).notes
    done = {path for path, _, _ in here}
    return Restored(
        where=str(place.root),
        commit=place.head,
        changes=found.changes,
        notes=tuple(notes),
        submodules=tuple(each for each in state.submodules if each[0] not in done),
    )


_WAY_OUT = "restore the snapshot into a branch or a worktree instead"


def _refusal(notes: tuple[Note, ...]) -> str:
    names = [f"{note.path} ({note.says})" for note in notes[:_NAMED]]
    more = [f"{len(notes) - _NAMED} more"] if len(notes) > _NAMED else []
    return f"it would lose {', '.join(names + more)}"


def _stage(own: Scratch, plan: Plan, state: Saved) -> None:
    """Bring back the index, by one command that git itself guards with its lock."""
    entries = difference.records(plan.index_edits) + _conflicts(own, state)
    if plan.present.sides:
        raise FailedError("the index has conflicts now")
    if entries:
        call = Call(["update-index", "-z", "--index-info"], stdin=entries)
        must(git.run(own.place.root, call, own.deadline))


def _conflicts(own: Scratch, state: Saved) -> bytes:
    """Entries that make an index have the conflicts that it had."""
    if not state.sides:
        return b""
    entries: dict[bytes, list[bytes]] = {}
    for side, (_, new) in difference.diff(own, difference.empty_tree(own), f"{state.sides}^{{tree}}").items():
        stage, _, path = side.partition(b"/")
        if new:
            gone = b"0 %s 0\t%s\0" % (b"0" * len(new[1]), path)
            record = f"{new[0]} {new[1]} ".encode() + _STAGES[stage] + b"\t" + path + b"\0"
            entries.setdefault(path, [gone]).append(record)
    return b"".join(record for records in entries.values() for record in records)


def _into_branch(own: Scratch, state: Saved, name: str) -> Restored:
    if not own.run_all([own.call("check-ref-format", "--branch", name)])[0].ok:
        raise UserError(f"{name!r} is no name for a branch")
    ref = f"refs/heads/{name}"
    commit = _as_commit(own, state)
    there = git.run(own.place.root, Call(["rev-parse", "--verify", "--quiet", ref]), own.deadline)
    if there.ok and there.line != commit:
        raise UserError(f"there is a branch {name} already: choose another name")
    message = f"codexwrap: restored {state.commit[:10]}"
    must(git.run(own.place.root, Call(["update-ref", "-m", message, ref, commit]), own.deadline))
    return Restored(name, commit, changes(_beyond_head(own, state)), (), state.submodules)


def _as_commit(own: Scratch, state: Saved) -> str:
    """An ordinary commit of the snapshot's tree on its HEAD: the same one every time."""
    shown = own.run("show", "--no-patch", "--format=%ct %s", state.commit).decode("utf-8", "replace")
    date, _, subject = shown.strip().partition(" ")
    parents = ["-p", state.head] if state.head else []
    message = f"Uncommitted work, saved by codexwrap\n\n{subject}\nSnapshot: {state.commit}\n".encode()
    commit = own.run("commit-tree", state.tree, *parents, stdin=message, at=float(date)).decode().strip()
    own.keep()
    return commit


def _into_worktree(own: Scratch, state: Saved, path: Path, staged: bool) -> Restored:
    if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{path} exists already: choose a path that does not")
    start = state.head or _as_commit(own, state)
    deadline = own.deadline
    add = Call(["worktree", "add", "--quiet", "--detach", "--no-checkout", str(path), start])
    must(git.run(own.place.root, add, deadline))
    try:
        with scratch(find(path, deadline), deadline) as there:
            there.run("read-tree", state.tree)
            entries = {
                name: new
                for name, (_, new) in difference.diff(there, difference.empty_tree(there), state.tree).items()
                if new
            }
            notes = treewrite.check_out(there, there.index, entries, path)
            conflicts = _conflicts(there, state) if staged else b""
        index = state.staged if staged else start
        for call in (
            Call(["read-tree", index]),
            *([Call(["update-index", "-z", "--index-info"], stdin=conflicts)] if conflicts else []),
        ):
            must(git.run(path, call, deadline))
        git.run(path, Call(["update-index", "-q", "--refresh"]), deadline)
    except BaseException:
        git.run(own.place.root, Call(["worktree", "remove", "--force", str(path)]), git.within(30))
        raise
    return Restored(str(path), start, changes(_beyond_head(own, state)), tuple(notes), state.submodules)


def _beyond_head(own: Scratch, state: Saved) -> Edits:
    return difference.diff(own, f"{state.head}^{{tree}}" if state.head else difference.empty_tree(own), state.tree)
