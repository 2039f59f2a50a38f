"""What facts and snapshots cost: `python -m tests.bench.snapshot [times] [rolling] [busy] [--reps N] [--count N]`.

times    medians and worst of facts, snapshots and comparisons, beside those of `git status`, with 200 and 50 000 files
rolling  bytes and files that 1 000 rolling snapshots leave in a repository
busy     500 snapshots of a repository that somebody works in, each checked (see tests/busy.py)
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from codexwrap.git import compare, gitfacts, prune, snapshot
from codexwrap.git.snapshot import Snapshot
from tests import busy, repos

FOLDER = "refs/codexwrap/seat/"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=["times", "rolling", "busy", []], default=[])
    parser.add_argument("--reps", type=int, default=30)
    parser.add_argument("--count", type=int, default=0, help="snapshots, if not 1 000 rolling or 500 busy ones")
    asked = parser.parse_args()
    sections = asked.sections or ["times", "rolling", "busy"]
    with tempfile.TemporaryDirectory(prefix="codexwrap-bench-") as folder:
        os.environ |= {"HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"}
        if "times" in sections:
            for name, files in (("small", 200), ("big", 50_000)):
                times(Path(folder, name), files, asked.reps)
        if "rolling" in sections:
            rolling(Path(folder, "rolling"), asked.count or 1000)
        if "busy" in sections:
            print(busy.check(Path(folder, "busy"), asked.count or 500, seed=1))


def make(root: Path, files: int) -> Path:
    """A repository of so many files, 20 of them changed and one untracked."""
    pick = random.Random(1)
    repos.make(root, {})
    for number in range(files):
        path = root / f"d{number % 100}/e{number // 100 % 20}/f{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"line {number}\n" * pick.randint(5, 80))
    repos.run(root, "add", "-A")
    repos.run(root, "-c", "gc.auto=0", "commit", "-qm", "first")
    repos.run(root, "gc", "-q")
    for number in range(20):
        with (root / f"d{number}/e0/f{number}.txt").open("a") as file:
            file.write("changed\n")
    repos.write(root, {"untracked.txt": "u\n" * 100})
    return root


def times(root: Path, files: int, reps: int) -> None:
    make(root, files)
    number = iter(range(1_000_000))

    def save() -> None:
        taken = snapshot.take(root, f"{FOLDER}{next(number):06}", message="")
        assert isinstance(taken, Snapshot), taken

    def change() -> None:
        repos.write(root, {"d1/e0/f1.txt": f"{time.time_ns()}\n"})
        time.sleep(0.05)

    def nothing() -> None:
        pass

    newest = f"{FOLDER}000000"
    print(f"\n{files} files, 20 changed, 1 untracked: ms, median (worst) of {reps}")
    measured: dict[str, tuple[Callable[[], None], Callable[[], object]]] = {
        "git status": (nothing, lambda: subprocess.run(["git", "status"], cwd=root, capture_output=True)),
        "facts": (nothing, lambda: gitfacts.collect(root)),
        "snapshot, one file changed": (change, save),
        "snapshot, nothing changed": (nothing, save),
        "comparison with a snapshot": (nothing, lambda: compare.compare(root, newest)),
        "prune, nothing to do": (nothing, lambda: prune.prune(root, FOLDER)),
    }
    for name, (before, what) in measured.items():
        taken = []
        for _ in range(reps):
            before()
            start = time.perf_counter()
            what()
            taken.append((time.perf_counter() - start) * 1000)
        print(f"  {name:30} {statistics.median(taken):7.1f} ({max(taken):.1f})")


def rolling(root: Path, count: int) -> None:
    """A day's work: each turn changes three files of 200 and saves; every 20th turn is committed."""
    print(
        f"\n{count} rolling snapshots of 200 files, 3 changed each time, every 20th state committed: files, KB on disk"
    )
    for name in ("without snapshots", "snapshots, never pruned", "snapshots, pruned to 100"):
        shutil.rmtree(root, ignore_errors=True)
        make(root, 200)
        pick = random.Random(2)
        for turn in range(count):
            for _ in range(3):
                number = pick.randrange(200)
                with (root / f"d{number % 100}/e{number // 100}/f{number}.txt").open("a") as file:
                    file.write(f"turn {turn}\n")
            if name != "without snapshots":
                _save(root, turn)
            if name == "snapshots, pruned to 100":
                prune.prune(root, FOLDER, keep_count=100)
            if turn % 20 == 19:
                repos.run(root, "-c", "gc.auto=0", "commit", "-qam", f"turn {turn}")
        print(f"  {name:26} {_usage(root)}, after git gc {_after_gc(root)}")
    before = _usage(root)
    for turn in range(100):
        _save(root, count + turn)
    print(f"  100 more, with nothing changed: before {before}, after {_usage(root)}")


def _save(root: Path, turn: int) -> None:
    taken = snapshot.take(root, f"{FOLDER}{turn:06}", message=f"turn {turn}")
    assert isinstance(taken, Snapshot), taken


def _usage(root: Path) -> str:
    seen = [path.lstat() for path in (root / ".git").rglob("*") if path.is_file()]
    return f"{len(seen)} files {sum(each.st_blocks for each in seen) // 2} KB"


def _after_gc(root: Path) -> str:
    repos.run(root, "gc", "-q")
    return _usage(root)


if __name__ == "__main__":
    main()
