import hashlib
import os
import re
import select
import signal
import struct
import termios
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codexwrap import cast
from tests.support import eventually
from tests.terminals import Terminal, children, gone, pumped, python, shell

RAW = "import os, sys, tty, signal; tty.setraw(0); out = lambda data: os.write(1, data)\n"


def test_bytes_are_exact_both_ways() -> None:
    back = RAW + "out(b'READY')\nwhile data := os.read(0, 65536):\n while data: data = data[out(data):]"
    with pumped(*python(back)) as terminal:
        terminal.shows("READY")

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(st.binary(min_size=1, max_size=6000))
        def exact(data: bytes) -> None:
            assert _exchange(terminal, data, len(data)) == data

        exact()
        exact_all = bytes(range(256)) * 16
        assert _exchange(terminal, exact_all, len(exact_all)) == exact_all


def test_a_large_paste_arrives_while_the_program_floods_the_terminal() -> None:
    paste = b"\x1b[200~" + os.urandom(1_000_000).replace(b"\x1b", b"?") + b"\x1b[201~"
    flood = RAW + (
        f"import threading, hashlib\nout(b'READY')\nwant, got = {len(paste)}, b''\n"
        "threading.Thread(target=lambda: [out(b'flood ' * 1000) for _ in iter(lambda: len(got) < want, False)]).start()\n"
        "while len(got) < want: got += os.read(0, 65536)\n"
        "print('SUM', hashlib.sha256(got).hexdigest(), 'END')"
    )
    with pumped(*python(flood)) as terminal:
        terminal.shows("READY")
        assert hashlib.sha256(paste).hexdigest().encode() in _exchange(terminal, paste, until=b"END")


def test_a_paste_waits_for_a_program_that_does_not_read() -> None:
    paste = b"x" * 300_000
    slow = RAW + (
        f"out(b'READY'); signal.signal(signal.SIGUSR1, lambda *_: None); signal.pause(); left = {len(paste)}\n"
        "while left: left -= len(os.read(0, 1000))\n"
        "out(b'ALL READ')"
    )
    with pumped(*python(slow)) as terminal:
        terminal.shows("READY")
        os.set_blocking(terminal.child_fd, False)
        sent = 0
        while (sent < len(paste)) and select.select([], [terminal.child_fd], [], 0.5)[1]:
            sent += os.write(terminal.child_fd, paste[sent:])
        assert sent < len(paste), "the pump takes no more than it has room for"
        terminal.kill(signal.SIGUSR1)
        assert b"ALL READ" in _exchange(terminal, paste[sent:], until=b"ALL READ")


def test_keys_get_through_a_flood() -> None:
    flood = RAW + (
        "import select\nout(b'READY')\n"
        "while not select.select([0], [], [], 0)[0] or os.read(0, 1) != b'q': out(b'flood ' * 500)\n"
        "out(b'STOPPED')"
    )
    with pumped(*python(flood)) as terminal:
        terminal.shows("READY")
        terminal.send("q")
        terminal.shows("STOPPED")


def test_the_program_starts_with_the_terminals_size_pixels_and_modes() -> None:
    look = (
        "import termios, fcntl; print(fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)).hex());"
        "print(repr(termios.tcgetattr(0)), 'END')"
    )
    with pumped("sh", "-c", 'read go; exec "$@"', "sh", *python(look), size=(33, 99)) as terminal:
        modes = termios.tcgetattr(terminal.child_fd)
        eventually(terminal.raw)
        terminal.resize(120, 40, pixels=(960, 800))
        terminal.send("\r")
        seen = terminal.shows("END")
    assert struct.pack("HHHH", 40, 120, 960, 800).hex().encode() in seen
    assert repr(modes).encode() in seen


def test_a_resize_reaches_the_program() -> None:
    size = (
        "import os, signal; signal.signal(signal.SIGWINCH, lambda *_: print(tuple(os.get_terminal_size()), flush=True));"
        "print('READY', tuple(os.get_terminal_size()), flush=True)\nwhile True: signal.pause()"
    )
    with pumped(*python(size), size=(1, 1)) as terminal:
        terminal.shows(re.escape("READY (1, 1)"))
        for columns, lines in ((40, 12), (1, 1), (300, 90)):
            terminal.resize(columns, lines)
            terminal.shows(re.escape(f"({columns}, {lines})"))


