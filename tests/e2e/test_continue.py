"""A real seat whose provider is back: its report says so, and a line is typed where its user asked for that."""

from pathlib import Path

import pytest

from codexwrap import journal, seats
from codexwrap.drill import codexhome, measure, refusals, run
from codexwrap.drill.answers import Text
from codexwrap.drill.driver import Terminal
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from codexwrap.drill.tokens import Login
from codexwrap.events import Event
from codexwrap.paths import State
from tests.support import codex, eventually

LINE = "go on where you stopped"


def acts(stage: Stage) -> list[Event]:
    found = journal.read(State(stage.state).feed).events
    return [event for event in found if event.type == "codexwrap.seat.continued"]


def kill(stage: Stage, terminal: Terminal) -> None:
    run.first_turn(terminal, stage.provider)
    stage.provider.accepted = set()
    stage.provider.refresh = refusals.REFRESH_REVOKED
    terminal.type("please do the next step")
    dead = measure.wait_for_event(State(stage.state), "seat.dead", 40)
    assert dead is not None
    assert dead.data["cause"].startswith("auth.")
    stage.provider.default = Text("I go on.")


def sign_in(stage: Stage, account: str | None = None) -> None:
    stage.provider.accepted = None
    stage.provider.refresh = None
    login = Login(token="access-2", refresh_token="refresh-2")
    codexhome.replace_auth(stage.home, login if account is None else login._replace(account=account))


def remedy(stage: Stage) -> str:
    return str((seats.load(State(stage.state), "alpha") or {})["remedy"])


@pytest.mark.timeout(120)
def test_after_a_new_sign_in_the_line_is_typed_once_and_the_seat_lives() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        (stage.root / "config.toml").write_text(f'continue = "{LINE}"\n')
        with stage.seat("alpha") as terminal:
            kill(stage, terminal)
            terminal.settle(5)
            assert acts(stage) == []
            assert LINE.replace(" ", "") not in terminal.squashed()
            sign_in(stage)
            assert measure.wait_for_event(State(stage.state), "seat.alive", 40)
            terminal.wait_for("Igoon", 20)
            terminal.settle(5)
            (act,) = acts(stage)
            assert {key: act.data[key] for key in ("line", "outcome", "try")} == {
                "line": LINE,
                "outcome": "sent",
                "try": 1,
            }
            asked = [text for turn in provider.turns for role, text in turn.messages[-1:] if role == "user"]
            assert asked.count(LINE) >= 1
            assert terminal.squashed().count(LINE.replace(" ", "")) == 1


@pytest.mark.timeout(120)
def test_what_its_user_is_writing_is_left_alone() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        (stage.root / "config.toml").write_text(f'continue = "{LINE}"\n')
        with stage.seat("alpha") as terminal:
            kill(stage, terminal)
            terminal.type("half a tho", enter=False)
            sign_in(stage)
            eventually(lambda: "the next prompt will work" in remedy(stage))
            terminal.settle(8)
            assert acts(stage) == []
            assert "›halfatho" in terminal.squashed()


@pytest.mark.timeout(120)
def test_unless_it_was_asked_for_nothing_is_typed_and_the_report_says_that_the_next_prompt_will_work() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            kill(stage, terminal)
            assert not state.keys("alpha").exists()
            shown = terminal.text()
            sign_in(stage)
            eventually(lambda: "the next prompt will work" in remedy(stage))
            report = next(Path(state.dead_seats).iterdir())
            eventually(lambda: "the next prompt will work" in report.read_text())
            terminal.settle(5)
            assert terminal.text() == shown
            terminal.type("go on")
            terminal.wait_for("Igoon", 20)
            assert measure.wait_for_event(state, "seat.alive", 30)


@pytest.mark.timeout(120)
def test_after_a_sign_in_to_another_account_nothing_is_typed() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        (stage.root / "config.toml").write_text(f'continue = "{LINE}"\n')
        with stage.seat("alpha") as terminal:
            kill(stage, terminal)
            sign_in(stage, "acct-other")
            eventually(lambda: "Another account has signed in" in remedy(stage))
            terminal.settle(6)
            assert acts(stage) == []
            assert LINE.replace(" ", "") not in terminal.squashed()
