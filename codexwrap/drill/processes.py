"""End processes and their families."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path


def end_session(process: subprocess.Popen[bytes], *, grace: float) -> int:
    """End the leader of a session and all in it: TERM, `grace` seconds later KILL. Its exit status.

    Members in process groups of their own are found through /proc; where there is none (macOS), the leader's group is.
    """
    members = _session(process.pid)
    if process.poll() is None:
        send(-process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    send(-process.pid, signal.SIGKILL)
    for pid in {*members, *_session(process.pid)} - {process.pid}:
        send(pid, signal.SIGKILL)
    return process.wait()


def end_with_variable(name: str, value: str, *, grace: float) -> int:
    """End every process whose environment says `name=value`, wherever it went: TERM, then KILL. How many there were.

    Found through /proc: without it none is.
    """
    pids = with_variable(name, value)
    for pid in pids:
        send(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while with_variable(name, value) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in with_variable(name, value):
        send(pid, signal.SIGKILL)
    return len(pids)


def with_variable(name: str, value: str) -> list[int]:
    """The processes of this user whose environment says `name=value`, except this one and zombies."""
    entry = f"{name}={value}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry in (path / "environ").read_bytes().split(b"\0") and int(path.name) != os.getpid():
                found.append(int(path.name))
    return found


def command(pid: int) -> str:
    """The command line of a process, from /proc; empty when it has gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def send(pid: int, number: int) -> None:
    """Send a signal to a process, or to a group as its negative; that it has gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _session(leader: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # After the name in parentheses: state, parent, group, session (proc(5)).
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(path.name))
    return found