@pytest.mark.parametrize("code", [0, 1, 2, 126, 127, 130, 255])
def test_the_exit_status_is_the_programs(code: int) -> None:
    with pumped("sh", "-c", f"exit {code}") as terminal:
        assert terminal.code() == code


@pytest.mark.parametrize("name", ["KILL", "TERM", "HUP", "SEGV"])
def test_a_death_by_signal_is_128_and_its_number(name: str) -> None:
    with pumped("sh", "-c", f"kill -{name} $$") as terminal:
        assert terminal.code() == 128 + signal.Signals[f"SIG{name}"]


def test_no_byte_is_lost_at_the_end() -> None:
    text = b"0123456789abcdef" * 3000
    for _ in range(25):
        with pumped(*python(RAW + f"data = {text[:16]!r} * 3000\nwhile data: data = data[out(data):]")) as terminal:
            assert terminal.rest() == text


def test_what_the_program_leaves_running_neither_delays_the_end_nor_is_hung_up_on() -> None:
    with pumped("sh", "-c", "sleep 1000 & echo $!") as terminal:
        assert terminal.code() == 0
        left = int(terminal.before or b"0")
        os.kill(left, signal.SIGTERM)  # raises unless it is there


@pytest.mark.parametrize("ending", ["exit", "killed program", "SIGTERM", "SIGHUP", "killed pump", "killed shim"])
def test_the_terminals_modes_come_back(ending: str) -> None:
    with pumped("sh", "-c", "echo READY; read go") as terminal:
        before = termios.tcgetattr(terminal.child_fd)
        terminal.shows("READY")
        eventually(terminal.raw)
        (shim,) = children(terminal.pid)
        (program,) = children(shim)
        if ending == "exit":
            terminal.send("\r")
        elif ending == "killed program":
            os.kill(program, signal.SIGKILL)
        elif ending == "killed shim":
            os.kill(shim, signal.SIGKILL)
        else:
            terminal.kill({"killed pump": signal.SIGKILL}.get(ending) or signal.Signals[ending])
        eventually(lambda: termios.tcgetattr(terminal.child_fd) == before)
        for pid in (terminal.pid, shim, program):
            gone(pid)


@pytest.mark.parametrize("name", ["TERM", "HUP", "INT", "QUIT", "USR1", "USR2"])
def test_a_signal_is_passed_on_and_the_program_decides(name: str) -> None:
    with pumped(
        "sh", "-c", f"trap 'echo GOT {name}; exit 7' {name}; echo READY; while :; do sleep 0.05; done"
    ) as terminal:
        terminal.shows("READY")
        terminal.kill(signal.Signals[f"SIG{name}"])
        assert terminal.code() == 7
        assert f"GOT {name}".encode() in (terminal.before or b"")


def test_a_hangup_that_was_ignored_stays_ignored() -> None:
    with shell("trap '' HUP; exec $PUMPED sh -c 'echo READY; read go; kill -HUP $$; echo STILL HERE'") as terminal:
        terminal.shows("READY")
        terminal.kill(signal.SIGHUP)
        terminal.send("\r")
        terminal.shows("STILL HERE")
        assert terminal.code() == 0


def test_closing_the_terminal_takes_it_from_the_program() -> None:
    stubborn = "import signal, os, time; signal.signal(signal.SIGHUP, lambda *_: None); print('READY', flush=True)\n"
    stubborn += "while True:\n  data = os.read(0, 100)\n  if not data: break"
    with pumped(*python(stubborn)) as terminal:
        terminal.shows("READY")
        (shim,) = children(terminal.pid)
        (program,) = children(shim)
        terminal.hang_up()
        gone(program)
        gone(shim)
        gone(terminal.pid)


def test_a_killed_pump_takes_the_program_with_it(tmp_path: Path) -> None:
    note = tmp_path / "note"
    with pumped(
        "sh", "-c", f"trap 'echo hung up > {note}; exit' HUP; echo READY; while :; do sleep 0.05; done"
    ) as terminal:
        terminal.shows("READY")
        terminal.kill(signal.SIGKILL)
        assert eventually(lambda: note.exists() and note.read_text()) == "hung up\n"


