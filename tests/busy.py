"""A repository that is never at rest, and whether snapshots of it are true.

    python -m tests.busy user REPOSITORY LOG SEED     edits, commits, rebases, … until its input is closed
    python -m tests.busy check FOLDER COUNT [SEED]    takes COUNT snapshots meanwhile and checks them all

The user writes down when which file became what. A snapshot is true if every file in it is what that file was at some
moment between the snapshot's start and end; while one git command of the user's runs, it may also be anything that the
file was before, for nobody knows what git writes when. It is whole if git finds nothing missing or broken.
"""

import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap.git import git, scratch, snapshot, tidy
from codexwrap.git.snapshot import Snapshot
from tests import repos

FILES = [f"{folder}{name}" for folder in ("", "dir/", "dir/deep/") for name in ("a", "b", "c", "d")]


_WRITE_THE_TREE = ("checkout", "rebase", "reset", "stash")


def text(path: str, version: int, lines: int) -> bytes:
    """What a file holds: every line says which version of which file it is."""
    return b"".join(b"%s is at version %d, line %d\n" % (path.encode(), version, n) for n in range(lines))


class _User:
    """Somebody who works in a repository, at random, and keeps a log."""

    def __init__(self, root: Path, log: Path, seed: int) -> None:
        self.root = root
        self.log = log.open("a")
        self.random = random.Random(seed)
        self.version = 0
        self.branches = 0

    def note(self, start: int, **what: object) -> None:
        self.log.write(json.dumps({"start": start, "end": time.monotonic_ns(), **what}) + "\n")
        self.log.flush()

    def edit(self) -> None:
        path = self.random.choice(FILES)
        self.version += 1
        lines = self.random.choice([0, 1, 3, 50, 3000])
        mode = self.random.choice([0o644, 0o644, 0o755])
        how = self.random.choice(["whole", "in place", "in pieces"])
        data = text(path, self.version, lines)
        target = self.root / path
        start = time.monotonic_ns()
        target.parent.mkdir(parents=True, exist_ok=True)
        if how == "whole":
            beside = self.root / ".git/new-file"
            beside.write_bytes(data)
            beside.chmod(mode)
            beside.replace(target)
        else:
            size = 4096 if how == "in pieces" else 1 << 20
            with target.open("wb", buffering=0) as file:
                for at in range(0, len(data), size):
                    file.write(data[at : at + size])
            target.chmod(mode)
        self.note(start, path=path, version=self.version, lines=lines, mode=mode, how=how)

    def remove(self) -> None:
        path = self.random.choice(FILES)
        start = time.monotonic_ns()
        (self.root / path).unlink(missing_ok=True)
        self.note(start, path=path, version=None, lines=0, mode=0, how="whole")

    def git(self, *args: str) -> None:
        settings = [word for setting in repos.CONFIG for word in ("-c", setting)]
        start = time.monotonic_ns()
        done = subprocess.run(["git", *settings, *args], cwd=self.root, capture_output=True, text=True)
        self.note(start, git=" ".join(args), code=done.returncode, err=done.stderr)
        if args[0] in _WRITE_THE_TREE:
            for path in (*FILES, "only-x", "only-y"):
                self.look(start, path)

    def look(self, start: int, path: str) -> None:
        """Note what git made of a file."""
        target = self.root / path
        if target.exists():
            lines = target.read_bytes().splitlines()
            version = int(lines[0].split()[4].rstrip(b",")) if lines else 0
            self.note(start, path=path, version=version, lines=len(lines), mode=target.stat().st_mode, how="whole")
        else:
            self.note(start, path=path, version=None, lines=0, mode=0, how="whole")

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"work {self.version}")

    def rebase(self) -> None:
        """Two branches that touch different files, one put on top of the other."""
        self.commit()
        self.branches += 1
        self.git("checkout", "-q", "-b", f"branch-{self.branches}")
        for name in ("x", "y"):
            self.version += 1
            start = time.monotonic_ns()
            path = f"only-{name}"
            (self.root / path).write_bytes(text(path, self.version, 3))
            (self.root / path).chmod(0o644)
            self.note(start, path=path, version=self.version, lines=3, mode=0o644, how="in place")
            self.commit()
            if name == "x":
                self.git("checkout", "-q", "-b", f"other-{self.branches}", "HEAD~1")
        self.git("rebase", "-q", f"branch-{self.branches}")

    def one(self) -> None:
        kind = self.random.random()
        if kind < 0.80:
            self.edit()
        elif kind < 0.90:
            self.remove()
        elif kind < 0.95:
            self.git("add", "-A")
        elif kind < 0.97:
            self.commit()
        elif kind < 0.975:
            self.git("pack-refs", "--all")
        elif kind < 0.98:
            self.git("gc", "-q")
        elif kind < 0.984:
            self.git("reset", "-q", "--hard", "HEAD")
        elif kind < 0.988:
            self.git("stash", "push", "-q", "--include-untracked")
            self.git("stash", "drop", "-q") if (self.root / ".git/refs/stash").exists() else None
        elif kind < 0.992:
            self.rebase()
        else:
            self.git("status")


