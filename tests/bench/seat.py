"""What a seat costs: `python -m tests.bench.seat [death|idle…] [--reps N]`.

death: milliseconds from the last byte of a real death's words, played into a terminal of our own, until it was judged,
its checkpoint was on the disk, and DEAD was on the feed. idle: how often each process of a seat wakes in a second when
nothing happens, alive and dead.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from codexwrap import seats
from codexwrap.drill import recorded
from codexwrap.drill.driver import Terminal
from codexwrap.paths import State
from codexwrap.verdict.causes import State as Verdict

RECORDINGS = Path(__file__).parents[1] / "recordings"
SECONDS = 20  # in which wakings are counted


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.seat")
    parser.add_argument("section", nargs="*", default=["death", "idle"])
    parser.add_argument("--reps", type=int, default=20)
    options = parser.parse_args()
    if "death" in options.section:
        death(options.reps)
    if "idle" in options.section:
        idle()


def death(reps: int) -> None:
    runs = [recorded.run() for _ in range(reps)]
    print(f"## from the banner's last byte, {reps} deaths, ms\n| until | p50 | p90 | most |\n|---|---|---|---|")
    for name in ("detected_ms", "checkpoint_ms", "feed_ms"):
        times = sorted(run[name] for run in runs)
        print(f"| {name.removesuffix('_ms')} | {statistics.median(times):g} | {times[int(0.9 * reps)]} | {times[-1]} |")


def idle() -> None:
    print("\n## wakings in a second, idle\n| seat | process | a second |\n|---|---|---|")
    version = max((path for path in RECORDINGS.glob("[0-9]*")), key=lambda path: [*map(int, path.name.split("."))])
    for name in ("healthy-80x24", "auth-revoked-80x24"):
        root = Path(tempfile.mkdtemp(prefix="codexwrap-bench-"))
        try:
            _idle(root, version / f"{name}.cast.xz")
        finally:
            shutil.rmtree(root, ignore_errors=True)


def _idle(root: Path, recording: Path) -> None:
    program = root / "codex"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -P -m codexwrap.drill.player {recording}\n")
    program.chmod(0o700)
    env = {**os.environ, "HOME": str(root), "CODEX_HOME": str(root), "CODEXWRAP_HOME": str(root / "state")}
    command = [sys.executable, "-P", "-m", "codexwrap", "--seat", "idle", str(program)]
    with Terminal(command, cwd=root, env=env) as terminal:
        terminal.settle(5, timeout=60)
        record = seats.load(State(root / "state"), "idle")
        assert record is not None
        assert record["state"] in (Verdict.IDLE, Verdict.DEAD)
        pids = {"pump": terminal.pid, "sidecar": record["sidecar"]}
        before = {name: _wakings(pid) for name, pid in pids.items()}
        time.sleep(SECONDS)
        for name, pid in pids.items():
            print(f"| {record['state']} | {name} | {(_wakings(pid) - before[name]) / SECONDS:.2f} |")


def _wakings(pid: int) -> int:
    """Context switches of all threads so far (proc(5))."""
    lines = [
        line for task in Path(f"/proc/{pid}/task").iterdir() for line in (task / "status").read_text().splitlines()
    ]
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


if __name__ == "__main__":
    main()
