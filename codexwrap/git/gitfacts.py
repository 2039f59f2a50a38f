"""Say what git knows here."""

import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap.git import git, githead, gitstatus
from codexwrap.git.git import Answer, Call, Deadline
from codexwrap.git.gitpath import name, quote
from codexwrap.git.gitstatus import Counts, Status

SECONDS = 2.0
MOST_FILES = 200
_MOST_PATHS = 300  # that one command line names; beyond them all files are looked at again, which costs less

_SEPARATOR = "--codexwrap-next"  # rev-parse prints a flag that it does not know as it is
_OPERATIONS = (
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "sequence"),
    ("BISECT_LOG", "bisect"),
)


class File(NamedTuple):
    """A changed file. `path` is relative to the root, as `gitpath.quote` writes it.

    `staged` is what the index changes, `unstaged` what the working tree changes beyond it: "", "added", "modified",
    "deleted", "type changed"; for `unstaged` also "untracked" and "conflict". Lines are staged and unstaged ones
    together, None where nobody counts them: binary and untracked files, submodules, conflicts.
    """

    path: str
    staged: str
    unstaged: str
    insertions: int | None = None
    deletions: int | None = None


class Lines(NamedTuple):
    """How much a kind of change comes to; lines are None where they were not learnt."""

    files: int
    insertions: int | None
    deletions: int | None


class Facts(NamedTuple):
    """What git knows of the directory. What is None, and what it may lack, was not learnt; `unknown` says why.

    `branch` is also None on a detached HEAD, and `head` on an unborn one. `operation` is one in progress, and
    `operation_branch` the branch that it started from and will come back to. `files` holds at most as many as were
    asked for, conflicts first and untracked ones last; `files_left_out` are the others.
    """

    cwd: str
    root: str | None = None
    git_dir: str | None = None
    is_worktree: bool = False
    branch: str | None = None
    head: str | None = None
    upstream: str | None = None
    ahead: int | None = None
    behind: int | None = None
    operation: str | None = None
    operation_branch: str | None = None
    staged: Lines | None = None
    unstaged: Lines | None = None
    untracked: int | None = None
    conflicts: int | None = None
    files: tuple[File, ...] = ()
    files_left_out: int = 0
    unknown: tuple[str, ...] = ()
    took_ms: int = 0

    def to_json(self) -> dict[str, Any]:
        """The same as JSON: objects, lists, text and numbers."""
        return {
            **self._asdict(),
            "staged": self.staged and self.staged._asdict(),
            "unstaged": self.unstaged and self.unstaged._asdict(),
            "files": [each._asdict() for each in self.files],
            "unknown": list(self.unknown),
        }


def collect(cwd: str | os.PathLike[str], *, seconds: float = SECONDS, most_files: int = MOST_FILES) -> Facts:
    """The facts of the repository whose working tree contains `cwd`. Writes nothing and never raises.

    All that can be learnt within `seconds` is there; what cannot is said in `unknown`, and then the branch and the
    commit are still read from the files of the repository, if there is one.
    """
    start = time.monotonic()
    deadline = git.within(seconds)
    place, status, untracked, staged = _ask(
        cwd,
        [
            Call(["rev-parse", "--show-toplevel", _SEPARATOR, "--absolute-git-dir", _SEPARATOR, "--git-common-dir"]),
            Call(["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--no-renames"]),
            Call(["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"]),
            Call(["diff", "--cached", "--numstat", "-z", *_PLAIN_DIFF], settings=["diff.relative=false"]),
        ],
        deadline,
    )
    facts = _place(Facts(cwd=os.fspath(cwd)), place)
    tracked = gitstatus.parse(status.out) if status.ok else None
    unstaged = _unstaged_lines(cwd, tracked, deadline) if tracked else status
    facts = _changes(facts, tracked, untracked, staged, unstaged, most_files)
    if not (place.ok and status.ok):
        facts = _from_files(facts, deadline)
    answers = (("place", place), ("changes", status), ("untracked files", untracked))
    lines = (("staged lines", staged if place.ok else place), ("unstaged lines", unstaged))
    return facts._replace(unknown=tuple(_unknown((*answers, *lines))), took_ms=round((time.monotonic() - start) * 1000))


def _ask(cwd: str | os.PathLike[str], calls: Sequence[Call], deadline: Deadline) -> list[Answer]:
    """The answers to calls. One that a signal ended is asked again: a file cut short while git reads it does that."""
    answers = git.run_all(cwd, calls, deadline)
    ended = [n for n, answer in enumerate(answers) if answer.code is not None and answer.code < 0]
    for n, answer in zip(ended, git.run_all(cwd, [calls[n] for n in ended], deadline), strict=True):
        answers[n] = answer
    return answers


_PLAIN_DIFF = ("--no-ext-diff", "--no-textconv", "--no-renames", "--no-color")


