"""tmux servers are asked, and what they cannot say is no death."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from codexwrap.screen.screen import Screen
from codexwrap.watchdog import tmux
from tests import commandline
from tests.panes import Pane


@pytest.fixture
def server(tmp_path: Path) -> str:
    return str(tmp_path / "tmux")


def test_each_pane_is_listed_and_shown_with_its_attributes(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")  # as a timer has it
    pane = Pane(r"printf '\033[31m■ red\033[0m 界\n'; exec sleep 1000", tmp_path, columns=60, lines=9)
    try:
        pane._tmux("new-window", "-d", "sleep 1000")
        pane._tmux("new-session", "-d", "-t", "0", "-s", "beside it")  # the same windows once more
        found = tmux.panes(server)
        assert len(found) == 2
        first = found[0]
        assert (first.columns, first.lines, first.alternate) == (60, 9, False)
        assert (first.id, first.pid) == (pane.ask("#{pane_id}"), int(pane.ask("#{pane_pid}")))
        pane.shows("red")
        pane._tmux("copy-mode", "-t", first.id)
        shown = tmux.screens(server, [first.id, "%99", found[1].id])
        assert set(shown) == {first.id, found[1].id}
        screen = Screen(60, 9)
        screen.feed(shown[first.id].rstrip("\n").replace("\n", "\r\n").encode())
        assert screen.rows()[0] == "■ red 界"
        assert screen.cell(0, 0).fg == "red"
    finally:
        pane.kill()


def test_hundreds_of_panes_take_a_few_questions(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = subprocess.run

    def counted(*arguments: object, **options: object) -> object:
        asked.append(arguments)
        return real(*arguments, **options)  # type: ignore[call-overload]

    pane = Pane("exec sleep 1000", tmp_path)
    try:
        wanted = [found.id for found in tmux.panes(server)] * 250
        monkeypatch.setattr(subprocess, "run", counted)
        assert len(tmux.screens(server, wanted)) == 1
    finally:
        monkeypatch.undo()
        pane.kill()
    assert len(asked) == 3


def test_a_socket_that_nobody_listens_at_has_no_panes(tmp_path: Path) -> None:
    path = str(tmp_path / "dead")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    assert Path(path).is_socket()
    assert tmux.panes(path) == []
    assert tmux.panes(str(tmp_path / "nothing")) == []


@pytest.mark.parametrize(
    ("script", "says"), [("echo 'lost server' >&2; exit 1", "lost server"), ("exit 3", "exit status 3")]
)
def test_a_server_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, says: str) -> None:
    commandline.program(tmp_path, "tmux", script)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(tmux.TmuxError, match=f"tmux at /x: {says}"):
        tmux.panes("/x")


def test_no_tmux_and_one_that_hangs_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmux, "_SECONDS", 0.2)
    commandline.program(tmp_path, "tmux", "exec sleep 100")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(tmux.TmuxError, match="no answer within"):
        tmux.panes("/x")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tmux.TmuxError, match="no tmux on the PATH"):
        tmux.panes("/x")


def test_sockets_are_those_of_tmux_and_those_that_processes_name(tmp_path: Path) -> None:
    folder = tmp_path / f"tmux-{os.getuid()}"
    folder.mkdir()
    (folder / "no socket").touch()
    own, other = folder / "default", tmp_path / "own, with commas"
    for path in (own, other):
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
    environ = {"TMUX_TMPDIR": str(tmp_path)}
    named = [{"TMUX": f"{other},123,0"}, {"TMUX": "/gone,1,0"}, {"TMUX": ""}, {}]
    assert tmux.sockets(environ, named) == sorted(map(str, (own, other)))
    assert tmux.sockets({"TMUX_TMPDIR": "/nonexistent"}) == []
