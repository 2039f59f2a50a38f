"""A wrapper that vanished together with its sidecar is told of by somebody else."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from codexwrap import checkpoint, events, journal, seats
from codexwrap.paths import State
from codexwrap.watchdog import lost, once, proctable
from tests import commandline, repos
from tests.support import eventually

ENV = {"CODEX_HOME": "/nonexistent"}


@pytest.fixture
def root(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@contextmanager
def seat(tmp_path: Path, name: str = "alpha") -> Iterator[dict[str, Any]]:
    """A seat that runs, and what its sidecar wrote of it."""
    repo = repos.make(tmp_path / "repo")
    repos.run(repo, "checkout", "-q", "-b", "HWD-0373-parser")
    commandline.program(tmp_path, "codex", "echo up; exec sleep 1000")
    env = commandline.environment(tmp_path, CODEX_HOME=str(tmp_path / "home"))
    process = subprocess.Popen(
        [*commandline.CODEXWRAP, "--seat", name, "codex"], env=env, cwd=repo, stdin=subprocess.DEVNULL
    )
    state = commandline.state(env)
    try:
        record = eventually(lambda: _begun(state, name)) or {}
        yield {**record, "wrapper": process.pid}
    finally:
        process.kill()
        process.wait()
        for pid in (record["sidecar"], record["pid"]):
            if proctable.table().get(pid):
                os.kill(pid, signal.SIGKILL)


def _begun(state: State, name: str) -> dict[str, Any] | None:
    record = seats.load(state, name)
    started = any(event.type == "codexwrap.seat.started" for event in journal.read(state.feed).events)
    return record if record and started and not record["owed"] else None


def kill_both(record: dict[str, Any]) -> None:
    """Neither has the time to notice that the other one is gone."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in (record["sidecar"], record["wrapper"]):
            os.kill(pid, number)


def dead(root: State) -> list[events.Event]:
    return [
        event
        for event in journal.read(root.feed).events
        if (event.type, event.subject) == ("codexwrap.seat.dead", "alpha")
    ]


def test_a_seat_whose_wrapper_and_sidecar_were_killed_is_dead_with_a_checkpoint(tmp_path: Path, root: State) -> None:
    with seat(tmp_path) as record:
        kill_both(record)
        commandline.until_free({"CODEXWRAP_HOME": str(root.root)}, "alpha")
        once.run(root, ENV)
        (event,) = dead(root)
    assert (event.data["cause"], event.data["recoverable"]) == ("process.wrapper_lost", "restart")
    assert event.data["item"] == {"id": "HWD-0373", "from": "IN_PROGRESS", "to": "BLOCKED-on-seat-death"}
    saved = checkpoint.load(Path(event.data["checkpoint"])).record
    assert (saved["seat"], saved["trigger"], saved["run"]) == ("alpha", "DEAD", record["run"])
    assert saved["git"]["branch"] == "HWD-0373-parser"
    assert saved["snapshot"]["state"] == checkpoint.TAKEN
    assert (seats.load(root, "alpha") or {})["state"] == "DEAD"


def test_it_is_told_once(tmp_path: Path, root: State) -> None:
    with seat(tmp_path) as record:
        kill_both(record)
        commandline.until_free({"CODEXWRAP_HOME": str(root.root)}, "alpha")
        for _ in range(3):
            once.run(root, ENV)
    assert len(dead(root)) == 1


def test_a_seat_that_lives_is_left_alone(tmp_path: Path, root: State) -> None:
    with seat(tmp_path):
        once.run(root, ENV)
        assert dead(root) == []


def test_a_sidecar_that_still_finishes_is_not_overtaken(tmp_path: Path, root: State) -> None:
    with seat(tmp_path) as record:
        os.kill(record["sidecar"], signal.SIGSTOP)
        os.kill(record["wrapper"], signal.SIGKILL)
        once.run(root, ENV)
        assert dead(root) == []
        os.kill(record["sidecar"], signal.SIGCONT)
        eventually(lambda: dead(root))
        once.run(root, ENV)
    assert len(dead(root)) == 1


def record_of(root: State, tmp_path: Path, **other: Any) -> dict[str, Any]:
    """A seat on record that nobody holds."""
    record = {
        "seat": "alpha",
        "run": "run-1",
        "state": "WORKING",
        "cause": None,
        "since": "2026-11-22T10:00:00.000Z",
        "started": events.timestamp(time.time()),
        "agent": "codex",
        "argv": ["codex", "--model", "m"],
        "cwd": str(tmp_path),
        "host": events.host(),
        "pid": 1,
        "ticket": "HWD-1",
        "checkpoint": None,
        **other,
    }
    seats.save(root, "alpha", record)
    return record


def test_a_machine_that_was_started_since_is_named_in_the_evidence(tmp_path: Path, root: State) -> None:
    if proctable.booted() is None:
        pytest.skip("this system does not say when it was started")
    record_of(root, tmp_path, started="2001-01-01T00:00:00.000Z")
    once.run(root, ENV)
    (event,) = dead(root)
    assert "this machine was started at" in event.data["evidence"][0]["says"]
    assert event.data["evidence"][0]["witness"] == "process"


def test_the_checkpoint_shows_what_the_last_one_saw(tmp_path: Path, root: State) -> None:
    record = record_of(root, tmp_path)
    keeper = lost.keeper_of(root, record, ENV)
    keeper.resume_record(record)
    from codexwrap.keep.about import Scene
    from codexwrap.verdict.causes import State as Is
    from codexwrap.verdict.verdict import Change

    keeper.suspect(Change(0.0, Is.SUSPECT), Scene(("› write the parser", "• I begin"), ""))
    once.run(root, ENV)
    (event,) = dead(root)
    assert checkpoint.load(Path(event.data["checkpoint"])).record["screen"] == ["› write the parser", "• I begin"]


@pytest.mark.parametrize(
    "other",
    [{"state": "EXITED"}, {"state": "DEAD", "cause": "process.wrapper_lost"}, {"host": "elsewhere"}],
    ids=["ended", "told", "another machine's"],
)
def test_nothing_is_told_of_a_seat_that(tmp_path: Path, root: State, other: dict[str, Any]) -> None:
    record_of(root, tmp_path, **other)
    once.run(root, ENV)
    assert dead(root) == []


def test_what_it_had_died_of_before_stays_in_the_evidence(tmp_path: Path, root: State) -> None:
    record_of(root, tmp_path, state="DEAD", cause="auth.token_revoked", blocked=True)
    once.run(root, ENV)
    (event,) = dead(root)
    assert event.data["cause"] == "process.wrapper_lost"
    assert event.data["item"] is None  # which is blocked already
    assert any("auth.token_revoked" in each["says"] for each in event.data["evidence"])


def test_what_a_seat_still_owed_is_posted(tmp_path: Path, root: State) -> None:
    owed = events.new("seat.exited", seat="alpha", data={"exit": 0})
    record_of(root, tmp_path, state="EXITED", owed=[owed.to_line().decode()])
    once.run(root, ENV)
    once.run(root, ENV)
    assert [event.id for event in journal.read(root.feed).events if event.subject == "alpha"] == [owed.id]
    assert (seats.load(root, "alpha") or {})["owed"] == []


def test_a_wrapper_that_starts_meanwhile_waits(tmp_path: Path, root: State) -> None:
    record_of(root, tmp_path)
    lock = root.seat("alpha") / "lock"
    lock.write_text("999999999")
    with lost._glimpse(root, "alpha") as free:
        assert free
        assert not seats.is_held(root, "alpha")
        with lock.open() as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
