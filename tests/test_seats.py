"""Which seat runs where."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import seats
from codexwrap.errors import UserError
from codexwrap.paths import State
from tests.support import eventually

RECORD = {
    "seat": "alpha",
    "state": "IDLE",
    "cause": None,
    "since": "2026-04-25T13:14:15.123Z",
    "ticket": None,
    "checkpoint": None,
}

_HOLD = """
import os, sys
from codexwrap import paths, seats
lock = seats.hold(paths.State(paths.Path(sys.argv[1])), "alpha")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


def test_a_seat_is_held_by_one_at_a_time_and_the_other_is_told_by_whom(state: State) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, state.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == b"held\n"
        assert seats.is_held(state, "alpha")
        assert seats.holder(state, "alpha") == other.pid
        with pytest.raises(seats.HeldError) as raised:
            seats.hold(state, "alpha")
        assert raised.value.by == f"pid {other.pid}"
        other.stdin.close()
        other.wait(20)
    assert not seats.is_held(state, "alpha")
    assert seats.holder(state, "alpha") is None


def test_kill_9_frees_it(state: State) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, state.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        other.kill()
    eventually(lambda: not seats.is_held(state, "alpha"))
    lock = seats.hold(state, "alpha")
    assert seats.holder(state, "alpha") == os.getpid()
    lock.release()


def test_looking_does_not_keep_anybody_from_holding(state: State) -> None:
    assert not seats.is_held(state, "alpha")
    seats.hold(state, "alpha").release()
    assert not seats.is_held(state, "alpha")
    seats.hold(state, "alpha").release()


def test_names_that_differ_are_held_apart(state: State) -> None:
    first, second = seats.hold(state, "a/b"), seats.hold(state, "a-b")
    first.release()
    assert seats.is_held(state, "a-b")
    second.release()


def test_what_was_saved_is_loaded(state: State) -> None:
    assert seats.load(state, "alpha") is None
    seats.save(state, "alpha", RECORD)
    assert seats.load(state, "alpha") == {"version": 1, **RECORD}


def test_all_are_found_by_name_and_what_cannot_be_read_is_named(state: State) -> None:
    for name in ("beta", "alpha", "gamma"):
        seats.save(state, name, {**RECORD, "seat": name})
    broken = state.seat("gamma") / "seat.json"
    broken.write_text("{")
    found, said = seats.load_all(state)
    assert [record["seat"] for record in found] == ["alpha", "beta"]
    assert len(said) == 1
    assert str(broken) in said[0]


@pytest.mark.parametrize(
    "record", [[], None, {"version": 2}, {**RECORD, "version": 1, "state": 3}, {**RECORD, "version": 1, "since": 3}]
)
def test_what_is_no_seat_is_an_error_that_names_the_file(state: State, record: object) -> None:
    path = state.seat("alpha") / "seat.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(record))
    with pytest.raises(UserError, match=str(path)):
        seats.load(state, "alpha")
