"""One line on a death that nobody has resumed."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import checkpoint, seats
from codexwrap.paths import State
from codexwrap.shells import hint
from tests.deaths import died


@pytest.fixture
def root(tmp_path: Path) -> State:
    (tmp_path / "state").mkdir()
    return State(tmp_path / "state")


def test_a_seat_that_died_is_named_with_cause_age_item_and_the_way_back(root: State) -> None:
    died(root, "alpha")
    assert hint.line(root, "alpha") == (
        "seat alpha died of limit.usage 2 h ago, item HWD-0373: `codexwrap resume alpha` brings it back"
    )


def test_without_an_item_none_is_named(root: State) -> None:
    died(root, "alpha", ticket=None)
    assert hint.line(root, "alpha") == (
        "seat alpha died of limit.usage 2 h ago: `codexwrap resume alpha` brings it back"
    )


@pytest.mark.parametrize(
    ("ago", "words"), [(0, "0 s"), (59, "59 s"), (61, "1 min"), (3700, "1 h"), (90000, "1 d"), (-500, "0 s")]
)
def test_the_age_is_told_in_the_largest_unit_that_fits(root: State, ago: float, words: str) -> None:
    died(root, "alpha", ago=ago)
    number, unit = words.split()
    told = hint.line(root, "alpha") or ""
    if unit == "s":  # which go by while this test runs
        assert "s ago" in told
    else:
        assert f" {number} {unit} ago," in told


def test_a_seat_without_a_checkpoint_has_no_hint(root: State) -> None:
    assert hint.line(root, "alpha") is None


def test_a_checkpoint_that_was_resumed_is_not_mentioned(root: State) -> None:
    checkpoint.claim(died(root, "alpha"), "somebody")
    assert hint.line(root, "alpha") is None


def test_only_the_newest_checkpoint_counts(root: State) -> None:
    died(root, "alpha", ago=9000)
    checkpoint.claim(died(root, "alpha", ago=10), "somebody")
    assert hint.line(root, "alpha") is None


def test_a_stall_is_no_death(root: State) -> None:
    path = died(root, "alpha")
    path.write_text(path.read_text().replace('"trigger": "DEAD"', '"trigger": "STALLED"'))
    assert hint.line(root, "alpha") is None


def test_a_torn_checkpoint_is_passed_over_for_the_one_before(root: State) -> None:
    died(root, "alpha", cause="auth.token_revoked", ago=9000)
    died(root, "alpha", ago=10).write_text("{")
    assert "died of auth.token_revoked" in (hint.line(root, "alpha") or "")


def test_a_seat_that_still_runs_must_end_first(root: State) -> None:
    died(root, "alpha")
    lock = seats.hold(root, "alpha")
    try:
        told = hint.line(root, "alpha") or ""
    finally:
        lock.release()
    assert told.endswith(": end it where it still runs, then `codexwrap resume alpha`")


@pytest.mark.parametrize("name", ["a b", "it's", "$(touch X)", "`x`", "-x", "-- y", "🚀", 'a"b', "x;y", "~", "!1"])
def test_the_command_can_be_pasted_whatever_the_seat_is_called(root: State, name: str) -> None:
    died(root, name)
    told = hint.line(root, name) or ""
    command = told[told.index("`codexwrap resume") + 1 : told.rindex("`")]
    words = shlex.split(command)
    assert words[:2] == ["codexwrap", "resume"]
    assert words[2:] == ([name] if not name.startswith("-") else ["--", name])


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", "a\u202eb", "a\\'b"])
def test_a_name_that_no_shell_can_be_given_safely_is_left_out_of_the_command(root: State, name: str) -> None:
    died(root, name)
    told = hint.line(root, name) or ""
    assert told.endswith(": `codexwrap resume` brings it back")
    assert told.isprintable()


def test_where_nobody_died_nothing_is_imported(root: State) -> None:
    script = (
        "import sys; from codexwrap import paths; before = set(sys.modules); from codexwrap.shells import hint; "
        f"assert hint.line(paths.State(paths.Path({str(root.root)!r})), 'alpha') is None; "
        "print(*sorted({'json', 'shlex', 'subprocess', 'codexwrap.redact.redact', 'codexwrap.git.git'} "
        "& set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_hint_needs_neither_git_nor_the_code_that_writes_checkpoints(root: State) -> None:
    died(root, "alpha")
    script = (
        "import sys; from codexwrap import paths; from codexwrap.shells import hint; "
        f"assert hint.line(paths.State(paths.Path({str(root.root)!r})), 'alpha'); "
        "print(*sorted({'subprocess', 'codexwrap.git.git', 'codexwrap.checkpoint', 'pyte', 'filelock', 'requests'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
