"""A seat by its name, and the line about its death."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import seats
from codexwrap.commands import seat
from codexwrap.errors import UsageError
from codexwrap.paths import State
from codexwrap.session import Options
from tests.deaths import died
from tests.support import eventually


@pytest.mark.parametrize(
    ("words", "options", "program"),
    [
        ("alpha", Options("alpha"), ["codex"]),
        ("alpha codex --model x", Options("alpha"), ["codex", "--model", "x"]),
        ("alpha -- --model x", Options("alpha"), ["codex", "--model", "x"]),
        ("alpha --", Options("alpha"), ["codex"]),
        ("alpha other -- x", Options("alpha"), ["other", "--", "x"]),
        ("alpha --ticket X-1 --force codex", Options("alpha", "X-1", True), ["codex"]),
        ("alpha --ticket=X-1 -- exec", Options("alpha", "X-1"), ["codex", "exec"]),
        ("-- -x", Options("-x"), ["codex"]),
        ("-- -- codex", Options("--"), ["codex"]),
    ],
)
def test_the_name_comes_first_then_options_then_the_program(words: str, options: Options, program: list[str]) -> None:
    assert seat.parse(words.split()) == (options, program)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "which seat"),
        (["--"], "which seat"),
        ([" "], "which seat"),
        (["--ticket", "X-1", "alpha"], "the seat's name stands first"),
        (["alpha", "--ticket"], "--ticket needs a value"),
        (["alpha", "--ticket="], "--ticket needs a value"),
        (["alpha", "--ticket", "--force"], "--ticket needs a value"),
        (["alpha", "--model", "x"], "no option --model; options of codex stand behind --"),
    ],
)
def test_what_it_does_not_understand_it_says_in_one_line(words: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        seat.parse(words)
    assert "\n" not in str(error.value)


def run(state: State, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "CODEXWRAP_HOME": str(state.root)}
    done = subprocess.run(
        [sys.executable, "-m", "codexwrap", "seat", *words], env=environ, capture_output=True, text=True, timeout=50
    )
    if (state.seat(words[0]) / "lock").is_file():
        eventually(lambda: not seats.is_held(state, words[0]))
    return done


@pytest.fixture
def state(tmp_path: Path) -> State:
    (tmp_path / "state").mkdir()
    return State(tmp_path / "state")


def test_a_death_is_one_line_before_the_program_runs(state: State) -> None:
    died(state, "alpha")
    done = run(state, "alpha", "sh", "-c", "echo started; echo >&2 also started; exit 7")
    assert done.stderr.splitlines() == [
        "codexwrap: seat alpha died of limit.usage 2 h ago, item HWD-0373: `codexwrap resume alpha` brings it back",
        "also started",
    ]
    assert done.stdout == "started\n"
    assert done.returncode == 7


def test_without_a_death_nothing_is_said(state: State) -> None:
    done = run(state, "alpha", "sh", "-c", "echo started")
    assert (done.stdout, done.stderr, done.returncode) == ("started\n", "", 0)


def test_the_program_runs_as_the_seat_of_that_name(state: State) -> None:
    run(state, "its name", "--ticket", "HWD-7", "true")
    record = seats.load(state, "its name") or {}
    assert (record["seat"], record["ticket"]) == ("its name", "HWD-7")


def test_a_state_that_cannot_be_read_does_not_keep_the_program_from_running(state: State) -> None:
    died(state, "alpha")
    state.seat("alpha").mkdir(parents=True)
    (state.seat("alpha") / "lock").symlink_to("lock")
    done = run(state, "alpha", "echo", "started")
    assert (done.stdout, done.returncode) == ("started\n", 0)


def test_help_shows_how_to_give_a_seat_a_name_of_its_own(state: State) -> None:
    done = run(state, "--help")
    assert "alias alpha='codexwrap-seat alpha codex'" in done.stdout
    assert done.returncode == 0