def _place(facts: Facts, place: Answer) -> Facts:
    separator = f"\n{_SEPARATOR}\n".encode()
    parts = place.out.removesuffix(b"\n").split(separator)
    if not place.ok or len(parts) != 3:
        return facts
    root, git_dir, common = (os.fsdecode(part) for part in parts)
    operation, branch = _operation(Path(git_dir))
    return facts._replace(
        root=root,
        git_dir=git_dir,
        is_worktree=Path(facts.cwd, common).resolve() != Path(git_dir).resolve(),
        operation=operation,
        operation_branch=branch,
    )


def _operation(git_dir: Path) -> tuple[str | None, str | None]:
    """What is in progress, and the branch that it left; see git's own wt-status.c, which looks at the same files."""
    try:
        there = set(os.listdir(git_dir))  # noqa: PTH208 - names, not paths
    except OSError:
        return None, None
    word = next((word for file, word in _OPERATIONS if file in there), None)
    for file in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
        try:
            left = name((git_dir / file).read_bytes()).strip()
        except OSError:
            continue
        if left != "detached HEAD" and not re.fullmatch("[0-9a-f]{40,64}", left):
            return word, left.removeprefix("refs/heads/")
    return word, None


def _unstaged_lines(cwd: str | os.PathLike[str], tracked: Status, deadline: Deadline) -> Answer:
    if not tracked.countable:
        return Answer(0)
    few = [b":(top,literal)" + path for path in tracked.countable] if len(tracked.countable) <= _MOST_PATHS else []
    call = Call(["diff-files", "--numstat", "-z", "--ignore-submodules=all", *_PLAIN_DIFF, "--", *few])
    return _ask(cwd, [call], deadline)[0]


def _changes(
    facts: Facts, tracked: Status | None, untracked: Answer, staged: Answer, unstaged: Answer, most: int
) -> Facts:
    new = [path for path in untracked.out.split(b"\0") if path] if untracked.ok else None
    if tracked is None:
        return facts._replace(untracked=None if new is None else len(new))
    of_index, of_tree = (gitstatus.numstat(answer.out) if answer.ok else None for answer in (staged, unstaged))
    words = tracked.files.items()
    conflicts = [path for path, (_, word) in words if word == "conflict"]
    plain = [path for path, (_, word) in words if word != "conflict"]
    listed = [
        *(File(quote(path), "", "conflict") for path in conflicts[:most]),
        *(_file(path, tracked.files[path], of_index, of_tree) for path in plain[: max(0, most - len(conflicts))]),
    ]
    listed += [File(quote(path), "", "untracked") for path in (new or ())[: most - len(listed)]]
    return facts._replace(
        **tracked.branch._asdict(),
        staged=_lines([path for path in plain if tracked.files[path][0]], of_index),
        unstaged=_lines([path for path in plain if tracked.files[path][1]], of_tree),
        untracked=None if new is None else len(new),
        conflicts=len(conflicts),
        files=tuple(listed),
        files_left_out=len(tracked.files) + len(new or ()) - len(listed),
    )


def _file(path: bytes, words: tuple[str, str], of_index: Counts | None, of_tree: Counts | None) -> File:
    kinds = ((words[0], of_index), (words[1], of_tree))
    counts = [(counts or {}).get(path, (None, None)) for word, counts in kinds if word]
    return File(quote(path), *words, _sum(added for added, _ in counts), _sum(removed for _, removed in counts))


def _lines(paths: list[bytes], counts: Counts | None) -> Lines:
    if counts is None:
        return Lines(len(paths), None, None)
    found = [counts[path] for path in paths if path in counts]
    return Lines(len(paths), sum(added or 0 for added, _ in found), sum(removed or 0 for _, removed in found))


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _unknown(answers: Iterable[tuple[str, Answer]]) -> Iterator[str]:
    """What was not learnt, and why. A reason that holds for all of it is said once."""
    failed: dict[str, list[str]] = {}
    for what, answer in answers:
        if not answer.ok:
            failed.setdefault(answer.why, []).append(what)
    for why, lacking in failed.items():
        yield why if len(failed) == 1 and len(lacking) > 2 else f"{', '.join(lacking)}: {why}"


def _from_files(facts: Facts, deadline: Deadline) -> Facts:
    """The branch and the commit as the repository's files have them. A thread waits, should the disk not answer."""
    found: list[Facts] = []
    reader = threading.Thread(target=lambda: found.append(_read(facts)), daemon=True)
    reader.start()
    reader.join(max(0.1, deadline.left()))
    return found[0] if found else facts


def _read(facts: Facts) -> Facts:
    if not (head := githead.read(facts.cwd)):
        return facts
    operation, branch = _operation(head.git_dir)
    return facts._replace(
        root=facts.root or str(head.root),
        git_dir=facts.git_dir or str(head.git_dir),
        is_worktree=githead.common_dir(head.git_dir) != head.git_dir,
        branch=facts.branch or head.branch,
        head=facts.head or head.commit,
        operation=operation,
        operation_branch=branch,
    )
