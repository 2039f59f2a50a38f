import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import __version__, cli, events, journal, paths, seats
from tests.commandline import CODEXWRAP, codexwrap, complaint, environment, program, until_free


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which program?"),
        (["--"], "which program?"),
        (["--seat", "a"], "which program?"),
        (["--force"], "which program?"),
        (["--seat"], "--seat needs a value"),
        (["--seat", "--force", "true"], "--seat needs a value"),
        (["--ticket"], "--ticket needs a value"),
        (["--seat=", "true"], "--seat must not be empty"),
        (["--seat", " \n", "true"], "--seat must not be empty"),
        (["--ticket", "", "true"], "--ticket must not be empty"),
        (["--nope", "true"], "no option --nope"),
        (["--model", "x", "true"], "no option --model"),
        (["-x"], "no option -x"),
        (["-"], "no option -;"),
        (["--force=yes", "true"], "no option --force=yes"),
        (["--evil\n\x1b[31m", "true"], "no option --evil [31m;"),
        (["--seat", "a", "status"], "--seat, --ticket and --force are for running a program; status has"),
        (["--force", "feed"], "feed has options of its own"),
        (["status", "--nope"], "status: unrecognized arguments: --nope (codexwrap status --help)"),
        (["status", "extra"], "status: unrecognized arguments: extra"),
        (["feed", "--js"], "feed: unrecognized arguments: --js"),
        (["feed", "-n", "x"], "feed: argument -n/--last: invalid count value: 'x'"),
        (["feed", "-n", "-1"], "feed: argument -n/--last: invalid count value: '-1'"),
        (["feed", "--seat"], "feed: argument --seat: expected one argument"),
        (["resume", "a", "b"], "resume: unrecognized arguments: b"),
        (["resume", "--last"], "resume: unrecognized arguments: --last"),
        (["replay"], "replay: the following arguments are required: file"),
        (["replay", "x", "--agent", "nope"], "replay: argument --agent: invalid choice: 'nope'"),
        (["drill", "nope"], "no drill is called 'nope'"),
        (["drill", "--nope"], "drill: unrecognized arguments: --nope"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_exit_status_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in complaint(codexwrap(*arguments, env=environment(tmp_path)), 2)
    assert not (tmp_path / "state").exists()


def test_a_program_that_is_not_there_is_one_line_and_127(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert complaint(codexwrap("no-such-program", env=env), 127) == "no-such-program: command not found\n".strip()
    assert complaint(codexwrap("./no-such-program", env=env), 127) == "./no-such-program: no such file"
    assert complaint(codexwrap("codex-none/codex", "--help", env=env), 127) == "codex-none/codex: no such file"
    assert complaint(codexwrap("", env=env), 127) == ": command not found"
    assert complaint(codexwrap("a\nb\x1b[2J", env=env), 127) == "a b[2J: command not found"
    assert not (tmp_path / "state").exists()


def test_what_cannot_be_executed_is_one_line_and_126(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    env = environment(tmp_path)
    assert complaint(codexwrap(str(tmp_path), env=env), 126) == f"{tmp_path}: not an executable file"
    assert complaint(codexwrap(f"{tmp_path}/plain", env=env), 126) == f"{tmp_path}/plain: not an executable file"


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_shows_every_command_and_every_option(tmp_path: Path, option: str) -> None:
    done = codexwrap(option, env=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    for word in (*cli.COMMANDS, "--seat", "--ticket", "--force", "--version", "--help"):
        assert word in done.stdout
    for word in cli.HIDDEN:
        assert f"\n  {word} " not in done.stdout


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_one_line(tmp_path: Path, option: str) -> None:
    done = codexwrap(option, env=environment(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"codexwrap {__version__}\n", "")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_that_is_shown_is_there(tmp_path: Path, name: str) -> None:
    done = codexwrap(name, "--help", env=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: codexwrap {name}")


# --- the program --------------------------------------------------------------------------------------------------

SHOW = 'printf "<%s>" "$@"'


def test_options_behind_the_programs_name_are_its_own(tmp_path: Path) -> None:
    program(tmp_path, "agent", SHOW)
    env = environment(tmp_path)
    done = codexwrap("--seat", "a", "agent", "--seat", "b", "--help", "--", "-V", "--force", "", "x y", env=env)
    assert (done.stdout, done.stderr) == ("<--seat><b><--help><--><-V><--force><><x y>", "")
    until_free(env, "a")


def test_behind_two_dashes_stands_a_program_whatever_its_name(tmp_path: Path) -> None:
    program(tmp_path, "status", SHOW)
    program(tmp_path, "--seat", SHOW)
    env = environment(tmp_path)
    assert codexwrap("--seat=a", "--", "status", "x", env=env).stdout == "<x>"
    until_free(env, "a")
    assert codexwrap("--seat", "a", "--", "--seat", "--", "y", env=env).stdout == "<--><y>"
    until_free(env, "a")


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -9 $$", 137)]
)
def test_the_programs_end_is_ours(tmp_path: Path, script: str, status: int) -> None:
    program(tmp_path, "agent", script)
    env = environment(tmp_path)
    assert codexwrap("--seat=a", "agent", env=env).returncode == status
    until_free(env, "a")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["exec", "-h"], ["--version"], ["login", "status"], ["-c", "x=1", "mcp"]]
)
def test_what_opens_no_conversation_is_codex_itself_and_leaves_no_trace(tmp_path: Path, arguments: list[str]) -> None:
    program(tmp_path, "codex", f"echo $$; {SHOW}")
    (tmp_path / "broken.toml").write_text("=")
    env = environment(tmp_path, CODEXWRAP_CONFIG=str(tmp_path / "broken.toml"))
    process = subprocess.Popen([*CODEXWRAP, "codex", *arguments], env=env, stdout=subprocess.PIPE, text=True)
    shown, _ = process.communicate(timeout=30)
    assert shown == f"{process.pid}\n{''.join(f'<{argument}>' for argument in arguments)}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "broken.toml"]


def test_a_program_that_we_become_gets_the_signals_as_a_shell_leaves_them(tmp_path: Path) -> None:
    program(tmp_path, "codex", "grep SigIgn /proc/self/status")
    env = environment(tmp_path)
    shown = codexwrap("codex", "--help", env=env).stdout
    ignored = int(shown.split()[1], 16)
    assert not ignored & (1 << signal.SIGPIPE - 1)
    assert not ignored & (1 << signal.SIGXFSZ - 1)


def test_we_also_become_a_script_that_names_no_interpreter(tmp_path: Path) -> None:
    program(tmp_path, "codex", "").write_text('echo "script $1"\n')
    assert codexwrap("codex", "--help", env=environment(tmp_path)).stdout == "script --help\n"


def test_a_script_whose_interpreter_is_gone_is_one_line(tmp_path: Path) -> None:
    program(tmp_path, "codex", "").write_text("#!/no/such/interpreter\n")
    assert complaint(codexwrap("codex", "--help", env=environment(tmp_path)), 127) == "codex: No such file or directory"


# --- what goes wrong ----------------------------------------------------------------------------------------------

BROKEN = (
    "import os, sys\n"
    "from codexwrap import cli\n"
    "from codexwrap.commands import status\n"
    "def broken(arguments):\n"
    "    raise ZeroDivisionError('\\x1b[2J' + os.environ['SOME_TOKEN'])\n"
    "status.main = broken\n"
    "sys.argv = ['codexwrap', 'status']\n"
    "cli.run()\n"
)


def broken(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    env = {**env, "SOME_TOKEN": "value-of-a-secret"}
    return subprocess.run([sys.executable, "-c", BROKEN], env=env, capture_output=True, text=True, timeout=30)


def test_a_bug_is_one_line_and_a_log_for_its_owner_only(tmp_path: Path) -> None:
    found = re.fullmatch(
        r"this is a bug of codexwrap; what happened is in (.*/state/crash-\d{8}T\d{6}-\d+\.log)",
        complaint(broken(environment(tmp_path)), 3),
    )
    assert found
    path = Path(found[1])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text()
    assert f"codexwrap {__version__}, Python 3." in text
    assert "Traceback" in text
    assert "ZeroDivisionError: [2J[redacted value]" in text
    assert "value-of-a-secret" not in text


@pytest.mark.parametrize("root", ["/dev/null/x", "~nobody-of-that-name/x"])
def test_a_bug_that_cannot_be_logged_is_shown(tmp_path: Path, root: str) -> None:
    done = broken(environment(tmp_path, CODEXWRAP_HOME=root))
    assert done.returncode == 3
    assert done.stderr.startswith("codexwrap: this is a bug of codexwrap\n")
    assert "ZeroDivisionError" in done.stderr
    assert "value-of-a-secret" not in done.stderr
    assert "\x1b" not in done.stderr


def feed(env: dict[str, str], many: int) -> None:
    made = [events.new("seat.alive", seat="a", data={"remedy": "→ x" * 40}) for _ in range(many)]
    journal.Journal(paths.state(env).feed).append(*made, durable=False)


@pytest.mark.parametrize(
    "arguments", [["feed", "-n", "5000"], ["feed", "--json", "-n", "5000"], ["--help"], ["resume", "--list", "a"]]
)
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, arguments: list[str]) -> None:
    env = environment(tmp_path)
    feed(env, 2000)
    readable, end = os.pipe()
    os.close(readable)
    done = subprocess.run([*CODEXWRAP, *arguments], env=env, stdout=end, stderr=subprocess.PIPE, timeout=30)
    os.close(end)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_interrupt_ends_a_command_without_a_word(tmp_path: Path) -> None:
    env = environment(tmp_path)
    feed(env, 1)
    process = subprocess.Popen(
        [*CODEXWRAP, "feed", "--follow"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert "alive" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130


def test_a_terminal_without_arrows_shows_the_rest(tmp_path: Path) -> None:
    env = environment(tmp_path, PYTHONIOENCODING="ascii")
    feed(env, 1)
    done = codexwrap("feed", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u2192 x" in done.stdout


def test_a_command_without_a_standard_output_ends_well(tmp_path: Path) -> None:
    env = environment(tmp_path)
    feed(env, 1)
    seats.save(paths.state(env), "a", {"seat": "a", "state": "DEAD"})
    for command in ("status", "feed", "--help"):
        done = subprocess.run(["sh", "-c", f'"$@" {command} >&-', "sh", *CODEXWRAP], env=env, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
