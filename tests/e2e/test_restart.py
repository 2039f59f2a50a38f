"""One of three real seats is restarted in its own pane, and the other two do not notice."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from codexwrap import journal, processes, seats
from codexwrap.drill.answers import Shell, Text
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from codexwrap.paths import State
from tests.panes import Pane
from tests.support import codex, eventually, need

NAMES = ("alpha", "beta", "gamma")


def restart(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    """From another terminal."""
    command = [sys.executable, "-P", "-m", "codexwrap", "restart", *arguments]
    return subprocess.run(
        command,
        cwd="/",
        env={**stage.environ, "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
    )


def record(stage: Stage, name: str) -> dict[str, Any]:
    return seats.load(State(stage.state), name) or {}


def until(stage: Stage, name: str, **values: object) -> dict[str, Any]:
    eventually(lambda: all(record(stage, name).get(key) == value for key, value in values.items()), within=40)
    return record(stage, name)


def say(pane: Pane, text: str) -> None:
    pane.type(text)
    eventually(lambda: text in pane.text())
    subprocess.run(["sleep", "0.5"], check=True)  # a line that comes with its Enter counts as pasted
    pane.key("Enter")


class Fleet:
    """Three seats in one tmux each, on one CODEX_HOME and in one directory."""

    def __init__(self, stage: Stage, folder: Path, options: list[str]) -> None:
        self.stage = stage
        self.panes: dict[str, Pane] = {}
        for name in NAMES:
            environ = [f"{key}={value}" for key, value in stage.environ.items()]
            own = [sys.executable, "-P", "-m", "codexwrap", "--seat", name, str(stage.codex), *options]
            words = ["env", "-i", *environ, f"PYTHONPATH={Path.cwd()}", *own]
            (folder / name).mkdir()
            command = f"cd {shlex.quote(str(stage.project))} && exec {shlex.join(words)}"
            self.panes[name] = Pane(command, folder / name, columns=100, lines=30)

    def close(self) -> None:
        for pane in self.panes.values():
            pane.kill()


@pytest.fixture(params=["shared server", "no server"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    need("tmux")
    with Provider() as provider, Stage(codex("0.169.0"), provider=provider) as stage, ExitStack() as stack:
        own = Fleet(stage, tmp_path, [] if request.param == "shared server" else stage.isolation)
        stack.callback(own.close)
        for name in NAMES:
            eventually(lambda name=name: "›" in own.panes[name].text(), within=60)  # type: ignore[misc]
            until(stage, name, state="IDLE")
        for name in NAMES:
            provider.queue.append(Text(f"I shall remember {name}."))
            say(own.panes[name], f"remember the codeword of {name}")
            own.panes[name].shows(f"I shall remember {name}.")
            eventually(lambda name=name: record(stage, name).get("session"), within=40)  # type: ignore[misc]
        yield own


def conversation(pane: Pane) -> list[str]:
    """What was said, as it shows it: below the composer Codex adds a title or a tip whenever it has the time, above it how
    long a turn took.
    """
    rows = pane.text().rpartition("\n›")[0].splitlines()
    return [row.rstrip() for row in rows if row.strip() and "Worked for" not in row]


def servers(stage: Stage) -> set[int]:
    """The processes of the shared server."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(stage.home).encode() in command and b"app-server" in command:
            found.add(int(folder.name))
    return found


@pytest.mark.timeout(240)
def test_one_of_three_seats_restarts_with_its_session_and_no_other_notices(fleet: Fleet) -> None:
    stage, panes = fleet.stage, fleet.panes
    before = {name: record(stage, name) for name in NAMES}
    assert len({before[name]["session"] for name in NAMES}) == 3
    server = servers(stage)
    gamma = conversation(panes["gamma"])
    assert "• I shall remember gamma." in gamma

    stage.provider.queue.extend([Shell("sleep 8; echo waited"), Text("beta has waited.")])
    say(panes["beta"], "wait a little")
    until(stage, "beta", state="WORKING")
    refused = restart(stage, "beta")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "seat 'beta' is WORKING" in refused.stderr

    done = restart(stage, "alpha")
    assert (done.returncode, done.stderr) == (0, "")
    session = before["alpha"]["session"]
    assert f"with session {session}" in done.stdout
    now = until(stage, "alpha", state="IDLE")
    assert now["run"] != before["alpha"]["run"]
    assert not processes.is_alive(before["alpha"]["pid"])
    assert now["argv"][-2:] == ["resume", session]
    panes["alpha"].shows("remember the codeword of alpha")

    panes["beta"].shows("beta has waited.")  # the turn that ran meanwhile ended well
    for name in ("beta", "gamma"):
        assert {key: record(stage, name)[key] for key in ("pid", "run")} == {
            key: before[name][key] for key in ("pid", "run")
        }
        assert processes.is_alive(before[name]["pid"])
    assert conversation(panes["gamma"]) == gamma
    assert server <= servers(stage)

    stage.provider.queue.append(Text("alpha goes on."))
    say(panes["alpha"], "go on")
    panes["alpha"].shows("alpha goes on.")
    (asked,) = [turn for turn in stage.provider.turns if turn.messages and turn.messages[-1][1] == "go on"]
    texts = [text for _, text in asked.messages]
    assert "remember the codeword of alpha" in texts
    assert not [text for text in texts if "codeword of beta" in text or "codeword of gamma" in text]

    events = [event for event in journal.read(State(stage.state).feed).events if event.subject == "alpha"]
    kinds = [event.type.removeprefix("codexwrap.seat.") for event in events]
    assert kinds == ["started", "exited", "started", "resumed"]
    assert events[-1].data["session"] == session


@pytest.mark.timeout(120)
def test_the_pane_is_left_as_it_was_when_the_restarted_program_ends(tmp_path: Path) -> None:
    need("tmux")
    with Provider() as provider, Stage(codex("0.169.0"), provider=provider) as stage, ExitStack() as stack:
        environ = [f"{key}={value}" for key, value in stage.environ.items()]
        own = [sys.executable, "-P", "-m", "codexwrap", "--seat", "alpha", str(stage.codex), *stage.isolation]
        words = shlex.join(["env", "-i", *environ, f"PYTHONPATH={Path.cwd()}", *own])
        pane = Pane(
            f"cd {shlex.quote(str(stage.project))} && stty -a && {words}; echo ended $?; stty -a; read x", tmp_path
        )
        stack.callback(pane.kill)
        until(stage, "alpha", state="IDLE")
        nothing = restart(stage, "alpha")
        assert nothing.returncode == 1
        assert "has no session that is known yet; --force starts it anew" in nothing.stderr
        first = record(stage, "alpha")
        assert restart(stage, "alpha", "--force").returncode == 0
        now = until(stage, "alpha", state="IDLE")
        assert now["run"] != first["run"]
        pane.key("C-c")
        subprocess.run(["sleep", "0.3"], check=True)
        pane.key("C-c")
        shown = pane.shows("ended ")
        assert "ended 0" in shown
        assert pane.ask("#{alternate_on}") == "0"
        assert pane.ask("#{mouse_any_flag}") == "0"
        eventually(lambda: "icanon" in pane.text().partition("ended")[2])
        assert "-icanon" not in pane.text().partition("ended")[2]


def test_a_seat_that_does_not_run_is_not_restarted(tmp_path: Path) -> None:
    environ = {**os.environ, "CODEXWRAP_HOME": str(tmp_path)}
    command = [sys.executable, "-P", "-m", "codexwrap", "restart", "nobody"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "codexwrap: no seat 'nobody' runs here: codexwrap status lists the seats\n",
    )
