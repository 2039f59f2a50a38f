"""The main job, on the real Codex: a good turn, a death, checkpoint, DEAD, a new sign-in, the seat back with its context."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codexwrap import checkpoint, journal
from codexwrap.drill import measure, refusals, run
from codexwrap.drill.answers import HttpError, Text
from codexwrap.drill.causes import CAUSES, Cause
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import TICKET, Stage
from codexwrap.paths import State
from tests.support import codex, eventually

SIZES = [(80, 24), (120, 40), (50, 20)]


def _revoke_after_refresh(provider: Provider) -> None:
    """The token endpoint hands out tokens that the provider refuses, too."""
    provider.default = refusals.TOKEN_REVOKED


TRIGGERS = [
    CAUSES["token_revoked"],
    Cause("token_revoked_401", "auth.token_revoked", break_it=_revoke_after_refresh),
    CAUSES["workspace_credits"],
    Cause(
        "spend_cap",
        "credits.spend_cap",
        break_it=lambda provider: setattr(
            provider, "default", refusals.workspace_limit("workspace_member_usage_limit_reached")
        ),
    ),
    CAUSES["usage_limit"],
    CAUSES["rate_limit"],
]


@pytest.mark.timeout(150)
@pytest.mark.parametrize(("columns", "lines"), SIZES, ids=str)
@pytest.mark.parametrize("cause", TRIGGERS, ids=lambda cause: cause.name)
def test_each_trigger_is_seen_kept_posted_and_resumed_at_each_size(cause: Cause, columns: int, lines: int) -> None:
    result = run.run(cause, codex(), columns=columns, lines=lines)
    assert result["ok"], result


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["decoy_quotes", "decoy_retries"])
def test_a_living_seat_stays_alive(name: str) -> None:
    result = run.run(CAUSES[name], codex())
    assert result == {**result, "verdict": "ALIVE", "ok": True}, result


@pytest.mark.timeout(120)
def test_the_checkpoint_says_what_a_new_session_needs() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            CAUSES["usage_limit"].break_it(provider)
            terminal.type("write the tests of the parser")
            dead = measure.wait_for_event(state, "seat.dead", 30)
            assert dead is not None
            path = Path(dead.data["checkpoint"])
            eventually(lambda: checkpoint.load(path).record["snapshot"]["state"] == checkpoint.TAKEN)
        saved = checkpoint.load(path)
        record = saved.record
        assert (record["seat"], record["ticket"], record["cause"]) == ("alpha", TICKET, "limit.usage")
        assert record["prompt"] == "write the tests of the parser"
        assert record["git"]["branch"] == f"{TICKET}-parser"
        assert {file["path"] for file in record["git"]["files"]} == {"parser.py", "notes.txt"}
        snapshot = f"{record['snapshot']['ref']}:notes.txt"
        kept = subprocess.run(["git", "show", snapshot], cwd=stage.project, capture_output=True, text=True, check=True)
        assert kept.stdout == "to do: quotes\nstarted\n"
        assert re.fullmatch(r"[0-9a-f-]{36}", record["session"]["id"])
        assert record["resume"].endswith(f"resume {record['session']['id']}")
        assert any("hit your usage limit" in row.replace("’", "'") for row in record["screen"])
        assert "write the tests of the parser" in saved.path.with_suffix(".md").read_text()
        assert dead.data["item"] == {"id": TICKET, "from": "IN_PROGRESS", "to": "BLOCKED-on-seat-death"}
        assert {each["witness"] for each in dead.data["evidence"]} == {"screen", "status", "rollout"}
        answer = provider.turns[-1].answer
        assert isinstance(answer, HttpError)
        assert isinstance(answer.body, dict)
        assert abs(dead.data["resets_at"] - answer.body["error"]["resets_at"]) < 60
        report = next(state.dead_seats.iterdir()).read_text()
        assert f"work item: {TICKET}" in report


@pytest.mark.timeout(120)
def test_a_later_turn_that_ends_well_brings_the_seat_back_to_life() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            provider.default = refusals.RATE_LIMIT
            terminal.type("next")
            assert measure.wait_for_event(state, "seat.dead", 30)
            terminal.settle(1)
            terminal.type("and again")
            terminal.settle(2)
            provider.default = Text("Here I am again.")
            terminal.type("go on")
            assert measure.wait_for_event(state, "seat.alive", 30)
        kinds = [event.type.removeprefix("codexwrap.") for event in journal.read(state.feed).events]
        assert kinds.count("seat.dead") == 1  # three prompts into a zombie are one episode
        alive = next(event for event in journal.read(state.feed).events if event.type == "codexwrap.seat.alive")
        assert alive.data["item"] == {"id": TICKET, "from": "BLOCKED-on-seat-death", "to": "IN_PROGRESS"}


def _process_of(stage: Stage, what: Callable[[str], bool]) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(stage.root).encode() in environ and what(command):
            return int(folder.name)
    return 0


def _seat(state: State) -> dict[str, Any]:
    record = json.loads((state.seat("alpha") / "seat.json").read_text())
    assert isinstance(record, dict)
    return record


@pytest.mark.timeout(120)
def test_a_killed_wrapper_is_posted_by_its_sidecar() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            pump = _process_of(stage, lambda command: "--seat alpha" in command and "codexwrap" in command)
            os.kill(pump, signal.SIGKILL)
            dead = measure.wait_for_event(state, "seat.dead", 30)
        assert dead is not None
        assert dead.data["cause"] == "process.wrapper_lost"
        assert checkpoint.load(Path(dead.data["checkpoint"])).record["ticket"] == TICKET


@pytest.mark.timeout(120)
def test_a_killed_sidecar_is_started_again_and_the_seat_does_not_notice() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            first = _seat(state)["sidecar"]
            os.kill(first, signal.SIGKILL)
            eventually(lambda: _process_of(stage, lambda command: "codexwrap.sidecar" in command) not in (0, first))
            provider.default = Text("Nothing happened here.")
            terminal.type("still there")
            terminal.wait_for("Nothinghappenedhere")
            provider.default = refusals.RATE_LIMIT
            terminal.settle(1)
            terminal.type("next")
            dead = measure.wait_for_event(state, "seat.dead", 30)
            assert dead is not None
            assert dead.data["cause"] == "limit.rate"
            second = _seat(state)["sidecar"]
            os.kill(second, signal.SIGKILL)
            eventually(lambda: _process_of(stage, lambda command: "codexwrap.sidecar" in command) not in (0, second))
            provider.default = Text("All good.")
            terminal.settle(1)
            terminal.type("and now")
            assert measure.wait_for_event(state, "seat.alive", 30)
        kinds = [event.type.removeprefix("codexwrap.") for event in journal.read(state.feed).events]
        assert kinds.count("seat.dead") == 1
        assert kinds.count("seat.started") == 1
