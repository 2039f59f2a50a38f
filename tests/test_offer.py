"""A seat that died is offered its checkpoint when it is started again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codexwrap import checkpoint, paths, seats
from codexwrap.drill.driver import Terminal
from tests.commandline import CODEXWRAP, Done, codexwrap, environment, program, until_all_free
from tests.deaths import died
from tests.support import eventually

Start = Callable[..., Terminal]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    program(tmp_path, "codex", 'printf "up:"; for word; do printf "<%s>" "$word"; done; echo')
    return environment(tmp_path)


@pytest.fixture
def dead(env: dict[str, str]) -> Path:
    return died(paths.state(env), "alpha", cwd=env["HOME"])


@pytest.fixture
def start(env: dict[str, str]) -> Iterator[Start]:
    terminals: list[Terminal] = []

    def run(*arguments: str, **extra: str) -> Terminal:
        own = {**env, **extra}
        terminals.append(Terminal([*CODEXWRAP, *arguments], cwd=Path(env["HOME"]), env=own, columns=200))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()
    until_all_free(env)


SEAT = ("--seat", "alpha", "codex")


def plain(env: dict[str, str], *arguments: str, **extra: str) -> Done:
    done = codexwrap(*arguments, env={**env, **extra}, cwd=Path(env["HOME"]))
    until_all_free(env)
    return done


@pytest.mark.parametrize("answer", ["", "y", "YES"])
def test_who_agrees_goes_on(dead: Path, start: Start, answer: str) -> None:
    terminal = start(*SEAT)
    terminal.wait_for(r"seatalphadiedof.*now\?\[Y/n\]")
    terminal.type(answer)
    terminal.wait_for("up:<#Hand-overofseatalpha|up:<resume>")
    terminal.wait()
    assert checkpoint.claimed(dead)


@pytest.mark.parametrize("answer", ["n", "No"])
def test_who_declines_starts_as_ever(dead: Path, start: Start, answer: str) -> None:
    terminal = start("seat", "alpha")
    terminal.wait_for(r"\[Y/n\]")
    terminal.type(answer)
    terminal.wait_for(r"up:$|up:\n")
    terminal.wait()
    assert checkpoint.claimed(dead) is None


def test_what_is_typed_behind_the_answer_is_the_programs(
    env: dict[str, str], tmp_path: Path, dead: Path, start: Start
) -> None:
    program(tmp_path, "codex", "read line; echo got $line")
    terminal = start(*SEAT)
    terminal.wait_for(r"\[Y/n\]")
    terminal.send("n\nhello\n")
    terminal.wait_for("gothello")
    terminal.wait()


def test_auto_asks_nobody(env: dict[str, str], dead: Path) -> None:
    done = plain(env, *SEAT, CODEXWRAP_RESUME="auto")
    assert done.stdout.startswith("up:<")
    assert checkpoint.claimed(dead)


@pytest.mark.parametrize("arguments", [["resume", "x"], ["fix it"], ["exec", "fix it"]], ids=str)
def test_what_names_a_session_or_a_prompt_is_never_replaced(
    env: dict[str, str], dead: Path, arguments: list[str]
) -> None:
    done = plain(env, *SEAT, *arguments, CODEXWRAP_RESUME="auto")
    assert done.stdout == f"up:{''.join(f'<{word}>' for word in arguments)}\n"
    assert "seat alpha died of" in done.stderr
    assert checkpoint.claimed(dead) is None


def test_never_only_says_so(env: dict[str, str], dead: Path, start: Start) -> None:
    terminal = start(*SEAT, CODEXWRAP_RESUME="never")
    terminal.wait_for("up:")
    terminal.wait()
    assert "seatalphadiedof" in terminal.squashed()
    assert "[Y/n]" not in terminal.squashed()


def test_nobody_is_asked_who_cannot_answer(env: dict[str, str], dead: Path) -> None:
    done = plain(env, *SEAT)
    assert done.stdout == "up:\n"
    assert done.stderr.startswith("codexwrap: seat alpha died of ")
    assert "[Y/n]" not in done.stderr


def test_force_and_a_seat_that_did_not_die_are_not_asked(env: dict[str, str], dead: Path) -> None:
    for words in (("--force", *SEAT), ("--seat", "beta", "codex")):
        assert plain(env, *words, CODEXWRAP_RESUME="auto").stdout == "up:\n"
    checkpoint.claim(dead, "somebody")
    assert plain(env, *SEAT, CODEXWRAP_RESUME="auto").stderr == ""


def test_a_seat_that_was_lost_with_its_machine_is_offered_too(env: dict[str, str]) -> None:
    path = died(paths.state(env), "alpha", cwd=env["HOME"], trigger="TURN")
    record = checkpoint.load(path).record
    assert plain(env, *SEAT).stderr == ""
    now = {"seat": "alpha", "state": "WORKING", "cause": None, "since": None, "ticket": None, "checkpoint": None}
    seats.save(paths.state(env), "alpha", {**now, "run": record["run"]})
    assert "seat alpha died of an unknown cause" in plain(env, *SEAT).stderr
    eventually(lambda: (seats.load(paths.state(env), "alpha") or {}).get("state") == "EXITED")
    assert plain(env, *SEAT).stderr == ""
    assert path.exists()
