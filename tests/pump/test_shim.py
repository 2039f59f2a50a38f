"""Job control, as a person at a real shell sees it: the same with the pump as without."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.panes import PUMPED, Pane
from tests.support import eventually, need

# A full-screen program: it stops itself, or its whole job, when told to, and redraws when it goes on.
TUI = """
import os, signal, termios, tty
cooked = termios.tcgetattr(0)
say = lambda text: os.write(1, text.encode() + b"\\r\\n")
tty.setraw(0)
say("READY")
while (key := os.read(0, 1)) != b"q":
    if key not in b"zs":
        say(f"key {key[0]}")
        continue
    termios.tcsetattr(0, termios.TCSADRAIN, cooked)
    say("STOPPING")
    if key == b"z":
        os.kill(0, signal.SIGTSTP)
    else:
        os.kill(os.getpid(), signal.SIGSTOP)
    tty.setraw(0)
    say("BACK {0.columns}x{0.lines}".format(os.get_terminal_size()))
termios.tcsetattr(0, termios.TCSADRAIN, cooked)
say("BYE")
raise SystemExit(7)
"""
SHELLS = {"bash": "bash --norc --noprofile -i", "zsh": "zsh -f -i"}
STOPPED = re.compile(r"Stopped|suspended")


@pytest.fixture
def tui(tmp_path: Path) -> str:
    path = tmp_path / "tui.py"
    path.write_text(TUI)
    return f"{sys.executable} {path}"


@pytest.fixture(params=list(SHELLS))
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pane]:
    need(request.param)
    pane = Pane(SHELLS[request.param], tmp_path)
    try:
        pane.run("PS1='prompt> '")
        pane.shows("prompt> ")
        pane.run("clear")
        yield pane
    finally:
        pane.kill()


@pytest.mark.parametrize("wrapper", ["", PUMPED], ids=["alone", "pumped"])
@pytest.mark.parametrize("key", ["z", "s"], ids=["SIGTSTP to its job", "SIGSTOP to itself"])
def test_a_program_that_stops_itself_gives_the_shell_back_and_goes_on_with_fg(
    shell: Pane, tui: str, wrapper: str, key: str
) -> None:
    shell.run(f"{wrapper} {tui}")
    shell.shows("READY")
    shell.key("C-c")
    shell.key("C-z")
    shell.shows("key 26")
    shell.type(key)
    _stops(shell)
    shell.run("stty -a | grep -o '.icanon'; jobs")
    shell.shows("\n icanon")  # not -icanon
    shell.resize(90, 28)
    shell.run("fg")
    shell.shows("BACK 90x28")
    shell.key("C-c")
    shell.shows("key 3", times=2)
    shell.type("q")
    shell.shows("BYE")
    _ends(shell, status=7)


@pytest.mark.parametrize("wrapper", ["", PUMPED], ids=["alone", "pumped"])
def test_the_terminal_stops_and_the_shell_continues_a_program_that_knows_nothing_of_it(
    shell: Pane, wrapper: str
) -> None:
    shell.run(f"{wrapper} cat")
    _answers(shell)
    shell.key("C-z")
    _stops(shell)
    shell.run("clear; bg")  # it reads, which in the background stops it again
    _stops(shell, asking="clear; jobs")
    shell.run("clear; fg")
    _answers(shell)
    shell.key("C-d")
    _ends(shell, status=0)


@pytest.mark.parametrize("wrapper", ["", PUMPED], ids=["alone", "pumped"])
def test_a_job_in_the_background_runs_and_can_be_killed_or_fetched(shell: Pane, wrapper: str, tmp_path: Path) -> None:
    note, program = tmp_path / "note", tmp_path / "turns.py"
    # No loop of a shell's: dash starts programs by vfork, and a ^Z in the midst of that stops neither of the two.
    program.write_text(f"import time\nwhile True:\n time.sleep(0.1)\n print('turn', file=open({str(note)!r}, 'a'))\n")
    shell.run(f"{wrapper} {sys.executable} {program}")
    eventually(note.exists)
    shell.key("C-z")
    _stops(shell)
    shell.run("bg")
    turns = len(note.read_text())
    eventually(lambda: len(note.read_text()) > turns)
    shell.run("fg")
    eventually(lambda: not _prompts(shell))
    shell.key("C-z")
    _stops(shell, times=2)
    shell.run("bg; kill %1; wait; clear; jobs; echo o''ver")
    assert not STOPPED.search(shell.shows("over"))


def test_started_in_the_background_it_stops_when_it_wants_the_terminal_and_fg_gives_it(shell: Pane, tui: str) -> None:
    shell.run(f"{PUMPED} {tui} &")
    _stops(shell, asking="clear; jobs")
    shell.run("clear; fg")
    shell.shows("READY")
    shell.type("x")
    shell.shows("key 120")
    shell.type("q")
    shell.shows("BYE")


def test_killing_a_stopped_job_ends_the_program_too(shell: Pane, tui: str, tmp_path: Path) -> None:
    shell.run(f"{PUMPED} {tui}")
    shell.shows("READY")
    shell.type("z")
    _stops(shell)
    shell.run("kill -KILL %1; clear")
    eventually(lambda: str(tmp_path / "tui.py") not in _commands())


def test_where_no_shell_could_continue_it_a_stop_is_not_one(tmp_path: Path, tui: str) -> None:
    pane = Pane(f"{PUMPED} {tui}", tmp_path)
    try:
        pane.shows("READY")
        pane.type("z")
        pane.shows("BACK 100x30")
        pane.type("x")
        pane.shows("key 120")
    finally:
        pane.kill()


def _prompts(shell: Pane) -> bool:
    """Whether the shell itself is in the terminal's foreground."""
    return shell.ask("#{pane_current_command}") in SHELLS


def _ends(shell: Pane, *, status: int) -> None:
    def over() -> bool:
        return _prompts(shell)

    _watching(shell, over)
    shell.run("echo status $?")
    shell.shows(f"status {status}")


def _answers(shell: Pane) -> None:
    """Type lines until cat repeats one: while the shell still changes the terminal's modes, typing goes astray."""
    lines = (f"line {number}" for number in range(1000))

    def answered() -> bool:
        line = next(lines)
        shell.run(line)
        return shell.text().count(f"\n{line}") > 1

    _watching(shell, answered)


def _stops(shell: Pane, *, times: int = 1, asking: str = "") -> None:
    """Wait until the shell says that its job has stopped."""

    def says() -> bool:
        if asking:
            shell.run(asking)
        return len(STOPPED.findall(shell.text())) >= times

    _watching(shell, says)


def _watching(shell: Pane, what: Callable[[], bool]) -> None:
    try:
        eventually(what, every=0.1)
    except pytest.fail.Exception:
        pytest.fail(f"not {what.__name__}, but this:\n{shell.text().rstrip()}")


def _commands() -> str:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text().replace("\0", " "))
        except OSError:
            continue
    return "\n".join(found)
