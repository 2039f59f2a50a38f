"""Bring back a checkpoint's files."""

import os
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple

from codexwrap import checkpoint, shelf
from codexwrap.errors import UserError
from codexwrap.git import compare, git, restore
from codexwrap.git import snapshot as snapshots
from codexwrap.git.compare import Difference
from codexwrap.git.git import Call
from codexwrap.shelf import Saved

Into = Literal["tree", "branch", "worktree"]

_PATIENCE = 10.0  # seconds for a snapshot that is being taken
_GIT = 5.0
_NAMED = 20  # files that are listed


class Restored(NamedTuple):
    """Where the seat goes on, and what to tell of it, one line each."""

    directory: str
    told: list[str]


def snapshot(saved: Saved, cwd: str) -> str:
    """The snapshot of a checkpoint that the repository of `cwd` has. Raises UserError, which says why there is none."""
    deadline = time.monotonic() + _PATIENCE
    while (taken := saved.record.get("snapshot") or {}).get("state") == checkpoint.PENDING:
        # Whoever took it may have been killed between the two.
        if _is_there(cwd, str(taken.get("ref"))):
            return str(taken["ref"])
        if time.monotonic() > deadline:
            raise UserError("its snapshot was never taken: what took it did not come to its end")
        time.sleep(0.1)
        saved = shelf.load(saved.path)
    if not taken.get("commit"):
        raise UserError(f"it has no snapshot: {taken.get('why') or 'none was to be taken there'}")
    if not _is_there(cwd, taken["commit"]):
        raise UserError(f"its snapshot {taken['commit'][:12]} is not in the repository of {cwd} any more")
    return str(taken["commit"])


def moved(saved: Saved, cwd: str) -> list[str]:
    """One line if the files are not as the checkpoint left them; none where that cannot be said."""
    try:
        found = compare.compare(cwd, snapshot(saved, cwd), seconds=_GIT)
    except UserError:
        return []
    if found.equal:
        return []
    count = len(found.changes)
    lost = f", of which {len(found.in_the_way)} have changed since" if found.in_the_way else ""
    return [f"the files are not as the checkpoint left them ({count} to bring back{lost}): --restore"]


def bring_back(saved: Saved, cwd: str, into: Into | None) -> Restored:
    """Restore into the tree where that loses nothing, else into a branch, or where it is wanted. Raises UserError."""
    commit = snapshot(saved, cwd)
    found = compare.compare(cwd, commit)
    if found.equal and into in (None, "tree"):
        return Restored(cwd, ["the files are as the checkpoint left them"])
    told = _shown(found)
    chosen: Into = into or ("branch" if found.in_the_way else "tree")
    if into is None and chosen == "branch":
        told += [f"{note.path} would be lost: {note.says}" for note in found.in_the_way[:_NAMED]]
    stem = saved.path.stem.partition("-")[0]
    name = None
    if chosen == "branch":
        name = f"codexwrap/{checkpoint_seat(saved.record)}/{stem}"
    elif chosen == "worktree":
        root = Path(saved.record["git"]["root"] or cwd)
        name = os.fspath(root.with_name(f"{root.name}-{stem}"))
    done = restore.restore(cwd, commit, into=chosen, name=name)
    told += [f"{note.path}: {note.says}" for note in done.notes]
    if chosen == "tree":
        return Restored(cwd, [*told, f"restored into {done.where}"])
    if chosen == "branch":
        return Restored(cwd, [*told, f"restored as the branch {done.where}, which nothing has checked out"])
    return Restored(_same_place(saved.record, done.where), [*told, f"restored into the worktree {done.where}"])


def make_again(saved: Saved) -> Restored:
    """A worktree that is gone, at its place, with its files. Raises UserError."""
    record = saved.record
    root, git_dir = record["git"]["root"], record["git"].get("git_dir")
    common = _common(git_dir) if git_dir else None
    if not root or common is None or not common.is_dir() or Path(root).exists():
        raise UserError(
            f"{record['cwd']}, where the seat was, is gone, and so is its repository; --show prints the checkpoint"
        )
    main = os.fspath(common.parent)
    git.run(main, Call(["worktree", "prune"]), git.within(_GIT))  # of what is registered and gone
    done = restore.restore(main, snapshot(saved, main), into="worktree", name=root, staged=True)
    told = [f"{note.path}: {note.says}" for note in done.notes]
    return Restored(
        record["cwd"], [*told, f"made again, with its files: the worktree {root}", *_on_branch(record, root)]
    )


def _on_branch(record: dict[str, Any], root: str) -> list[str]:
    """Put the new worktree onto the branch that it had, if that still is where it was."""
    branch, head = record["git"]["branch"], record["git"]["head"]
    if not branch:
        return []
    now = git.run(root, Call(["rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]), git.within(_GIT))
    if now.ok and now.line == head:
        call = Call(["symbolic-ref", "HEAD", f"refs/heads/{branch}"])
        if git.run(root, call, git.within(_GIT)).ok:
            return [f"it is on {branch} again"]
    return [f"it is on no branch: {branch} is not where it was"]


def in_repository(seat: str, cwd: str) -> tuple[str, str] | None:
    """The newest snapshot of a seat that the repository of `cwd` has, as a ref, and the hand-over that it carries."""
    form = "--format=%(refname)%0a%(contents:body)"
    call = Call(["for-each-ref", "--sort=-committerdate", "--count=1", form, snapshots.folder(seat)])
    answer = git.run(cwd, call, git.within(_GIT))
    ref, _, body = answer.out.decode("utf-8", "replace").partition("\n")
    told, fence, _ = body.rpartition("\n```")
    return (ref, f"{told}{fence}\n") if answer.ok and told else None


def checkpoint_seat(record: dict[str, Any]) -> str:
    """The seat's name as part of a ref."""
    return snapshots.folder(record["seat"]).split("/")[2]


def _shown(found: Difference) -> list[str]:
    lines = [line for line in found.stat.splitlines() if line.strip()]
    more = [f"and {len(lines) - _NAMED} lines more"] if len(lines) > _NAMED else []
    return [line.strip() for line in lines[:_NAMED]] + more


def _same_place(record: dict[str, Any], root: str) -> str:
    """The seat's directory in another tree of the same repository."""
    try:
        inner = Path(record["cwd"]).relative_to(record["git"]["root"] or record["cwd"])
    except ValueError:
        return root
    return os.fspath(Path(root, inner))


def _common(git_dir: str) -> Path | None:
    """The `.git` of the main working tree, of that of a worktree or of itself."""
    path = Path(git_dir)
    if path.parent.name == "worktrees":
        path = path.parent.parent
    return path if path.name == ".git" else None


def _is_there(cwd: str, name: str) -> bool:
    return git.run(cwd, Call(["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]), git.within(_GIT)).ok
