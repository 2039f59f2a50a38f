"""The real Codex: a death blocks the item, is told once, keeps others off the credential, and is over with a turn."""

import json
import subprocess
import sys

import pytest

from codexwrap import journal, wake
from codexwrap.drill import codexhome, measure, run
from codexwrap.drill.answers import Text
from codexwrap.drill.causes import CAUSES
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import TICKET, Stage
from codexwrap.drill.tokens import Login
from codexwrap.paths import State
from tests.support import codex, eventually


def shown(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "codexwrap", *arguments]
    return subprocess.run(
        command, cwd=stage.project, env=dict(stage.environ), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def state_of_item(stage: Stage) -> str:
    (item,) = json.loads(shown(stage, "feed", "items", "--json").stdout)
    assert item["id"] == TICKET
    return str(item["state"])


@pytest.mark.timeout(150)
def test_a_burned_sign_in_from_the_death_to_the_turn_that_ends_well() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        out, config = stage.root / "told", stage.root / "config.toml"
        config.write_text(f'[alerts.operator]\nkind = "command"\nargv = ["/bin/sh", "-c", "cat >> {out}"]\n')
        root = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            assert state_of_item(stage) == "IN_PROGRESS"
            CAUSES["token_revoked"].break_it(provider)
            terminal.type("please do the next step")
            dead = measure.wait_for_event(root, "seat.dead", 45)
            assert dead is not None
            eventually(lambda: out.exists() and "Incident:" in out.read_text())
            said = out.read_text()
            assert said.startswith("codexwrap: DEAD: seat alpha, auth.token_revoked\n")
            assert f"Checkpoint: {dead.data['checkpoint']}\n" in said
            assert "Then: codexwrap resume alpha\n" in said
            assert state_of_item(stage) == "BLOCKED-on-seat-death"
            refused = shown(stage, "--seat", "beta", str(stage.codex))
            assert (refused.returncode, refused.stdout) == (69, "")
            assert "alpha died of auth.token_revoked" in refused.stderr
            provider.accepted = None
            codexhome.replace_auth(stage.home, Login(token="access-2", refresh_token="refresh-2"))
            provider.refresh = None
            provider.default = Text("I go on.")
            terminal.settle(1)
            terminal.type("go on")
            assert measure.wait_for_event(root, "seat.alive", 45) is not None
        eventually(lambda: "OVER: seat alpha" in out.read_text())
        assert out.read_text().count("DEAD: ") == 1
        assert state_of_item(stage) == "IN_PROGRESS"
        assert "no incident is open" in shown(stage, "feed", "incidents").stdout
        assert [event for event in journal.read(root.feed).events if event.type == "codexwrap.item.changed"]
        config.write_text("")
        eventually(lambda: not wake.is_running(root.root))


@pytest.mark.timeout(150)
def test_a_burned_sign_in_is_over_with_a_turn_of_the_next_run() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        root = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            CAUSES["token_revoked"].break_it(provider)
            terminal.type("please do the next step")
            dead = measure.wait_for_event(root, "seat.dead", 45)
            assert dead is not None
        assert measure.wait_for_event(root, "seat.exited", 20) is not None
        provider.accepted = None
        codexhome.replace_auth(stage.home, Login(token="access-2", refresh_token="refresh-2"))
        provider.refresh = None
        provider.default = Text("I go on.")
        with stage.seat("alpha") as terminal:
            terminal.wait_for(r"Y/n")
            terminal.type("n")  # not what died here: something new
            run.first_turn(terminal, provider)
            alive = measure.wait_for_event(root, "seat.alive", 45)
            assert alive is not None
        assert alive.data["credential"] == dead.data["credential"]
        assert alive.data["credential_at"] > dead.data["credential_at"]
        assert alive.data["item"] == {"id": TICKET, "from": "BLOCKED-on-seat-death", "to": "IN_PROGRESS"}
        assert "no incident is open" in shown(stage, "feed", "incidents").stdout
        eventually(lambda: not wake.is_running(root.root))
