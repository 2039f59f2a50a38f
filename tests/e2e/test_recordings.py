"""What is recorded of a seat, with the real Codex."""

from pathlib import Path

import pytest

from codexwrap.agents import AGENTS
from codexwrap.drill import measure, run
from codexwrap.drill.answers import HttpError
from codexwrap.drill.causes import CAUSES
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from codexwrap.paths import State
from codexwrap.verdict import replay
from tests.support import codex, eventually


def _judged(path: Path) -> str:
    with replay.opened(path) as (header, records):
        told = replay.judge(header, records, AGENTS["codex"])
    return f"{told['verdict']} {told['cause']}"


@pytest.mark.timeout(120)
def test_a_seat_is_recorded_where_that_is_asked_for_and_judged_again_as_it_was() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        (stage.root / "config.toml").write_text("record = true\n")
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            CAUSES["usage_limit"].break_it(provider)
            terminal.type("go on")
            assert measure.wait_for_event(state, "seat.dead", 30)
        (path,) = state.recordings("alpha").iterdir()
        eventually(lambda: _judged(path) == "DEAD limit.usage")


@pytest.mark.timeout(120)
def test_words_that_nobody_knows_are_a_stall_with_a_recording_to_learn_from() -> None:
    secret = "sk-" + "proj-abcDEF123456ghiJKL789012mnoPQR"
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            provider.default = HttpError(
                418, {"error": {"message": f"The teapot has had enough. {secret}", "code": "teapot"}}
            )
            terminal.type("go on")
            stalled = measure.wait_for_event(state, "seat.stalled", 40)
            assert stalled is not None
            assert stalled.data["cause"] == "unknown.banner"
            assert "teapot" in stalled.data["evidence"][0]["says"]
            (path,) = eventually(lambda: [*state.recordings("alpha").glob("unknown-*.cast")])
        assert _judged(path) == "STALLED unknown.banner"
        kept = [each for each in stage.state.rglob("*") if each.is_file()]
        assert not [each for each in kept if "abcDEF123456" in each.read_text(errors="replace")]