def _use(root: Path, log: Path, seed: int) -> None:
    user = _User(root, log, seed)
    closed = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        closed.set()

    threading.Thread(target=wait, daemon=True).start()
    while not closed.wait(user.random.choice([0, 0.001, 0.01])):
        user.one()


class Report(NamedTuple):
    """What came of it: counts, and in `wrong` all that must not be."""

    taken: int
    during_git: int
    files: int
    noted: int
    user_did: int
    wrong: list[str]


def check(folder: Path, count: int, seed: int) -> Report:
    """Take `count` snapshots of a busy repository in `folder`, and check them."""
    root = repos.make(folder / "repo", {"start": ""})
    log = folder / "log"
    command = [sys.executable, "-m", "tests.busy", "user", str(root), str(log), str(seed)]
    taken: list[tuple[int, int, Snapshot]] = []
    wrong: list[str] = []
    pause = random.Random(seed)
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[1]) as user:
        for number in itertools.count():
            if len(taken) + len(wrong) == count:
                break
            time.sleep(pause.choice([0, 0.01, 0.05]))
            start = time.monotonic_ns()
            one = snapshot.take(root, f"refs/codexwrap/seat/{number:06}", message=f"number {number}")
            if not isinstance(one, Snapshot):
                wrong.append(f"snapshot {number}: {one.why}")
            elif one.is_new:
                taken.append((start, time.monotonic_ns(), one))
            if number % 10 == 9:
                deadline = git.within(30)
                tidy.tidy(scratch.find(root, deadline), deadline, at_least=1)
        assert user.stdin
        user.stdin.close()
        wrong += [f"the user ended with {user.returncode}"] if user.wait() else []
    events = [json.loads(line) for line in log.read_text().splitlines()]
    wrong += [f"git {event['git']}: {event['err']}" for event in events if event.get("code")]
    history = _History(events)
    for start, end, one in taken:
        wrong += [f"{one.ref}: {problem}" for problem in history.problems(root, start, end, one)]
    fsck = repos.run(root, "fsck", "--strict", "--no-dangling", "--no-progress", ok=False)
    wrong += fsck.decode().splitlines()
    during = sum(history.during_git(start, end) for start, end, _ in taken)
    noted = sum(len(one.notes) + len(one.skipped) for _, _, one in taken)
    return Report(
        len(taken), during, sum(len(repos.tree(root, one.ref)) for _, _, one in taken), noted, len(events), wrong
    )


class _History:
    """What every file was, when."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.of: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.git = [event for event in events if event.get("git", "").startswith(_WRITE_THE_TREE)]
        for event in events:
            if "path" in event:
                self.of[event["path"]].append(event)

    def during_git(self, start: int, end: int) -> bool:
        return any(event["start"] <= end and start <= event["end"] for event in self.git)

    def problems(self, root: Path, start: int, end: int, one: Snapshot) -> list[str]:
        found = repos.tree(root, one.commit)
        unsure = {note.path for note in (*one.notes, *one.skipped)}
        names = {os.fsdecode(path) for path in found if path != b"start"} | set(self.of)
        return [
            f"{path} is {_brief(found.get(path.encode()))}"
            for path in names
            if path not in unsure and not self._was(path, found.get(path.encode()), start, end)
        ]

    def _was(self, path: str, entry: tuple[str, bytes] | None, start: int, end: int) -> bool:
        """Whether a file was this at some moment of the time given."""
        events = self.of[path]
        if self.during_git(start, end):
            return entry is None or any(_is(event, entry) for event in events if event["start"] <= end)
        for event, after in zip(events, [*events[1:], None], strict=True):
            if event["start"] <= end and (after is None or after["end"] >= start) and _is(event, entry):
                return True
        return entry is None and (not events or events[0]["end"] >= start)


def _is(event: dict[str, Any], entry: tuple[str, bytes] | None) -> bool:
    if event["version"] is None or entry is None:
        return event["version"] is None and entry is None
    mode, data = entry
    whole = text(event["path"], event["version"], event["lines"])
    if event["how"] == "whole":
        return data == whole and mode == ("100755" if event["mode"] & 0o100 else "100644")
    return whole.startswith(data)  # while it is written it has no more than a part, and the mode that it had before


def _brief(entry: tuple[str, bytes] | None) -> str:
    return "absent" if entry is None else f"{entry[0]} {len(entry[1])} bytes, {entry[1][:60]!r} … {entry[1][-60:]!r}"


if __name__ == "__main__":
    if sys.argv[1] == "user":
        _use(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        report = check(Path(sys.argv[2]), int(sys.argv[3]), int((sys.argv[4:] or ["1"])[0]))
        print(report._replace(wrong=report.wrong[:20]), len(report.wrong))
