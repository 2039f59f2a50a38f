"""What a pass of the watchdog costs: `python -m tests.bench.watchdog [pass] [day]`.

pass  wall and CPU seconds and subprocesses of a pass over 160 panes in which an agent draws, and 10 000 sessions' files
day   a day of simulated time, a pass a minute, sessions and panes coming and going: memory, files and descriptors
"""

import argparse
import gc
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
import uuid
from pathlib import Path
from typing import Any, Self

from codexwrap import events
from codexwrap.paths import State
from codexwrap.watchdog import once

PANES, FILES, NEW = 160, 10_000, 300  # of the files, those of the last day


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=["pass", "day", []], default=[])
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--every", type=int, default=60, metavar="SECONDS")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="codexwrap-bench-") as name:
        folder = Path(name)
        os.environ |= {"HOME": name, "TMUX_TMPDIR": name, "CODEX_HOME": f"{name}/codex", "GIT_CONFIG_NOSYSTEM": "1"}
        os.environ.pop("TMUX", None)
        if "pass" in asked.sections or not asked.sections:
            cost(folder)
        if "day" in asked.sections or not asked.sections:
            day(folder, asked.hours, asked.every)


def session(home: Path, at: float, *, dies: bool = False) -> Path:
    """A session of some turns, the last of which dies if asked for."""
    number = str(uuid.uuid4())
    path = (
        home / "sessions" / time.strftime("%Y/%m/%d", time.gmtime(at)) / f"rollout-2026-01-01T00-00-00-{number}.jsonl"
    )
    meta = {"id": number, "cwd": str(home), "timestamp": events.timestamp(at), "originator": "Codex Desktop"}
    lines: list[tuple[str, dict[str, Any]]] = [("session_meta", meta)]
    for turn in range(5):
        failed = {"error": {"message": "You've hit your usage limit.", "codex_error_info": "usage_limit_exceeded"}}
        end = failed if dies and turn == 4 else {"last_agent_message": "Done."}
        lines += [
            ("event_msg", {"type": "task_started"}),
            ("response_item", {"type": "message", "role": "user", "content": [{"type": "text", "text": "x" * 3000}]}),
            ("event_msg", {"type": "task_complete", **end}),
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    record = ({"timestamp": events.timestamp(at), "type": kind, "payload": payload} for kind, payload in lines)
    path.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in record))
    os.utime(path, (at, at))
    return path


def agents(folder: Path, count: int) -> None:
    """A tmux server with so many panes, in each of which something that is called codex draws what Codex does."""
    answer = "\\n\\n• An answer, which goes on for a while.\\n\\n"
    words = f"\\033[2m›\\033[0m prompt %s{answer}\\033[1m›\\033[0m \\033[2mAsk\\033[0m"
    (folder / "bin").mkdir(exist_ok=True)
    shutil.copy("/bin/sh", folder / "bin" / "codex")
    draw = f"printf '{words}' $0; while read -r line; do :; done"
    script = folder / "draw"
    script.write_text(draw)
    for number in range(count):
        command = (
            ["new-session", "-d", "-s", f"s{number}"]
            if number % 20 == 0
            else ["new-window", "-d", "-t", f"s{number // 20 * 20}"]
        )
        line = f"exec {folder}/bin/codex {script} {number}"
        subprocess.run(["tmux", "-f", "/dev/null", *command, "-c", str(folder), line], check=True)


class Count:
    """Subprocesses that are started while it is entered."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._counting = False
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._counting and event == "subprocess.Popen":
            self.names.append(Path(str(arguments[0])).name)

    def __enter__(self) -> Self:
        self.names, self._counting = [], True
        return self

    def __exit__(self, *_: object) -> None:
        self._counting = False


def cost(folder: Path) -> None:
    root, now, pick = State(folder / "state"), time.time(), random.Random(1)
    for number in range(FILES):
        age = pick.random() * 80_000 if number < NEW else 86_400 * (2 + pick.random() * 60)
        session(folder / "codex", now - age)
    agents(folder, PANES)
    time.sleep(2)
    count = Count()
    try:
        for name in ("cold", "second", "warm", "warm", "warm"):
            start, used = time.perf_counter(), time.process_time()
            with count:
                outcome = once.run(root, os.environ)
            wall, own = time.perf_counter() - start, time.process_time() - used
            started = f"subprocesses {len(count.names)} {count.names[:8]}"
            print(f"{name:7} {wall:.2f} s wall, {own:.2f} s CPU, {started}, {dict(outcome.ways)}")
        print(outcome.unknown[:3], dict(outcome.states))
    finally:
        subprocess.run(["tmux", "kill-server"], check=False)


def day(folder: Path, hours: int, every: int) -> None:
    root, start = State(folder / "day"), time.time()
    home = folder / "codex-day"
    os.environ["CODEX_HOME"] = str(home)
    os.environ["CODEXWRAP_SNAPSHOTS"] = "false"
    os.environ["CODEXWRAP_KEEP_DAYS"] = "0.1"
    tracemalloc.start()
    passes = hours * 3600 // every
    for number in range(passes):
        now = start + number * every
        if number % 2 == 0:
            session(home, now, dies=number % 60 == 0)
        once.run(root, os.environ, every=every, now=now)
        if number % max(1, passes // 8) == 0 or number == passes - 1:
            gc.collect()
            files = sum(1 for path in root.root.rglob("*") if path.is_file())
            held = sum(1 for _ in Path("/proc/self/fd").iterdir())
            memory = (root.root / "watchdog" / "memory.json").stat().st_size
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            heap = tracemalloc.get_traced_memory()[0] >> 10
            sizes = f"heap {heap} KB  RSS {peak} MB  files {files}  descriptors {held}  memory.json {memory} B"
            print(f"{number * every // 3600:3} h  {sizes}", flush=True)


if __name__ == "__main__":
    main()
