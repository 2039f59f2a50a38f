"""How long a death takes to reach the feed, and what a thousand rolling checkpoints leave behind.

`python -m tests.bench.checkpoint [SAMPLES] [ROLLS]` prints, for a small repository and for one of 50 000 files:
milliseconds from the first sign to the checkpoint on the disk and to DEAD on the feed, to the snapshot behind them, and
the bytes and files that rolling checkpoints leave. Nothing else should be running.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codexwrap import agents, checkpoint, events, journal
from codexwrap.config import Config
from codexwrap.keep import saver
from codexwrap.keep.about import About, Scene
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import CAUSES, State
from codexwrap.verdict.verdict import Change, Evidence
from tests import repos

FILES = {"small": 20, "50 000 files": 50_000}
SESSION = "01a204a5-b86d-7a91-9bad-008bcf7cf2d8"


def main(samples: int, rolls: int) -> None:
    for name, files in FILES.items():
        with tempfile.TemporaryDirectory() as folder:
            repo = _repository(Path(folder, "repo"), files)
            environ = {**os.environ, "CODEX_HOME": str(_home(Path(folder, "home"), repo))}
            print(f"{name}:")
            for what, values in _deaths(Root(Path(folder, "state")), repo, environ, samples).items():
                print(f"  {what:28} p50 {_percentile(values, 50):7.1f} ms   p99 {_percentile(values, 99):7.1f} ms")
            if files == min(FILES.values()):
                _rolled(Root(Path(folder, "rolling")), repo, environ, rolls)


def _deaths(root: Root, repo: Path, environ: dict[str, str], samples: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {"checkpoint durable": [], "DEAD on the feed": [], "snapshot taken": []}
    scene = Scene(("› go on", "■ revoked") * 15, "goon")
    for number in range(samples):
        (repo / "changing").write_text(str(number))
        about = About("alpha", f"run-{number}", ["codex"], str(repo), os.getpid(), time.time(), "HWD-1")
        keeper = Keeper(about, agents.AGENTS["codex"], root, Config(), environ)
        change = Change(3.0, State.DEAD, CAUSES["auth.token_revoked"], evidence=(Evidence("screen", "revoked"),))
        with _timed(checkpoint, "save") as saved:
            start = time.perf_counter()
            keeper.died(change, time.time(), scene)
        times["checkpoint durable"].append((saved[0] - start) * 1000)
        times["DEAD on the feed"].append((time.perf_counter() - start) * 1000)
        (path,) = keeper.take_pending()
        saver.complete(root, path, Config(), environ)
        times["snapshot taken"].append((time.perf_counter() - start) * 1000)
        assert checkpoint.load(path).record["snapshot"]["state"] == checkpoint.TAKEN
    assert sum(event.type == "codexwrap.seat.dead" for event in journal.read(root.feed).events) == samples
    return times


@contextmanager
def _timed(module: Any, name: str) -> Iterator[list[float]]:
    """When a function of a module has returned."""
    real, ended = getattr(module, name), list[float]()

    def timed(*args: Any, **options: Any) -> Any:
        answer = real(*args, **options)
        ended.append(time.perf_counter())
        return answer

    setattr(module, name, timed)
    try:
        yield ended
    finally:
        setattr(module, name, real)


def _rolled(root: Root, repo: Path, environ: dict[str, str], rolls: int) -> None:
    before = _weight(repo / ".git")
    took = []
    about = About("beta", "run", ["codex"], str(repo), os.getpid(), time.time())
    for number in range(rolls):
        (repo / "changing").write_text(f"{number}\n" * 200)
        request = {"id": events.new_id(), "trigger": "TURN", "scene": {"rows": [], "prompt": ""}, "session": None}
        start = time.perf_counter()
        saver.roll(root, about, request, Config(), environ)
        took.append((time.perf_counter() - start) * 1000)
    after = _weight(repo / ".git")
    files, size = _weight(root.root)
    print(f"  a rolling checkpoint         p50 {_percentile(took, 50):7.1f} ms   p99 {_percentile(took, 99):7.1f} ms")
    print(f"  {rolls} of them leave {files} files, {size / 1000:.0f} kB, among the checkpoints,")
    print(f"  and {after[0] - before[0]} files, {(after[1] - before[1]) / 1000:.0f} kB, in the repository")


def _weight(folder: Path) -> tuple[int, int]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)


def _repository(folder: Path, files: int) -> Path:
    repo = repos.make(folder)
    for number in range(files):
        path = repo / f"d{number % 200}" / f"file-{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"value = {number}\n")
    repos.run(repo, "add", ".")
    repos.run(repo, "commit", "-q", "-m", "files")
    (repo / "a").write_text("work in progress\n")
    return repo


def _home(home: Path, repo: Path) -> Path:
    """A session of some length."""
    path = home / f"sessions/2026/11/22/rollout-2026-11-22T10-00-00-{SESSION}.jsonl"
    path.parent.mkdir(parents=True)
    began = events.timestamp(time.time())
    lines: list[Any] = [{"type": "session_meta", "payload": {"id": SESSION, "timestamp": began, "cwd": str(repo)}}]
    for number in range(500):
        text = [{"type": "input_text", "text": "go on"}]
        lines.append({"type": "response_item", "payload": {"type": "message", "role": "user", "content": text}})
        call = {"type": "function_call", "name": "exec_command", "arguments": json.dumps({"cmd": f"make {number}"})}
        lines.append({"type": "response_item", "payload": call})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return home


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


if __name__ == "__main__":
    main(*(int(each) for each in [*sys.argv[1:], "100", "1000"][:2]))
