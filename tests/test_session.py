import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codexwrap import journal, processes, seats
from codexwrap.drill.driver import Terminal
from tests import disks
from tests.commandline import CODEXWRAP, codexwrap, environment, program, state, until_all_free, until_free
from tests.support import eventually


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment with a program `agent` that runs until somebody types a line."""
    program(tmp_path, "agent", "echo up; read line; echo got $line")
    return environment(tmp_path)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        terminal.close()


def start(terminals: list[Terminal], env: dict[str, str], *arguments: str, cwd: Path | None = None) -> Terminal:
    terminal = Terminal([*CODEXWRAP, *arguments], cwd=cwd or Path(env["HOME"]), env=env)
    terminals.append(terminal)
    terminal.wait_for("up")
    return terminal


def end(terminal: Terminal) -> None:
    terminal.type("x")
    assert terminal.wait() == 0


def kinds(env: dict[str, str], seat: str) -> list[str]:
    events = journal.read(state(env).feed).events
    return [event.type.removeprefix("codexwrap.seat.") for event in events if event.subject == seat]


def record(env: dict[str, str], seat: str) -> dict[str, Any]:
    return eventually(lambda: seats.load(state(env), seat)) or {}


# --- its name -----------------------------------------------------------------------------------------------------


def run(env: dict[str, str], *options: str, cwd: Path) -> list[str]:
    """The names under which seats have run, after one more."""
    assert codexwrap(*options, "true", env=env, cwd=cwd).returncode == 0
    until_all_free(env)
    return names(env)


def names(env: dict[str, str]) -> list[str]:
    return [each["seat"] for each in seats.load_all(state(env))[0]]


def test_a_seat_is_called_like_its_directory(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "my project").mkdir()
    assert run(env, cwd=tmp_path / "my project") == ["my project"]


def test_a_seat_in_the_root_directory_is_called_seat(env: dict[str, str]) -> None:
    assert run(env, cwd=Path("/")) == ["seat"]


def test_the_config_names_a_seat_and_the_environment_goes_before_it_and_the_option_before_both(
    tmp_path: Path, env: dict[str, str]
) -> None:
    (tmp_path / "config.toml").write_text('seat = "from-file"')
    env |= {"CODEXWRAP_CONFIG": str(tmp_path / "config.toml")}
    assert run(env, cwd=tmp_path) == ["from-file"]
    env |= {"CODEXWRAP_SEAT": "from-environment"}
    assert run(env, cwd=tmp_path) == ["from-environment", "from-file"]
    assert run(env, "--seat", "from-option", cwd=tmp_path) == ["from-environment", "from-file", "from-option"]


ODD = ["a/b", "..", "two\nlines", "x" * 300, "\N{SKULL}", ".hidden", "-", "e\u0301 \u202e", "$(id)"]


def test_an_odd_name_is_a_safe_file_and_real_in_the_data(tmp_path: Path, env: dict[str, str]) -> None:
    for name in ODD:
        run(env, f"--seat={name}", cwd=tmp_path)
    assert names(env) == sorted(ODD)
    assert {event.subject for event in journal.read(state(env).feed).events} == set(ODD)
    folder = tmp_path / "state/seats"
    assert all(path.parent == folder for path in folder.rglob("*") if path.is_dir())
    assert all(path.name.isascii() and path.name[0] not in ".-" for path in folder.iterdir())
    shown = codexwrap("status", env=env)
    assert len(shown.stdout.splitlines()) == len(ODD) + 2  # with those of the columns and of the sum
    assert len(codexwrap("feed", env=env).stdout.splitlines()) == 2 * len(ODD)


def test_a_directory_whose_name_is_no_utf_8_names_one_seat(tmp_path: Path, env: dict[str, str]) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    assert run(env, cwd=folder) == ["caf\udce9"]
    assert record(env, "caf\udce9")["cwd"] == str(folder)
    assert kinds(env, "caf\udce9") == ["started", "exited"]
    assert len(list((tmp_path / "state/seats").iterdir())) == 1


def test_a_directory_that_is_gone_does_not_keep_a_seat_from_running(tmp_path: Path, env: dict[str, str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$0" && rmdir "$0" && exec "$@"'
    done = subprocess.run(["sh", "-c", script, gone, *CODEXWRAP, "false"], env=env, capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"")
    until_free(env, "gone")
    assert kinds(env, "gone") == ["started", "exited"]


# --- two of one name ----------------------------------------------------------------------------------------------


def test_the_second_wrapper_of_a_name_is_told_who_holds_it_and_gets_a_name_of_its_own(
    env: dict[str, str], terminals: list[Terminal]
) -> None:
    first = start(terminals, env, "--seat", "a", "agent")
    second = start(terminals, env, "--seat", "a", "agent")
    assert f"codexwrap:seat'a'isheldbypid{first.pid}:thisonerunsas'a-2'(--forcesharesthename)" in second.squashed()
    third = start(terminals, env, "--seat", "a", "agent")
    assert "thisonerunsas'a-3'" in third.squashed()
    assert [record(env, name)["pid"] for name in ("a", "a-2", "a-3")] == [
        record(env, name)["pid"] for name in sorted(names(env))
    ]
    end(second)
    until_free(env, "a-2")
    fourth = start(terminals, env, "--seat", "a", "agent")
    assert "thisonerunsas'a-2'" in fourth.squashed()
    for terminal in (first, third, fourth):
        end(terminal)
    for name in ("a", "a-2", "a-3"):
        until_free(env, name)


def test_force_shares_the_name(env: dict[str, str], terminals: list[Terminal]) -> None:
    first = start(terminals, env, "--seat", "a", "agent")
    eventually(lambda: kinds(env, "a") == ["started"])
    second = start(terminals, env, "--seat", "a", "--force", "agent")
    assert "isheldby" not in second.squashed()
    eventually(lambda: kinds(env, "a") == ["started", "started"])
    assert names(env) == ["a"]
    end(first)
    end(second)
    until_free(env, "a")
    eventually(lambda: len(kinds(env, "a")) == 4)


def sidecar(env: dict[str, str], seat: str) -> int:
    number = record(env, seat)["sidecar"]
    assert isinstance(number, int)
    return number


def test_the_name_stays_taken_after_kill_9_of_the_wrapper_as_long_as_its_sidecar_lives(
    env: dict[str, str], terminals: list[Terminal]
) -> None:
    first = start(terminals, env, "--seat", "a", "agent")
    number = sidecar(env, "a")
    os.kill(number, signal.SIGSTOP)
    try:
        os.kill(first.pid, signal.SIGKILL)
        eventually(lambda: first.status is not None)
        assert seats.is_held(state(env), "a")
    finally:
        os.kill(number, signal.SIGCONT)
    until_free(env, "a")
    eventually(lambda: not os.path.exists(f"/proc/{number}"))  # noqa: PTH110
    assert kinds(env, "a") == ["started", "dead"]
    second = start(terminals, env, "--seat", "a", "agent")
    assert "isheldby" not in second.squashed()
    end(second)
    until_free(env, "a")


def test_a_name_is_free_when_both_are_gone(env: dict[str, str], terminals: list[Terminal]) -> None:
    first = start(terminals, env, "--seat", "a", "agent")
    number = sidecar(env, "a")
    os.kill(number, signal.SIGSTOP)  # else it would speak up before it is killed
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: first.status is not None)
    os.kill(number, signal.SIGKILL)
    until_free(env, "a")
    second = start(terminals, env, "--seat", "a", "agent")
    assert "isheldby" not in second.squashed()
    end(second)
    until_free(env, "a")


def test_a_wrapper_that_has_just_ended_is_waited_for(env: dict[str, str], tmp_path: Path) -> None:
    for _ in range(3):
        assert codexwrap("--seat", "a", "true", env=env).stderr == ""
    until_free(env, "a")
    assert names(env) == ["a"]


# --- a state that cannot be kept ----------------------------------------------------------------------------------


def runs_unwatched(done: "subprocess.CompletedProcess[str]", why: str) -> None:
    assert done.stdout == "out\n"
    assert done.stderr == f"codexwrap: {why}: this seat runs unwatched\nerr\n"
    assert done.returncode == 7


PROGRAM = ("sh", "-c", "echo out; echo err >&2; exit 7")


def test_a_state_that_is_a_file_leaves_the_seat_running(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "state").touch()
    runs_unwatched(codexwrap(*PROGRAM, env=env), f"{tmp_path}/state cannot be written (Not a directory)")


def test_a_state_that_may_not_be_written_leaves_the_seat_running(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "state").mkdir(mode=0o500)
    done = codexwrap(*PROGRAM, env=env, ordinary=True)
    runs_unwatched(done, f"{tmp_path}/state cannot be written (Permission denied)")


def test_a_state_of_a_home_that_nobody_has_leaves_the_seat_running(env: dict[str, str]) -> None:
    done = codexwrap(*PROGRAM, env={**env, "CODEXWRAP_HOME": "~nobody-of-that-name/x"})
    why = "~nobody-of-that-name/x: there is no such home directory; set HOME or CODEXWRAP_HOME"
    runs_unwatched(done, why)


def test_a_full_disk_leaves_the_seat_running(tmp_path: Path, env: dict[str, str]) -> None:
    with disks.small(tmp_path / "disk", options="size=64k,nr_inodes=2") as folder:
        disks.fill(folder)
        done = codexwrap(*PROGRAM, env={**env, "CODEXWRAP_HOME": f"{folder}/state"})
        runs_unwatched(done, f"{folder}/state cannot be written (No space left on device)")


def test_an_unwritable_state_is_said_before_the_seat_starts_and_never_later(
    tmp_path: Path, env: dict[str, str], terminals: list[Terminal]
) -> None:
    (tmp_path / "state").touch()
    terminal = start(terminals, env, "agent")
    end(terminal)
    assert [row for row in terminal.rows() if row][-3:] == ["up", "x", "got x"]
    assert terminal.squashed().count("codexwrap:") == 1


# --- what it leaves -----------------------------------------------------------------------------------------------


def test_all_that_is_kept_is_for_its_owner_only_under_a_liberal_umask(tmp_path: Path, env: dict[str, str]) -> None:
    script = 'umask 0; exec "$@"'
    subprocess.run(["sh", "-c", script, "sh", *CODEXWRAP, "--seat", "a", "false"], env=env, check=False)
    until_free(env, "a")
    below = list((tmp_path / "state").rglob("*"))
    assert {"feed.jsonl", "feed.jsonl.lock", "lock", "seat.json"} <= {path.name for path in below}
    for path in (tmp_path / "state", *below):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_relative_state_root_means_the_same_to_the_sidecar(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "config.toml").write_text('ticket = "A-1"')
    relative = {**env, "CODEXWRAP_HOME": "state", "CODEXWRAP_CONFIG": "config.toml"}
    assert codexwrap("--seat", "a", "env", env=relative, cwd=tmp_path).stdout.count("CODEXWRAP_HOME=state\n") == 1
    until_free(env, "a")
    assert kinds(env, "a") == ["started", "exited"]
    assert record(env, "a")["ticket"] == "A-1"


def test_a_wrapper_that_is_started_without_standard_streams_gives_the_program_none_of_ours(
    tmp_path: Path, env: dict[str, str]
) -> None:
    script = 'exec "$@" <&- >&- 2>&-'
    look = f"ls -l /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >{tmp_path}/seen 2>&1"
    subprocess.run(["sh", "-c", script, "sh", *CODEXWRAP, "--seat", "a", "sh", "-c", look], env=env, check=False)
    until_free(env, "a")
    assert "lock" not in (tmp_path / "seen").read_text()
    assert record(env, "a")["state"] == "EXITED"


def test_a_wrapper_without_a_standard_input_hands_the_lock_to_its_sidecar_all_the_same(
    tmp_path: Path, env: dict[str, str]
) -> None:
    script, wait = 'exec "$@" <&-', f"echo up; until [ -e {tmp_path}/go ]; do sleep 0.01; done"
    process = subprocess.Popen(["sh", "-c", script, "sh", *CODEXWRAP, "--seat", "a", "sh", "-c", wait], env=env)
    try:
        number = sidecar(env, "a")
        assert tmp_path / "state/seats/a/lock" in processes.open_files(number)
    finally:
        (tmp_path / "go").touch()
        assert process.wait(30) == 0
        until_free(env, "a")


def test_secrets_among_the_arguments_are_not_kept(tmp_path: Path, env: dict[str, str]) -> None:
    secret = "sk-ant-" + "x1" * 20
    codexwrap("--seat", "a", "true", secret, env={**env, "MY_TOKEN": "correct-horse"}, cwd=tmp_path)
    codexwrap("--seat", "a", "true", "--pass=correct-horse", env={**env, "MY_TOKEN": "correct-horse"}, cwd=tmp_path)
    until_free(env, "a")
    kept = "".join(path.read_text() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert secret not in kept
    assert "correct-horse" not in kept
    assert json.loads((tmp_path / "state/seats/a/seat.json").read_text())["argv"] == ["true", "--pass=[redacted value]"]
