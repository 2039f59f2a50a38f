"""Finding a program as a shell does."""

import signal
from pathlib import Path

import pytest

from codexwrap.pump import launch
from codexwrap.pump.launch import CannotRunError


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_the_first_folder_of_the_path_that_has_it_counts(tmp_path: Path) -> None:
    program(tmp_path / "b/agent")
    program(tmp_path / "c/agent")
    path = ":".join(str(tmp_path / name) for name in "abc")
    assert launch.find("agent", {"PATH": path}) == str(tmp_path / "b/agent")


def test_what_is_no_program_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path / "a/agent", 0o644)
    (tmp_path / "b/agent").mkdir(parents=True)
    program(tmp_path / "c/agent")
    path = ":".join(str(tmp_path / name) for name in "abc")
    assert launch.find("agent", {"PATH": path}) == str(tmp_path / "c/agent")


def test_an_empty_folder_of_the_path_is_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "agent")
    monkeypatch.chdir(tmp_path)
    assert launch.find("agent", {"PATH": "/nonexistent:"}) == "./agent"


def test_a_name_with_a_slash_is_not_looked_for(tmp_path: Path) -> None:
    path = program(tmp_path / "agent")
    assert launch.find(str(path), {"PATH": ""}) == str(path)


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("agent", "agent: command not found", 127),
        ("", ": command not found", 127),
        ("./no/agent", "./no/agent: no such file", 127),
    ],
)
def test_what_is_not_there_is_127(tmp_path: Path, name: str, said: str, code: int) -> None:
    with pytest.raises(CannotRunError, match=f"^{said}$") as raised:
        launch.find(name, {"PATH": str(tmp_path)})
    assert raised.value.code == code


def test_what_is_there_and_cannot_be_run_is_126(tmp_path: Path) -> None:
    path = program(tmp_path / "agent", 0o644)
    for name in ("agent", str(path)):
        with pytest.raises(CannotRunError, match="not an executable file") as raised:
            launch.find(name, {"PATH": str(tmp_path)})
        assert raised.value.code == 126


@pytest.mark.parametrize(("status", "code"), [(0, 0), (3 << 8, 3), (signal.SIGTERM, 143), (signal.SIGSEGV | 0x80, 139)])
def test_an_end_is_what_a_shell_calls_it(status: int, code: int) -> None:
    assert launch.exit_code(status) == code
