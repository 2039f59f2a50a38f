"""Real seats kept apart: one credential ends, and the other seat lives on; a seat without the shared server."""

import json
import os
from pathlib import Path

import pytest

from codexwrap import isolation, journal, seats
from codexwrap.drill import codexhome, refusals, run
from codexwrap.drill.answers import Text
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from codexwrap.drill.tokens import Login
from codexwrap.paths import State
from tests.support import codex, eventually


@pytest.mark.timeout(120)
def test_a_seat_with_a_sign_in_of_its_own_outlives_the_end_of_the_others() -> None:
    with Provider() as provider, Stage(codex("0.169.0"), provider=provider) as stage:
        state = State(stage.state)
        (stage.root / "config.toml").write_text('[seats.beta]\nisolate = "home"\n')
        isolation.prepare(isolation.home(state, "beta"), stage.home)
        codexhome.replace_auth(isolation.home(state, "beta"), Login(token="access-beta", refresh_token="refresh-beta"))
        provider.default = Text("Here I am.")
        with stage.seat("alpha") as alpha, stage.seat("beta") as beta:
            for terminal in (alpha, beta):
                terminal.wait_for("›", 60)
                terminal.settle(1)
                terminal.type("hello")
                terminal.wait_for("HereIam", 30)
            provider.accepted = {"access-beta"}
            provider.refresh = refusals.TOKEN_REVOKED
            for terminal in (alpha, beta):
                terminal.settle(1)
                terminal.type("go on")
            eventually(lambda: "seat.dead" in str([event.type for event in journal.read(state.feed).events]), within=40)
            eventually(lambda: beta.squashed().count("HereIam") == 2, within=40)
            beta.settle(1)
        told = [(event.subject, event.type) for event in journal.read(state.feed).events if "dead" in event.type]
        assert told == [("alpha", "codexwrap.seat.dead")]
        home = isolation.home(state, "beta")
        assert (home / "config.toml").is_symlink()
        assert json.loads((home / "auth.json").read_text())["tokens"]["refresh_token"] == "refresh-beta"
        assert list((home / "sessions").rglob("rollout-*.jsonl"))


@pytest.mark.timeout(120)
def test_a_seat_with_a_process_of_its_own_starts_no_shared_server() -> None:
    with Provider() as provider, Stage(codex("0.169.0"), provider=provider) as stage:
        (stage.root / "config.toml").write_text('isolate = "process"\n')
        with stage.wrapped("--seat", "alpha", str(stage.codex)) as terminal:
            run.first_turn(terminal, provider)
            assert "--no-daemon" in (seats.load(State(stage.state), "alpha") or {})["argv"]
            assert not _servers(stage)


def _servers(stage: Stage) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, environ = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(stage.home) in environ and b"app-server" in command:
            found.append(int(folder.name))
    return found
