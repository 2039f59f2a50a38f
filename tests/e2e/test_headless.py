"""The real Codex without a terminal, wrapped: its streams are its own, and its death is seen."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from codexwrap import checkpoint
from codexwrap.drill import measure
from codexwrap.drill.answers import HttpError, Shell, Text
from codexwrap.drill.causes import CAUSES
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import TICKET, Stage
from codexwrap.events import Event
from codexwrap.paths import State
from tests.appserver import AppServer
from tests.support import codex, eventually

ROOT = Path(__file__).parents[2]
WRAPPER = (sys.executable, "-P", "-m", "codexwrap", "--seat", "alpha")
TRIGGERS = [cause for cause in CAUSES.values() if cause.expected]


def execute(stage: Stage, *arguments: str, wrapped: bool = True) -> "subprocess.CompletedProcess[str]":
    program = [*(WRAPPER if wrapped else ()), str(stage.codex), "exec", *arguments, "go on"]
    return subprocess.run(
        program,
        cwd=stage.project,
        env={**stage.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )


def told(stage: Stage) -> list[Event]:
    """What is on the feed once the seat has ended, but for its start."""
    state = State(stage.state)
    eventually(lambda: [event for event in measure.feed(state) if event.type == "codexwrap.seat.exited"])
    return [event for event in measure.feed(state) if event.subject == "alpha"][1:-1]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["plain", "json"])
@pytest.mark.parametrize("cause", TRIGGERS, ids=lambda cause: cause.name)
def test_codex_exec_that_dies_is_dead_with_its_own_exit_status(cause: Any, arguments: list[str]) -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        cause.break_it(provider)
        done = execute(stage, *arguments)
        assert done.returncode == 1
        dead, item = told(stage)
        assert (dead.type, dead.data["cause"]) == ("codexwrap.seat.dead", cause.expected)
        assert item.data["item"] == {"id": TICKET, "from": "IN_PROGRESS", "to": "BLOCKED-on-seat-death"}
        assert checkpoint.load(Path(dead.data["checkpoint"])).record["ticket"] == TICKET
        if arguments:
            assert json.loads(done.stdout.splitlines()[-1])["type"] == "turn.failed"


@pytest.mark.timeout(120)
def test_codex_exec_that_ends_well_is_no_death_and_its_streams_are_as_without_us() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        provider.default = Text("401 Unauthorized token_revoked: You've hit your usage limit.")
        wrapped, alone = execute(stage, "--json"), execute(stage, "--json", wrapped=False)
        assert wrapped.returncode == alone.returncode == 0
        assert [*map(_kind, wrapped.stdout.splitlines())] == [*map(_kind, alone.stdout.splitlines())]
        assert "■" not in wrapped.stderr
        assert told(stage) == []


@pytest.mark.timeout(120)
def test_a_retry_that_goes_well_is_no_death() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        provider.queue.extend([HttpError(503, {"error": {"message": "try again"}}), Text("Done.")])
        assert execute(stage, "--json").returncode == 0
        assert told(stage) == []


def _kind(line: str) -> object:
    found = json.loads(line)
    return found["type"], found.get("item", {}).get("type"), found.get("item", {}).get("text")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("cause", TRIGGERS, ids=lambda cause: cause.name)
def test_a_wrapped_app_server_dies_and_comes_back(cause: Any) -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        stage.environ = {**stage.environ, "PYTHONPATH": str(ROOT)}
        state = State(stage.state)
        with AppServer(stage, *WRAPPER, str(stage.codex)) as server:
            provider.queue.extend([Shell("echo started >> notes.txt"), Text("The first step is done.")])
            assert server.turn("begin") == "completed"
            assert [event.type for event in measure.feed(state)] == ["codexwrap.seat.started"]
            cause.break_it(provider)
            assert server.turn("go on") == "failed"
            dead = measure.wait_for_event(state, "seat.dead", 20)
            assert dead is not None
            assert dead.data["cause"] == cause.expected
            saved = checkpoint.load(Path(dead.data["checkpoint"])).record
            assert saved["session"]["id"] == server.thread
            if cause.expected.startswith("limit.usage"):
                assert dead.data["resets_at"] > time.time()
