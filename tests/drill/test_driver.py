"""A program on a terminal, used like a person would."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codexwrap.drill.driver import Terminal, TimeoutExpiredError, squash
from tests.support import eventually

Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs, and ends them after the test; nothing of them may be left."""
    threads = threading.active_count()
    started: list[Terminal] = []

    def it(*argv: str, **options: object) -> Terminal:
        env = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        started.append(Terminal(argv, cwd=tmp_path, env=env, **options))  # type: ignore[arg-type]
        return started[-1]

    yield it
    for terminal in started:
        terminal.close()
        assert terminal.status is not None
    assert threading.active_count() == threads


def test_a_program_gets_a_terminal_of_the_size_asked_for(start: Start) -> None:
    terminal = start("sh", "-c", "tty; stty size; echo $PWD", columns=70, lines=9)
    terminal.wait_for(r"/dev/.*970/")
    assert terminal.wait() == 0


def test_what_is_typed_reaches_the_program_and_its_answer_the_screen(start: Start) -> None:
    terminal = start("sh", "-c", "read line; echo got-$line")
    terminal.type("hello")
    terminal.wait_for("got-hello")
    assert "got-hello" in terminal.rows()


def test_waiting_for_what_never_comes_shows_the_screen(start: Start) -> None:
    terminal = start("sh", "-c", "echo only this; read line")
    with pytest.raises(TimeoutExpiredError, match="only this"):
        terminal.wait_for("something else", timeout=0.3)


def test_waiting_ends_with_the_program(start: Start) -> None:
    terminal = start("sh", "-c", "echo bye; exit 3")
    with pytest.raises(TimeoutExpiredError, match="bye"):
        terminal.wait_for("something else", timeout=600)
    assert terminal.wait() == 3


def test_waiting_takes_a_predicate_too(start: Start, tmp_path: Path) -> None:
    terminal = start("sh", "-c", f"read line; touch {tmp_path}/made; read line")
    terminal.send("\r")
    terminal.wait_for((tmp_path / "made").exists)


def test_output_is_read_while_nobody_waits(start: Start, tmp_path: Path) -> None:
    start("sh", "-c", f"seq 1 200000; touch {tmp_path}/done; read line")
    eventually((tmp_path / "done").exists)


def test_chunks_hold_all_output_in_order_with_their_times(start: Start) -> None:
    terminal = start("sh", "-c", "stty -onlcr; seq 1 3000")
    terminal.wait()
    assert b"".join(chunk.data for chunk in terminal.chunks).split() == [b"%d" % n for n in range(1, 3001)]
    times = [terminal.started, *(chunk.time for chunk in terminal.chunks)]
    assert times == sorted(times)


def test_a_resize_reaches_the_program_the_screen_and_the_recording(start: Start) -> None:
    terminal = start("sh", "-c", "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done")
    terminal.wait_for("ready")
    terminal.resize(100, 30)
    terminal.wait_for("30100")
    assert len(terminal.rows()) == 30
    assert [chunk.size for chunk in terminal.chunks if chunk.size] == [(100, 30)]


ASK = """
import os, sys, tty
tty.setraw(0)
os.write(1, b"abc\\x1b[6n")
answer = os.read(0, 100)
os.write(1, b"answer" + answer[2:])
"""


def test_queries_are_answered_as_a_terminal_does(start: Start) -> None:
    terminal = start(sys.executable, "-c", ASK)
    terminal.wait_for("abcanswer1;4R")


def test_queries_can_be_left_unanswered(start: Start) -> None:
    terminal = start(sys.executable, "-c", ASK, answers=False)
    terminal.wait_for("abc")
    terminal.send("no")
    terminal.wait_for("abcanswer$")


def test_settling_waits_until_the_program_is_quiet(start: Start) -> None:
    terminal = start("sh", "-c", "for n in 1 2 3 4 5; do echo tick$n; sleep 0.1; done; read line")
    terminal.settle(quiet=0.5)
    assert "tick5" in terminal.rows()


def test_settling_gives_up_on_a_program_that_is_never_quiet(start: Start) -> None:
    terminal = start("sh", "-c", "while :; do echo x; sleep 0.01; done")
    terminal.settle(quiet=5, timeout=0.2)
    assert terminal.status is None


def test_closing_ends_a_program_that_does_not_want_to(tmp_path: Path) -> None:
    deaf = f"trap '' TERM HUP INT; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    terminal = Terminal(["sh", "-c", deaf], cwd=tmp_path, env=dict(os.environ))
    eventually((tmp_path / "pid").exists)
    terminal.close()
    assert terminal.status == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="members of a session are found through /proc")
def test_closing_ends_what_the_program_left_in_its_session(tmp_path: Path) -> None:
    script = f"set -m; sh -c 'trap \"\" HUP TERM; echo $$ > {tmp_path}/pid; exec sleep 600' & read line"
    terminal = Terminal(["bash", "-c", script], cwd=tmp_path, env=dict(os.environ))
    pid = int(eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    terminal.close()
    eventually(lambda: not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes())


def test_a_program_that_is_not_there_fails_on_the_screen(start: Start) -> None:
    assert start("no-such-program-here").wait() == 127


def test_squashed_text_has_no_blanks_and_plain_quotes() -> None:
    assert squash("You’ve hit\n your  limit") == "You'vehityourlimit"
