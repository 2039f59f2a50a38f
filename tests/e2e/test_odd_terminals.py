"""The real Codex as a seat on terminals that nobody would choose."""

from pathlib import Path

import pytest

from codexwrap import seats
from codexwrap.drill import measure, run
from codexwrap.drill.causes import CAUSES
from codexwrap.drill.driver import Terminal
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from codexwrap.paths import State
from tests.support import codex, eventually


def _logs(state: State) -> list[Path]:
    return [*state.root.rglob("*.log")]


@pytest.mark.timeout(120)
def test_a_window_of_one_cell_neither_kills_the_watch_nor_is_a_death() -> None:
    with Provider() as provider, Stage(codex(), provider=provider, columns=1, lines=1) as stage:
        state = State(stage.state)
        with stage.seat("alpha") as terminal:
            terminal.settle(2)
            eventually(lambda: seats.load(state, "alpha"))
            terminal.resize(80, 24)
            run.first_turn(terminal, provider)
            terminal.resize(1, 1)
            terminal.settle(1)
            terminal.resize(80, 24)
            terminal.settle(1)
            assert [event.type for event in measure.feed(state) if event.type != "codexwrap.seat.started"] == []
            CAUSES["usage_limit"].break_it(provider)
            terminal.type("go on")
            dead = measure.wait_for_event(state, "seat.dead", 30)
            assert dead is not None
            assert dead.data["cause"] == "limit.usage"
        assert _logs(state) == []


@pytest.mark.timeout(120)
def test_without_a_terminal_type_the_seat_says_what_codex_alone_says() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        environ = {name: value for name, value in stage.environ.items() if name != "TERM"}
        alone = [str(stage.codex), *stage.isolation]
        with Terminal(alone, cwd=stage.project, env=environ, columns=stage.columns, lines=stage.lines) as unwrapped:
            unwrapped.settle(2)
            expected = unwrapped.rows()
        assert "".join(expected).strip()
        stage.environ = environ
        with stage.seat("alpha") as terminal:
            terminal.settle(2)
            assert terminal.rows() == expected
            eventually(lambda: seats.load(State(stage.state), "alpha"))
        assert _logs(State(stage.state)) == []
