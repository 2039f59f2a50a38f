"""What every seat is, at a glance."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events, seats, tables
from codexwrap.commands import status
from codexwrap.errors import UsageError
from codexwrap.paths import State
from codexwrap.watchdog import heartbeat
from tests import commandline


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("CODEXWRAP_HOME", str(tmp_path / "state"))
    return State(tmp_path / "state")


def save(root: State, name: str, **other: Any) -> None:
    record = {
        "seat": name,
        "state": "IDLE",
        "cause": None,
        "since": events.timestamp(time.time() - 90),
        "started": events.timestamp(time.time() - 900),
        "agent": "codex",
        "argv": ["codex"],
        "pid": os.getpid(),
        "ticket": None,
        "checkpoint": None,
        "evidence": [],
        "watched": {"by": "tmux"},  # nobody has to hold a lock for such a one
        **other,
    }
    seats.save(root, name, record)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert status.main(arguments) == 0
    return capsys.readouterr().out.splitlines()


def names(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines[1:-1]]


def test_a_row_says_what_a_seat_is(root: State, capsys: pytest.CaptureFixture[str]) -> None:
    made = f"20261122T191944-{events.new_id()}.json"
    evidence = [{"witness": "screen", "says": "■"}, {"witness": "rollout", "says": "x"}]
    save(
        root,
        "alpha",
        state="DEAD",
        cause="limit.usage",
        ticket="HWD-1",
        branch="HWD-1-parser",
        checkpoint=f"/x/{made}",
        resets_at=1_800_000_000,
        evidence=evidence,
    )
    headings, row, summary = shown(capsys)
    assert headings.split() == [
        *("SEAT", "STATE", "CAUSE", "SINCE", "ITEM", "BRANCH", "USED", "RESETS", "CHECKPOINT", "WITNESS")
    ]
    assert row.split() == [
        *("alpha", "DEAD", "limit.usage", "1m", "HWD-1", "HWD-1-parser", "01-15", "08:00", "0s", "screen,", "rollout")
    ]
    assert summary == "1 seat: 1 DEAD"


def test_who_needs_somebody_comes_first(root: State, capsys: pytest.CaptureFixture[str]) -> None:
    for name, state in (("a", "EXITED"), ("b", "IDLE"), ("c", "DEAD"), ("d", "WORKING"), ("e", "STALLED")):
        save(root, name, state=state)
    assert names(shown(capsys)) == ["c", "e", "d", "b", "a"]
    assert shown(capsys)[-1] == "5 seats: 1 DEAD, 1 STALLED, 1 WORKING, 1 IDLE, 1 EXITED"


def test_rows_are_sorted_and_chosen_as_asked_for(root: State, capsys: pytest.CaptureFixture[str]) -> None:
    save(root, "b", state="DEAD", cause="limit.usage", ticket="HWD-2")
    save(root, "a", state="STALLED", cause="context.window_exceeded", ticket="HWD-9")
    save(root, "c", since=events.timestamp(time.time() - 5000))
    assert names(shown(capsys, "--sort", "seat")) == ["a", "b", "c"]
    assert names(shown(capsys, "--sort", "since")) == ["c", "a", "b"]
    assert names(shown(capsys, "--sort", "item")) == ["b", "a", "c"]
    assert names(shown(capsys, "--sort", "cause")) == ["a", "b", "c"]
    assert names(shown(capsys, "--state", "dead, stalled")) == ["b", "a"]
    assert names(shown(capsys, "--seat", "[ac]")) == ["a", "c"]
    assert names(shown(capsys, "--item", "HWD-*")) == ["b", "a"]
    with pytest.raises(UsageError, match="there is no state 'DAED'; there are STARTING, IDLE"):
        status.main(["--state", "daed"])


def test_a_zombie_shows_as_what_it_is(root: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "auth.json").touch()
    save(root, "zombie", state="DEAD", cause="auth.token_revoked", home=str(tmp_path))
    save(root, "well", home=str(tmp_path / "nothing"))
    headings, zombie, well, _ = shown(capsys, "--layers")
    assert headings.split() == ["SEAT", "STATE", "L1", "FILES", "L2", "PROCESS", "L3", "SCREEN", "PROVIDER"]
    assert zombie.split() == ["zombie", "DEAD", "ok", "ok", "DEAD", "refuses"]
    assert well.split() == ["well", "IDLE", "no", "sign-in", "ok", "IDLE", "?"]


def test_used_percent_and_reset_come_from_the_sessions_files(
    root: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, now = tmp_path / "home", time.time()
    day = home / "sessions" / time.strftime("%Y/%m/%d")
    day.mkdir(parents=True)
    session = "0199a213-81c0-7800-8aa1-bbab2a035a53"
    resets = int(now) + 3600
    window = {"used_percent": 42.0, "window_minutes": 300, "resets_at": resets}
    lines = [
        {"type": "session_meta", "payload": {"id": session, "cwd": "/", "timestamp": events.timestamp(now - 60)}},
        {"type": "event_msg", "payload": {"type": "token_count", "info": None, "rate_limits": {"primary": window}}},
    ]
    text = "\n".join(json.dumps({"timestamp": events.timestamp(now - 50), **line}) for line in lines) + "\n"
    (day / f"rollout-2026-01-01T00-00-00-{session}.jsonl").write_text(text.replace('": ', '":').replace(', "', ',"'))
    save(root, "alpha", home=str(home))
    assert "42%" in shown(capsys)[1].split()
    status.main(["--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["used_percent"], row["resets"]) == (42.0, resets)
    assert row["layers"]["provider"] == "42% used"


def test_a_record_that_says_it_lives_proves_nothing(root: State, capsys: pytest.CaptureFixture[str]) -> None:
    save(root, "alpha", watched=None, state="WORKING")
    assert "UNKNOWN" in shown(capsys)[1]
    assert "its wrapper is gone" in shown(capsys)[1]
    save(root, "alpha", watched=None, state="DEAD", cause="process.wrapper_lost")
    assert shown(capsys)[1].split()[1:3] == ["DEAD", "process.wrapper_lost"]


def test_a_late_watchdog_is_told_of_and_what_it_said_is_not_believed(
    root: State, capsys: pytest.CaptureFixture[str]
) -> None:
    save(root, "alpha")
    heartbeat.write(root, every=60, took=0.1, unknown=(), at=time.time() - 900)
    status.main([])
    said = capsys.readouterr()
    assert "codexwrap: the watchdog made its last pass 15m ago" in said.err
    assert "nobody has looked" in said.out
    heartbeat.write(root, every=60, took=0.1, unknown=(), at=time.time())
    status.main([])
    said = capsys.readouterr()
    assert said.err == ""
    assert "IDLE" in said.out


def test_nothing_is_said_of_a_watchdog_that_nobody_set_up(root: State, capsys: pytest.CaptureFixture[str]) -> None:
    save(root, "alpha")
    status.main([])
    assert capsys.readouterr().err == ""


def test_long_cells_are_cut_by_their_width(root: State, capsys: pytest.CaptureFixture[str]) -> None:
    save(root, "界" * 40, branch="b" * 100, ticket="T" * 100)
    headings, row, _ = shown(capsys)
    assert "…" in row
    assert tables.width(row) < 200
    assert [tables.width(line[: line.index(mark)]) for line, mark in ((headings, "STATE"), (row, "IDLE"))] == [29, 29]


@pytest.mark.parametrize(
    ("text", "most", "kept"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("界界", 3, "界…"), ("界界", 2, "…")]
)
def test_a_cut_cell_ends_in_an_ellipsis(text: str, most: int, kept: str) -> None:
    assert tables.cut(text, most) == kept


def test_a_thousand_seats_are_one_screenful(root: State, tmp_path: Path) -> None:
    for number in range(1000):
        save(root, f"seat-{number:04}", state="DEAD" if number == 777 else "IDLE")
    command = f"exec {' '.join(commandline.CODEXWRAP)} status"
    env = {**os.environ, "CODEXWRAP_HOME": str(root.root), "LINES": "24", "COLUMNS": "120", "TERM": "dumb"}
    done = subprocess.run(["script", "-qec", command, "/dev/null"], env=env, capture_output=True, text=True, timeout=50)
    lines = done.stdout.splitlines()
    assert len(lines) < 24
    assert lines[1].startswith("seat-0777")
    assert lines[-1] == "1000 seats: 1 DEAD, 999 IDLE; 981 more with --all"
    full = commandline.codexwrap("status", env=env)
    assert len(full.stdout.splitlines()) == 1002
