"""What completes a command line of codexwrap's."""

import contextlib
import importlib
import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from codexwrap import agents, cli
from codexwrap.drill.causes import CAUSES
from codexwrap.paths import State
from codexwrap.shells import completion, shells
from codexwrap.shells.completion import Files, Program
from tests.deaths import died

COMMANDS = list(cli.COMMANDS)


@pytest.fixture
def root(tmp_path: Path) -> State:
    root = State(tmp_path / "state")
    for name in ("alpha", "beta"):
        root.seat(name).mkdir(parents=True)
    root.checkpoints("alpha").mkdir(parents=True)
    return root


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """Two folders of programs, one file that is none, and a folder that is missing."""
    for name in ("bin/codex", "bin/codecheck", "bin/resume-print", "more/code", "more/codex", "more/stopwatch"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch(0o755)
    (tmp_path / "bin/codebook").touch(0o644)
    (tmp_path / "bin/codefolder").mkdir()
    return {"PATH": f"{tmp_path}/bin:{tmp_path}/none:{tmp_path}/more"}


def words(line: str, root: State, environ: Mapping[str, str]) -> list[str]:
    answer = completion.answer(line.split(" "), root, environ)
    assert not isinstance(answer, Program | Files)
    return [word.value for word in answer]


def test_first_come_the_commands_and_the_agents(root: State, environ: Mapping[str, str]) -> None:
    assert words("codexwrap ", root, environ) == [*COMMANDS, "codex"]


def test_every_command_says_what_it_does(root: State, environ: Mapping[str, str]) -> None:
    answer = completion.answer(["codexwrap", ""], root, environ)
    assert isinstance(answer, list)
    assert {word.value: word.about for word in answer if word.about} == cli.COMMANDS


def test_letters_that_begin_a_command_bring_no_programs(root: State, environ: Mapping[str, str]) -> None:
    assert words("codexwrap res", root, environ) == COMMANDS


def test_other_letters_bring_the_programs_on_the_path(root: State, environ: Mapping[str, str]) -> None:
    assert words("codexwrap code", root, environ) == [*COMMANDS, "code", "codecheck", "codex"]


@pytest.mark.parametrize(
    "line", ["codexwrap --force ", "codexwrap --seat alpha ", "codexwrap -- ", "codexwrap-seat a "]
)
def test_behind_an_option_only_a_program_can_come(line: str, root: State, environ: Mapping[str, str]) -> None:
    assert words(line, root, environ) == ["codex"]
    assert words(line + "resu", root, environ) == ["resume-print"]


def test_a_path_is_the_name_of_a_file(root: State, environ: Mapping[str, str]) -> None:
    assert isinstance(completion.answer(["codexwrap", "./co"], root, environ), Files)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("codexwrap codex ", 1),
        ("codexwrap codex --mo", 1),
        ("codexwrap --seat alpha --force codex resume x", 4),
        ("codexwrap --seat=resume codex ", 2),
        ("codexwrap -- resume ", 2),
        ("codexwrap --force resume ", 2),
        ("codexwrap-seat alpha codex ", 2),
        ("codexwrap-seat alpha --ticket X-1 other --seat ", 4),
        ("codexwrap seat alpha codex ", 3),
        ("/opt/bin/codexwrap-seat -- -x codex ", 3),
    ],
)
def test_behind_a_program_the_line_is_that_programs(
    line: str, at: int, root: State, environ: Mapping[str, str]
) -> None:
    assert completion.answer(line.split(" "), root, environ) == Program(at)


