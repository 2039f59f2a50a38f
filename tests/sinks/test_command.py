import json
import os
import sys
from pathlib import Path

import pytest

from codexwrap import events, processes
from codexwrap.errors import UsageError
from codexwrap.sinks import command
from codexwrap.sinks.command import Settings, Sink
from codexwrap.sinks.outcome import LaterError, NotTakenError, RefusedError, StuckError
from codexwrap.sinks.tables import Table
from tests.support import eventually

EVENT = events.new("item.changed", seat="a", data={"item": {"id": "a\n$(touch x)\u202e'; rm", "to": "DONE"}})


def failure(script: str, *, timeout: float = 30.0) -> NotTakenError:
    with pytest.raises(NotTakenError) as error:
        Sink(Settings(["/bin/sh", "-c", script], timeout), dict(os.environ)).send([EVENT])
    return error.value


def test_each_event_is_one_line_on_the_stdin_of_a_run_of_its_own(tmp_path: Path) -> None:
    code = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + '--')"
    Sink(Settings([sys.executable, "-c", code, str(tmp_path / "x; touch y")]), dict(os.environ)).send([EVENT, EVENT])
    first, second, rest = (tmp_path / "x; touch y").read_text().split("--")
    assert first == second == EVENT.to_line().decode()
    assert json.loads(first)["data"] == EVENT.data
    assert rest == ""


def test_how_it_ends_says_what_becomes_of_the_event() -> None:
    assert isinstance(failure("exit 1"), LaterError)
    assert isinstance(failure("exit 65"), RefusedError)
    assert "ended with 3: no\u00a0such[2J key" in str(failure("printf 'x\\nno\u00a0such\\033[2J key\\n' >&2; exit 3"))
    assert "ended with -9" in str(failure("kill -9 $$"))


def test_a_program_that_is_not_there_is_for_somebody_to_mend(tmp_path: Path) -> None:
    with pytest.raises(StuckError, match="No such file"):
        Sink(Settings([str(tmp_path / "none")]), {}).send([EVENT])


def test_one_that_takes_too_long_ends_with_all_that_it_started(tmp_path: Path) -> None:
    assert "took more than" in str(failure(f"sleep 600 & echo $! > {tmp_path}/pid; wait", timeout=0.5))
    pid = int((tmp_path / "pid").read_text())
    eventually(lambda: not processes.is_alive(pid) or "Z" in Path(f"/proc/{pid}/stat").read_text())


def test_one_that_does_not_read_its_stdin_took_the_event_if_it_says_so() -> None:
    Sink(Settings(["/bin/sh", "-c", "exec 0<&-"]), dict(os.environ)).send([EVENT])


def test_secrets_of_the_environment_are_not_in_what_is_told() -> None:
    with pytest.raises(LaterError) as error:
        Sink(Settings(["/bin/sh", "-c", 'echo "bad $MY_TOKEN" >&2; exit 1']), {"MY_TOKEN": "abcdefgh1234"}).send(
            [EVENT]
        )
    assert "abcdefgh1234" not in str(error.value)


@pytest.mark.parametrize("values", [{}, {"argv": []}, {"argv": "true"}, {"argv": [""]}, {"argv": ["x"], "timeout": 0}])
def test_bad_settings_are_told(values: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"argv|timeout"):
        command.read(Table("sinks.x: ", "x", "command", values), values)