def test_without_a_terminal_type_it_runs_all_the_same() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TERM"}
    with pumped("sh", "-c", "echo [$TERM]", environment=environment) as terminal:
        terminal.shows(re.escape("[]"))
        assert terminal.code() == 0


def test_the_listener_learns_what_is_drawn_submitted_and_resized(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    with pumped("sh", "-c", "echo READY; read a; echo got $a; read b; exit 3", listen=str(recording)) as terminal:
        terminal.shows("READY")
        eventually(lambda: "READY" in _text(recording))
        terminal.resize(100, 30)
        terminal.send("hello\r")
        terminal.shows("got hello")
        eventually(lambda: "100x30" in _text(recording))
        terminal.send("\x1b[200~pasted\r\x1b[201~")
        assert terminal.code() == 3
    records = _records(recording)
    marks = [(record.code, record.data) for record in records if record.code != cast.OUTPUT]
    assert sorted(marks) == [("m", "submit"), ("r", "100x30"), ("x", "3")]
    assert records[-1].code == cast.EXIT
    output = "".join(record.data for record in records if record.code == cast.OUTPUT)
    assert "hello\r\ngot hello\r\n" in output


def test_a_listener_that_dies_is_started_again_with_what_came_before(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    with pumped("cat", listen=str(recording)) as terminal:
        eventually(terminal.raw)
        terminal.send("first\r")
        terminal.shows("first\r\nfirst\r\n")
        eventually(lambda: "first" in _text(recording))
        (listener,) = (pid for pid in children(terminal.pid) if "os.read" in Path(f"/proc/{pid}/cmdline").read_text())
        os.kill(listener, signal.SIGKILL)
        eventually(lambda: _text(recording).count('"version"') == 2)
        terminal.send("second\r\x04")
        assert terminal.code() == 0
    eventually(lambda: '"x"' in _text(recording))
    again = recording.read_text().partition("\n{")[2].splitlines()[1:]
    events = [record for line in again if (record := cast.parse(line))]
    labels = [record.data for record in events if record.code == cast.MARK]
    assert labels == ["replay", "submit", "live", "submit"]
    output = "".join(record.data for record in events if record.code == cast.OUTPUT)
    assert output == "first\r\nfirst\r\nsecond\r\nsecond\r\n"


def test_a_listener_that_never_reads_is_not_noticed() -> None:
    flood = RAW + "data = b'0123456789abcdef' * 250_000\nwhile data: data = data[out(data):]"
    with pumped(*python(flood), listen="never") as terminal:
        assert terminal.rest() == b"0123456789abcdef" * 250_000


def test_in_a_flood_the_listener_loses_the_middle_and_is_told_how_much(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    flood = RAW + "out(b'BEGIN')\nfor _ in range(500): out(b'0123456789abcde\\n' * 1000)\nout(b'THE END')"
    with pumped(*python(flood), listen=str(recording)) as terminal:
        assert terminal.code() == 0
    eventually(lambda: '"x"' in _text(recording))
    records = _records(recording)
    output = "".join(record.data for record in records if record.code == cast.OUTPUT)
    gaps = [int(record.data.split()[1]) for record in records if record.data.startswith(cast.GAP)]
    assert output.startswith("BEGIN")
    assert output.endswith("THE END")
    assert gaps
    assert len(output) + sum(gaps) == len("BEGIN") + 500 * 16_000 + len("THE END")


def _text(recording: Path) -> str:
    return recording.read_text() if recording.exists() else ""


def _records(recording: Path) -> list[cast.Record]:
    eventually(lambda: '"x"' in _text(recording))
    _, records = cast.read(recording.read_bytes().splitlines())
    return list(records)


def _exchange(terminal: Terminal, data: bytes, size: int = 0, until: bytes = b"") -> bytes:
    """Type `data` while reading, until `size` bytes have come back, or `until`."""
    fd, seen = terminal.child_fd, bytearray()
    os.set_blocking(fd, False)
    try:
        while len(seen) < size or (until and until not in seen[-100_000:]):
            readable, writable, _ = select.select([fd], [fd] if data else [], [], 20)
            assert readable or writable, f"only {len(seen)} bytes came"
            if readable:
                seen += os.read(fd, 65536)
            if writable:
                data = data[os.write(fd, data) :]
    finally:
        os.set_blocking(fd, True)
    return bytes(seen)
