"""The command that the shells' files ask for candidates."""

import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import cli
from codexwrap.commands import complete
from codexwrap.errors import UsageError
from codexwrap.paths import State
from tests.deaths import died

BREAKS = " \t\n\"'><=;|&(:"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("CODEXWRAP_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path))
    root = State(tmp_path / "state")
    for name in ("alpha", "beta"):
        root.seat(name).mkdir(parents=True)
    return root


def answer(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert complete.main(arguments) == 0
    sys.stdout.flush()
    return capfd.readouterr().out.splitlines()


def test_zsh_and_fish_get_all_words_with_what_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    for shell in ("zsh", "fish"):
        assert answer(capfd, shell, "codexwrap", "--seat", "a") == ["word\talpha\t", "word\tbeta\t"]
        assert "word\tstatus\tshow every seat" in answer(capfd, shell, "codexwrap", "")


def test_bash_gets_only_words_that_fit_as_they_go_onto_the_line(capfd: pytest.CaptureFixture[str], root: State) -> None:
    died(root, "a b")
    assert answer(capfd, "bash", "codexwrap resume ", BREAKS, "codexwrap", "resume", "") == ["word\ta\\ b"]
    assert answer(capfd, "bash", "codexwrap --seat=a", BREAKS, "codexwrap", "--seat", "=", "a") == [
        "word\ta\\ b",
        "word\talpha",
    ]
    assert answer(capfd, "bash", "codexwrap --seat x", BREAKS, "codexwrap", "--seat", "x") == ["none"]


def test_another_programs_line_is_told_by_its_place(capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(capfd, "zsh", "codexwrap", "--seat=a", "codex", "-") == ["program\t2\t"]
    assert answer(capfd, "fish", "codexwrap-seat", "a", "--", "-") == ["program\t2\tcodex"]
    own = ("codexwrap", "--seat", "=", "a", "codex", "-")
    assert answer(capfd, "bash", "codexwrap --seat=a codex -", BREAKS, *own) == ["program\t4\t"]


def test_files_are_the_shells(capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(capfd, "fish", "codexwrap", "replay", "") == ["files"]
    assert answer(capfd, "bash", "codexwrap resume >", BREAKS, "codexwrap", "resume", ">") == ["files"]


@pytest.mark.parametrize("arguments", [[], ["bash"], ["bash", "codexwrap"], ["zsh"], ["tcsh", "codexwrap", ""]])
def test_it_is_for_the_shells_files_only(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        complete.main(arguments)


def test_what_the_shells_call_is_not_shown_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["--help"])
    shown = capsys.readouterr().out.partition("commands:")[2]
    assert [name for name in cli.HIDDEN if f"  {name} " in shown] == []


def test_a_tab_waits_for_no_heavy_import() -> None:
    script = (
        "import sys; from codexwrap import cli; cli.main(['complete', 'zsh', 'codexwrap', 'resume', '']); "
        "print(*sorted({'json', 'subprocess', 'pexpect', 'pyte', 'requests', 'filelock', 'argparse', 'socket'}"
        " & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []
