"""Read HEAD without git."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from codexwrap.git.gitpath import name

_SYMBOLIC = "ref: "
_BRANCHES = "refs/heads/"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Head(NamedTuple):
    """Where a repository is and what is checked out: `branch` is None if HEAD is detached, `commit` if it is unborn."""

    root: Path
    git_dir: Path
    branch: str | None
    commit: str | None


def read(cwd: str | os.PathLike[str]) -> Head | None:
    """HEAD of the repository whose working tree contains `cwd`, from its files alone; None where there is none to read.

    For the moments when git cannot be asked: it is missing, hangs, or refuses the repository. It knows what
    gitrepository-layout(5) says, and neither bare repositories, nor `core.worktree`, nor refs kept as reftables.
    May block for as long as the disk does.
    """
    try:
        for folder in (top := Path(cwd).resolve(), *top.parents):
            if (git_dir := _git_dir(folder)) and (head := _text(git_dir / "HEAD")):
                return _head(folder, git_dir, head)
    except (OSError, ValueError, RuntimeError):
        return None
    return None


def common_dir(git_dir: Path) -> Path:
    """Where refs and objects are: for a linked worktree the git directory of the repository that it belongs to."""
    linked = _text(git_dir / "commondir")
    return Path(os.path.normpath(git_dir / linked)) if linked else git_dir


def _git_dir(folder: Path) -> Path | None:
    dot = folder / ".git"
    if dot.is_file() and (text := _text(dot)) and text.startswith("gitdir: "):
        return Path(os.path.normpath(folder / text.removeprefix("gitdir: ")))
    return dot if dot.is_dir() else None


def _head(root: Path, git_dir: Path, head: str) -> Head | None:
    if _COMMIT.fullmatch(head):
        return Head(root, git_dir, None, head)
    ref = head.removeprefix(_SYMBOLIC).strip()
    if ref == head or ref == "refs/heads/.invalid":  # that is what a repository with reftables shows
        return None
    return Head(root, git_dir, name(os.fsencode(ref)).removeprefix(_BRANCHES), _commit(common_dir(git_dir), ref))


def _commit(common: Path, ref: str, depth: int = 0) -> str | None:
    loose = _text(common / ref) or ""
    if _COMMIT.fullmatch(loose):
        return loose
    if loose.startswith(_SYMBOLIC) and depth < 5:
        return _commit(common, loose.removeprefix(_SYMBOLIC).strip(), depth + 1)
    for line in (_text(common / "packed-refs") or "").splitlines():
        commit, _, each = line.partition(" ")
        if each == ref:
            return commit
    return None


def _text(path: Path) -> str | None:
    try:
        return os.fsdecode(path.read_bytes()).rstrip("\n")
    except OSError:
        return None
