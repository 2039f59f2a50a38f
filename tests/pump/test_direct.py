"""A program beside pipes, as in `codexwrap codex exec --json … | jq`."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import cast
from tests.support import eventually
from tests.terminals import ROOT

PUMPED = [sys.executable, "-m", "tests.pumped"]


def run(
    script: str, *, given: bytes = b"", listen: Path | None = None, timeout: float = 30
) -> "subprocess.CompletedProcess[bytes]":
    listening = ["--listen", str(listen)] if listen else []
    return subprocess.run(
        [*PUMPED, *listening, "/bin/sh", "-c", script], input=given, capture_output=True, cwd=ROOT, timeout=timeout
    )


def start(script: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*PUMPED, "/bin/sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )


def test_stdout_and_stderr_stay_apart_and_exact() -> None:
    data = bytes(range(256)) * 2000
    done = run("tee /dev/stderr", given=data)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, data)


def test_one_pipe_for_both_keeps_their_order() -> None:
    script = "for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; done"
    done = subprocess.run(
        [*PUMPED, "/bin/sh", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    assert done.stdout.decode() == "".join(f"out {i}\nerr {i}\n" for i in range(1, 6))


def test_neither_is_a_terminal_for_the_program_when_it_is_none_for_us() -> None:
    assert run("test -t 1 && echo out; test -t 2 && echo err; echo done").stdout == b"done\n"


def test_the_program_reads_our_stdin_to_its_end() -> None:
    assert run("cat; echo end", given=b"\x00\xff given").stdout == b"\x00\xff givenend\n"


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_the_exit_status_is_the_programs(code: int) -> None:
    assert run(f"exit {code}").returncode == code


@pytest.mark.parametrize("name", ["TERM", "KILL", "HUP", "PIPE"])
def test_a_death_by_signal_is_128_and_its_number(name: str) -> None:
    assert run(f"kill -{name} $$").returncode == 128 + signal.Signals[f"SIG{name}"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"])
def test_a_signal_is_passed_on_and_the_program_decides(name: str) -> None:
    short = name.removeprefix("SIG")
    with start(f"trap 'echo got; exit 5' {short}; echo ready; while :; do sleep 0.05; done") as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == b"got\n"
        assert process.wait(20) == 5


def test_no_byte_is_lost_at_the_end() -> None:
    for _ in range(20):
        assert len(run("head -c 200000 /dev/zero").stdout) == 200_000


def test_a_reader_that_goes_away_is_one_for_the_program() -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m tests.pumped yes | head -n 1"],
        capture_output=True,
        cwd=ROOT,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == (b"y\n", b"")


def test_a_slow_reader_makes_the_program_wait_and_loses_nothing() -> None:
    with start("head -c 3000000 /dev/zero; echo written >&2") as process:
        assert process.stdout
        assert process.stderr
        os.set_blocking(process.stderr.fileno(), False)
        assert process.stdout.read(1) == b"\0"
        assert process.stderr.read() is None  # it still has to write, for nobody reads
        assert len(process.stdout.read()) == 3_000_000 - 1
        os.set_blocking(process.stderr.fileno(), True)
        assert process.stderr.read() == b"written\n"


def test_what_the_programs_children_write_later_arrives_and_delays_no_status(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with start(f"(until test -e {gate}; do sleep 0.05; done; echo later) & echo now; exit 3") as process:
        assert process.stdout
        assert process.stdout.readline() == b"now\n"
        assert process.wait(20) == 3
        gate.touch()
        assert process.stdout.readline() == b"later\n"
        assert process.stdout.read() == b""


def test_the_listener_learns_what_came_on_which_stream_and_the_end(tmp_path: Path) -> None:
    file = tmp_path / "recording"
    run("echo out; sleep 0.1; echo err >&2; sleep 0.1; exit 7", listen=file)
    eventually(lambda: b'"x","7"' in file.read_bytes())
    header, records = cast.read(file.read_bytes().splitlines())
    assert header.extra["argv"][0] == "/bin/sh"
    assert [(each.code, each.data) for each in records] == [("o", "out\n"), ("e", "err\n"), ("x", "7")]


def test_the_listener_learns_of_a_program_that_says_nothing(tmp_path: Path) -> None:
    file, gate = tmp_path / "recording", tmp_path / "gate"
    command = [*PUMPED, "--listen", str(file), "/bin/sh", "-c", f"until test -e {gate}; do sleep 0.05; done"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=ROOT):
        eventually(lambda: file.exists() and b'"argv"' in file.read_bytes())
        gate.touch()


def test_a_program_that_is_not_there_is_one_line_and_127() -> None:
    done = subprocess.run([*PUMPED, "no-such-program"], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (127, "codexwrap: no-such-program: command not found\n")


def test_a_stopped_program_stops_us_and_goes_on_with_us() -> None:
    with start("echo ready; kill -STOP $$; echo on") as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        eventually(lambda: _state(process.pid) == "T")
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == b"on\n"
        assert process.wait(20) == 0


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
