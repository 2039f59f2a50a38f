"""A wrapper starts its program again when that was asked for; without Codex, and with a program of the test's own."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codexwrap import journal, processes, restarting, seats
from codexwrap.config import Config
from codexwrap.drill.driver import Terminal
from codexwrap.keep.about import About
from codexwrap.keeper import Keeper
from codexwrap.paths import State
from codexwrap.restarting import Request
from tests.commandline import CODEXWRAP, codexwrap, complaint, environment, program, state, until_free
from tests.support import eventually


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    program(tmp_path, "agent", 'stty raw -echo; printf "\\033[?1049h\\033[?25lup $$\\r\\n"; exec sleep 1000')
    return environment(tmp_path)


@pytest.fixture
def terminal(env: dict[str, str]) -> Iterator[Terminal]:
    with Terminal([*CODEXWRAP, "--seat", "alpha", "agent"], cwd=Path(env["HOME"]), env=env) as started:
        started.wait_for(r"up\d+")
        eventually(lambda: (seats.load(state(env), "alpha") or {}).get("owed") == [])
        yield started


def record(env: dict[str, str]) -> dict[str, Any]:
    return seats.load(state(env), "alpha") or {}


def test_the_program_is_ended_and_runs_again_in_the_same_pane(env: dict[str, str], terminal: Terminal) -> None:
    first = record(env)
    wrapper = seats.holder(state(env), "alpha")
    done = codexwrap("restart", "alpha", "--force", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    now = record(env)
    assert done.stdout == f"seat alpha runs again, anew (pid {now['pid']})\n"
    assert not processes.is_alive(first["pid"])
    assert processes.is_alive(now["pid"])
    assert seats.holder(state(env), "alpha") == wrapper
    terminal.wait_for(rf"up{now['pid']}")
    kinds = [event.type.removeprefix("codexwrap.seat.") for event in journal.read(state(env).feed).events]
    assert kinds == ["started", "exited", "started", "resumed"]
    os.kill(now["pid"], 15)
    assert terminal.wait() == 128 + 15  # nobody asked for that
    until_free(env, "alpha")


def test_without_force_a_seat_whose_session_is_not_known_stays_as_it_is(
    env: dict[str, str], terminal: Terminal
) -> None:
    first = record(env)
    said = complaint(codexwrap("restart", "alpha", env=env), 1)
    assert "--force starts it anew" in said
    assert record(env)["pid"] == first["pid"]
    assert processes.is_alive(first["pid"])


@pytest.mark.parametrize("working", ["WORKING", "SUSPECT", "UNKNOWN"])
def test_a_seat_that_works_or_might_is_refused(env: dict[str, str], terminal: Terminal, working: str) -> None:
    seats.save(state(env), "alpha", {**record(env), "state": working})
    said = complaint(codexwrap("restart", "alpha", env=env), 1)
    assert said == f"seat 'alpha' is {working}: what it does would be lost; --force restarts it all the same"
    assert processes.is_alive(record(env)["pid"])


def test_a_process_that_is_not_the_wrappers_is_left_alone(env: dict[str, str], terminal: Terminal) -> None:
    seats.save(state(env), "alpha", {**record(env), "pid": os.getpid()})
    assert "is not one of its wrapper's" in complaint(codexwrap("restart", "alpha", "--force", env=env), 1)


def test_a_request_is_for_one_run_only(tmp_path: Path) -> None:
    root = State(tmp_path)
    root.seat("alpha").mkdir(parents=True)
    assert restarting.asked(root, "alpha", "run-1") is None
    restarting.ask(root, "alpha", Request("run-1", "session"))
    assert restarting.asked(root, "alpha", "run-1") == Request("run-1", "session")
    assert restarting.asked(root, "alpha", "run-2") is None
    restarting.take_back(root, "alpha")
    restarting.take_back(root, "alpha")
    assert restarting.asked(root, "alpha", "run-1") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"run": "run-1", "session": 1}', '{"run": "run-1", "more": 1}'])
def test_what_is_no_request_is_none(tmp_path: Path, text: str) -> None:
    root = State(tmp_path)
    root.seat("alpha").mkdir(parents=True)
    restarting.ask(root, "alpha", Request("run-1", ""))
    next(root.seat("alpha").glob("restart.json")).write_text(text)
    assert restarting.asked(root, "alpha", "run-1") is None


def test_the_last_words_of_a_run_do_not_overwrite_what_the_next_one_says(tmp_path: Path) -> None:
    root = State(tmp_path)

    def keeper(run: str) -> Keeper:
        about = About("alpha", run, ["sh"], str(tmp_path), os.getpid(), 1.7e9)
        return Keeper(about, None, root, Config(), {})

    first, second = keeper("0001"), keeper("0002")
    first.started()
    second.started()
    first.exited(143, 1.7e9)
    assert json.loads((root.seat("alpha") / "seat.json").read_text())["run"] == "0002"
    second.exited(0, 1.7e9)
    assert (seats.load(root, "alpha") or {})["state"] == "EXITED"
