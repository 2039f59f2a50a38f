import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from codexwrap import agents, checkpoint, events, journal, seats, shelf
from codexwrap.config import Config
from codexwrap.git import compare, snapshot
from codexwrap.keep import saver
from codexwrap.keep.about import About, Scene
from codexwrap.keep.capture import Camera, Why
from codexwrap.keep.witness import Told
from codexwrap.paths import State as Root
from tests import repos
from tests.usage.rollouts import begin, count, sign_in, write

NOW = 1_700_000_000.0
ENVIRON = {"CODEX_HOME": "/nonexistent", "PATH": os.environ["PATH"]}


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "state")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repos.make(tmp_path / "repo")
    repos.run(made, "checkout", "-q", "-b", "HWD-0373-parser")
    (made / "new.txt").write_text("new\n")
    return made


def about(cwd: Path, run: str = "run-1") -> About:
    return About("alpha", run, ["codex"], str(cwd), os.getpid(), NOW)


def dead(root: Root, cwd: Path, *, settings: Config = Config(), hurried: bool = False) -> Path:  # noqa: B008
    """A checkpoint of a death as the keeper leaves it."""
    camera = Camera(about(cwd), agents.AGENTS["codex"], settings, ENVIRON)
    facts = camera.look(seconds=0.000001 if hurried else 30)
    return checkpoint.save(root, camera.take(Why("DEAD", NOW, "auth.token_revoked"), Scene(("row",)), Told(), facts))


def roll(root: Root, cwd: Path, *, trigger: str = "TURN", run: str = "run-1", settings: Config = Config()) -> Any:  # noqa: B008
    request = {"id": events.new_id(), "trigger": trigger, "scene": {"rows": ["row"], "prompt": ""}, "session": None}
    return saver.roll(root, about(cwd, run), request, settings, ENVIRON)


def complete(root: Root, path: Path, settings: Config = Config()) -> dict[str, Any]:  # noqa: B008
    saver.complete(root, path, settings, ENVIRON)
    return checkpoint.load(path).record


# --- a death's ----------------------------------------------------------------------------------------------------


def test_a_checkpoint_names_its_snapshot_before_and_after_it_is_taken(root: Root, repo: Path) -> None:
    path = dead(root, repo)
    promised = checkpoint.load(path).record["snapshot"]
    assert promised == {"state": "pending", "ref": f"{snapshot.folder('alpha')}{path.stem}"}
    before = path.stat().st_mtime_ns
    taken = complete(root, path)["snapshot"]
    assert (taken["state"], taken["ref"], taken["is_new"]) == ("taken", promised["ref"], True)
    assert repos.run(repo, "rev-parse", taken["ref"]).decode().strip() == taken["commit"]
    assert compare.compare(repo, taken["commit"]).equal
    assert path.stat().st_mtime_ns == before
    assert taken["ref"] in path.with_suffix(".md").read_text()


def test_what_git_could_not_say_in_a_hurry_is_said_then(root: Root, repo: Path) -> None:
    path = dead(root, repo, hurried=True)
    record = checkpoint.load(path).record
    assert record["git"]["unknown"]
    assert record["git"]["branch"] == "HWD-0373-parser"
    record = complete(root, path)
    assert (record["git"]["unknown"], record["git"]["untracked"]) == ([], 1)
    assert not [line for line in record["unknown"] if "git" in line or "did not answer" in line]
    assert record["snapshot"]["state"] == "taken"


def test_files_that_are_too_large_are_named(root: Root, repo: Path) -> None:
    (repo / "large").write_bytes(b"x" * 2000)
    path = dead(root, repo)
    record = complete(root, path, Config(snapshot_file_bytes=1000))
    ((name, _),) = [each.values() for each in record["snapshot"]["skipped"]]
    assert name == "large"
    assert "large" in path.with_suffix(".md").read_text()


def test_a_snapshot_that_fails_says_why(root: Root, repo: Path) -> None:
    path = dead(root, repo)
    record = complete(root, path, Config(snapshot_seconds=0.000001))
    assert record["snapshot"]["state"] == "failed"
    assert record["snapshot"]["why"]
    assert record["snapshot"]["why"] in path.with_suffix(".md").read_text()