def test_two_dashes_behind_a_seat_begin_the_arguments_of_codex(root: State, environ: Mapping[str, str]) -> None:
    assert completion.answer(["codexwrap-seat", "alpha", "--", "--mo"], root, environ) == Program(2, "codex")
    assert completion.answer(["codexwrap-seat", "alpha", "--force", "--", ""], root, environ) == Program(3, "codex")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("codexwrap --", ["--seat", "--ticket", "--force", "--version", "--help"]),
        ("codexwrap --force --", ["--seat", "--ticket", "--version", "--help"]),
        ("codexwrap --seat ", ["alpha", "beta"]),
        ("codexwrap --force --seat ", ["alpha", "beta"]),
        ("codexwrap --seat=", ["--seat=alpha", "--seat=beta"]),
        ("codexwrap --ticket ", []),
        ("codexwrap --ticket=", []),
        ("codexwrap-seat ", ["alpha", "beta"]),
        ("codexwrap-seat alpha --", ["--ticket", "--force"]),
        ("codexwrap-seat alpha --ticket ", []),
        ("codexwrap seat ", ["alpha", "beta"]),
        ("codexwrap resume ", ["alpha"]),
        ("codexwrap resume --", ["--list", "--show", "--json", "--again", "--restore", "--into", "--fresh", "--help"]),
        ("codexwrap resume --into ", ["tree", "branch", "worktree"]),
        ("codexwrap restart ", ["alpha", "beta"]),
        ("codexwrap resume --list ", ["alpha"]),
        ("codexwrap resume alpha ", []),
        (
            "codexwrap resume alpha --list --",
            ["--show", "--json", "--again", "--restore", "--into", "--fresh", "--help"],
        ),
        ("codexwrap status ", []),
        ("codexwrap feed --seat ", ["alpha", "beta"]),
        ("codexwrap feed --seat=", ["--seat=alpha", "--seat=beta"]),
        ("codexwrap feed --last ", []),
        ("codexwrap install --shell ", list(shells.NAMES)),
        ("codexwrap replay --agent ", list(agents.AGENTS)),
        ("codexwrap drill ", ["all", *CAUSES]),
        ("codexwrap drill token_revoked ", ["all", *CAUSES]),
        ("codexwrap drill --json ", ["all", *CAUSES]),
    ],
)
def test_options_and_arguments(line: str, expected: list[str], root: State, environ: Mapping[str, str]) -> None:
    assert words(line, root, environ) == expected


@pytest.mark.parametrize(
    "line",
    [
        "codexwrap replay ",
        "codexwrap replay --agent codex ",
        "codexwrap install --rc ",
        "codexwrap install --rc=",
        "codexwrap drill --codex ",
    ],
)
def test_files_are_left_to_the_shell(line: str, root: State, environ: Mapping[str, str]) -> None:
    assert isinstance(completion.answer(line.split(" "), root, environ), Files)


def test_seats_are_known_by_their_names_not_by_their_folders(root: State, environ: Mapping[str, str]) -> None:
    died(root, "it's a/seat")
    assert words("codexwrap resume ", root, environ) == ["alpha", "it's a/seat"]


def test_a_name_with_a_dash_in_front_is_offered_where_it_is_no_option(root: State, environ: Mapping[str, str]) -> None:
    died(root, "-x")
    assert words("codexwrap resume ", root, environ) == ["alpha"]
    assert words("codexwrap resume -- ", root, environ) == ["-x", "alpha"]
    assert words("codexwrap --seat ", root, environ) == ["alpha", "beta"]
    assert words("codexwrap --seat=", root, environ) == ["--seat=-x", "--seat=alpha", "--seat=beta"]
    assert words("codexwrap feed --seat ", root, environ) == ["alpha", "beta"]
    assert words("codexwrap-seat ", root, environ) == ["alpha", "beta"]
    assert words("codexwrap-seat -- ", root, environ) == ["-x", "alpha", "beta"]


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a\x1b[2Jb", "a\u202eb"])
def test_a_name_that_a_terminal_might_obey_is_not_offered(root: State, name: str) -> None:
    died(root, name)
    assert completion.seat_names(root, "checkpoints") == ["alpha"]


def test_without_a_state_root_there_are_no_seats(tmp_path: Path) -> None:
    assert completion.seat_names(State(tmp_path / "none"), "seats", "checkpoints") == []


@pytest.mark.parametrize("command", ["items", "post", "incidents"])
def test_the_options_of_each_way_to_look_at_the_feed_are_those_that_it_has(
    command: str, root: State, environ: Mapping[str, str]
) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit):
        importlib.import_module("codexwrap.commands.feed").main([command, "--help"])
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", out.getvalue().partition("options:")[2]))
    assert set(words(f"codexwrap feed {command} --", root, environ)) == known
    assert words("codexwrap feed post --seat ", root, environ) == ["alpha", "beta"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_options_of_each_command_are_those_that_it_has(
    command: str, root: State, environ: Mapping[str, str]
) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit):
        importlib.import_module(f"codexwrap.commands.{command}").main(["--help"])
    known = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", out.getvalue().partition("options:")[2]))
    assert set(words(f"codexwrap {command} --", root, environ)) == known
    positional = re.search(r"^positional arguments:", out.getvalue(), re.MULTILINE) is not None
    takes_one = positional or command == "feed"  # whose ways to look are commands of their own
    answer = completion.answer(["codexwrap", command, ""], root, environ)
    assert takes_one is (isinstance(answer, Files) or bool(answer))


def test_the_options_of_the_wrapper_are_those_that_it_has(root: State, environ: Mapping[str, str]) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        cli.main(["--help"])
    known = set(re.findall(r"(?<![\w-])--[a-z]+", out.getvalue().partition("options")[2].partition("commands")[0]))
    assert set(words("codexwrap --", root, environ)) == known
