"""Real seats go on: after all that watched them was lost at once, and in a new session where the old one is no more."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap import checkpoint, seats, shelf
from codexwrap.drill import codexhome, measure, refusals, run
from codexwrap.drill.answers import Text
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import TICKET, Stage
from codexwrap.drill.tokens import Login
from codexwrap.paths import State
from tests.support import codex, eventually


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Provider() as provider, Stage(codex("0.169.0"), provider=provider) as own:
        yield own


def resumed(stage: Stage, *options: str) -> list[str]:
    """What the provider is sent by a seat that was resumed and asked to go on; the screen shows nothing else."""
    provider = stage.provider
    provider.default = Text("I go on.")
    before = len(provider.turns)
    with stage.wrapped("resume", "alpha", *options) as terminal:
        terminal.wait_for("›", 60)
        terminal.settle(1)
        if len(provider.turns) == before:
            terminal.type("go on")
        terminal.wait_for("Igoon", 40)
        terminal.settle(1)
    return [text for turn in provider.turns[before:] for _, text in turn.messages]


def newest(stage: Stage, trigger: str) -> shelf.Saved | None:
    found, _ = checkpoint.all_of(State(stage.state), "alpha")
    return next((saved for saved in found if saved.record["trigger"] == trigger), None)


@pytest.mark.timeout(120)
def test_when_wrapper_and_sidecar_and_codex_die_at_once_the_last_turn_is_kept_and_resumed(stage: Stage) -> None:
    state = State(stage.state)
    with stage.seat("alpha") as terminal:
        run.first_turn(terminal, stage.provider)
        eventually(lambda: (saved := newest(stage, "TURN")) and "started" in _notes(stage, saved))
        record = seats.load(state, "alpha") or {}
        wrapper = seats.holder(state, "alpha")
        assert wrapper
        group = os.getpgid(record["pid"])  # Codex is two processes: a launcher, and itself
        for pid in (record["sidecar"], wrapper):
            os.kill(pid, signal.SIGKILL)
        os.killpg(group, signal.SIGKILL)
        eventually(lambda: not seats.is_held(state, "alpha"))
    assert measure.wait_for_event(state, "seat.dead", 0.2) is None  # nobody was left to say so
    saved = newest(stage, "TURN")
    assert saved is not None
    assert (saved.record["ticket"], saved.record["session"]["version"]) == (TICKET, "0.169.0")
    assert shelf.unresumed(state, "alpha") == saved
    (stage.project / "notes.txt").unlink()
    texts = resumed(stage, "--restore")
    assert "remember the codeword PELICAN and start" in texts
    assert (stage.project / "notes.txt").read_text() == "to do: quotes\nstarted\n"


def _notes(stage: Stage, saved: shelf.Saved) -> str:
    commit = (saved.record["snapshot"] or {}).get("commit")
    shown = subprocess.run(["git", "show", f"{commit}:notes.txt"], cwd=stage.project, capture_output=True, text=True)
    return shown.stdout


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", ["its file is gone", "another account"])
def test_a_new_session_is_told_what_was_done_and_what_remains(stage: Stage, how: str) -> None:
    state = State(stage.state)
    with stage.seat("alpha") as terminal:
        run.first_turn(terminal, stage.provider)
        stage.provider.accepted = set()
        stage.provider.refresh = refusals.REFRESH_REVOKED
        terminal.type("please do the next step")
        dead = measure.wait_for_event(state, "seat.dead", 40)
        assert dead is not None
        path = Path(dead.data["checkpoint"])
        eventually(lambda: checkpoint.load(path).record["snapshot"]["state"] == checkpoint.TAKEN)
    stage.provider.accepted, stage.provider.refresh = None, None
    login = Login(token="access-2", refresh_token="refresh-2")
    if how == "another account":
        login = login._replace(account="account-2")
        stage.provider.accounts = ["account-2"]
    else:
        shutil.rmtree(stage.home / "sessions")
    codexhome.replace_auth(stage.home, login)
    texts = resumed(stage)
    (told,) = {text for text in texts if text.startswith("# Hand-over of seat alpha")}
    assert "please do the next step" in told
    assert TICKET in told
    assert checkpoint.load(path).record["snapshot"]["commit"][:12] in told
    assert "remember the codeword PELICAN and start" not in texts
    assert checkpoint.claimed(path)