def test_without_a_repository_or_where_it_is_not_wanted_there_is_none(root: Root, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert complete(root, dead(root, tmp_path / "plain"))["snapshot"] is None
    off = Config(snapshots=False)
    assert complete(root, dead(root, repo, settings=off), off)["snapshot"] is None
    assert repos.run(repo, "for-each-ref", "refs/codexwrap") == b""


# --- a rolling one ------------------------------------------------------------------------------------------------


def test_nothing_is_written_when_nothing_has_changed(root: Root, repo: Path) -> None:
    first = roll(root, repo)
    assert first["path"]
    assert (first["ticket"], first["branch"]) == ("HWD-0373", "HWD-0373-parser")
    kept = {path: path.read_bytes() for path in [*root.root.rglob("*"), *repo.rglob("*")] if path.is_file()}
    for trigger in ("TURN", "CHANGE"):
        assert roll(root, repo, trigger=trigger)["path"] is None
    assert kept == {path: path.read_bytes() for path in [*root.root.rglob("*"), *repo.rglob("*")] if path.is_file()}


@pytest.mark.parametrize("change", ["file", "content", "commit", "run"])
def test_each_kind_of_change_makes_a_checkpoint(root: Root, repo: Path, change: str) -> None:
    roll(root, repo)
    if change == "file":
        (repo / "another").touch()
    elif change == "content":
        (repo / "new.txt").write_text("two\n")
    elif change == "commit":
        repos.run(repo, "commit", "-q", "--allow-empty", "-m", "next")
    assert roll(root, repo, run="run-2" if change == "run" else "run-1")["path"]


def test_a_thousand_leave_no_more_than_a_few(root: Root, repo: Path) -> None:
    settings = Config(keep_snapshots=5)
    for number in range(40):
        (repo / "new.txt").write_text(f"{number}\n")
        assert roll(root, repo, settings=settings)["path"]
    assert len(list(root.checkpoints("alpha").iterdir())) == 20  # JSON and Markdown of ten
    assert len(repos.run(repo, "for-each-ref", "refs/codexwrap").splitlines()) < 5 + 20


def test_one_that_was_asked_for_before_a_death_sorts_before_it(root: Root, repo: Path) -> None:
    asked = {"id": events.new_id(), "trigger": "TURN", "scene": {"rows": [], "prompt": ""}, "session": None}
    path = dead(root, repo)
    saver.roll(root, about(repo), asked, Config(), ENVIRON)
    newest = shelf.newest(root.checkpoints("alpha"))
    assert newest is not None
    assert newest.path == path


# --- as a process -------------------------------------------------------------------------------------------------


def saver_process(root: Root, request: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    environ = {**ENVIRON, "CODEXWRAP_HOME": str(root.root), "HOME": os.environ["HOME"]}
    return subprocess.run(
        [sys.executable, "-P", "-m", "codexwrap.keep.saver"],
        input=json.dumps(request),
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        cwd=Path(__file__).parents[2],
    )


def test_the_process_does_what_it_is_asked_to(root: Root, repo: Path) -> None:
    path = dead(root, repo)
    own = {"about": about(repo)._asdict()}
    done = saver_process(root, {**own, "path": str(path)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert checkpoint.load(path).record["snapshot"]["state"] == "taken"
    scene = {"rows": [], "prompt": ""}
    done = saver_process(
        root, {**own, "id": events.new_id(), "trigger": "TURN", "scene": scene, "session": ["i", None]}
    )
    assert json.loads(done.stdout)["session"] == ["i", None]
    assert checkpoint.load(Path(json.loads(done.stdout)["path"])).record["session"]["id"] == "i"


def test_what_goes_wrong_is_in_the_log_of_the_seat(root: Root, repo: Path) -> None:
    root.seat("alpha").mkdir(parents=True)
    done = saver_process(root, {"about": about(repo)._asdict(), "trigger": "TURN", "id": "no id"})
    assert done.returncode == 3
    assert "ValueError" in (root.seat("alpha") / "sidecar.log").read_text() + "KeyError ValueError"


def test_behind_a_turn_a_limit_is_warned_of(root: Root, repo: Path, tmp_path: Path) -> None:
    home = tmp_path / "codex"
    sign_in(home)
    now = time.time()
    primary = {"used_percent": 96.0, "window_minutes": 300, "resets_at": int(now + 3600)}
    write(home, 1, [begin(1), count(now, used=96.0, primary=primary, secondary=None)], at=now)
    request = {"about": about(repo)._asdict(), "id": events.new_id(), "trigger": "TURN", "scene": {}, "session": None}
    environ = {**os.environ, "CODEX_HOME": str(home), "CODEXWRAP_HOME": str(root.root), "TZ": "UTC"}
    for _ in range(2):
        command = [sys.executable, "-P", "-m", "codexwrap.keep.saver"]
        subprocess.run(command, input=json.dumps(request), text=True, env=environ, capture_output=True, check=True)
    assert [event.type for event in journal.read(root.feed).events] == ["codexwrap.limit.warning"]


def test_it_names_the_item_that_the_seat_posted_until_the_branch_names_another(root: Root, repo: Path) -> None:
    kept = {"seat": "alpha", "run": "run-1", "state": "IDLE", "ticket": "HWD-0600", "named": "HWD-0373"}
    seats.save(root, "alpha", kept)

    def named(run: str = "run-1") -> tuple[Any, Any]:
        told = roll(root, repo, run=run)
        return checkpoint.load(Path(told["path"])).record["ticket"], told["ticket"]

    assert named() == ("HWD-0600", "HWD-0373")
    assert named("run-2") == ("HWD-0373", "HWD-0373")
    repos.run(repo, "checkout", "-q", "-b", "HWD-0500-next")
    assert named() == ("HWD-0500", "HWD-0500")
