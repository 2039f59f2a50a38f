"""List the user's processes."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_SECONDS = 5.0


class Process(NamedTuple):
    """One process; `started` in epoch seconds; `mark` tells it from others that had its number."""

    pid: int
    parent: int
    argv: tuple[str, ...]
    started: float
    mark: str


Table = Mapping[int, Process]


def table() -> Table:
    """Every process of this user, by its number. Raises OSError where the system tells neither by /proc nor by ps."""
    return _from_proc() if (_PROC / "stat").exists() else _from_ps()


def environ(pid: int) -> dict[str, str]:
    """What a process was started with; empty where it is gone or the system does not tell (no /proc)."""
    try:
        data = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (each.decode(errors="surrogateescape").partition("=") for each in data.split(b"\0") if each)
    return {name: value for name, _, value in pairs}


def directory(pid: int) -> str:
    """Where a process works; empty where it is gone or the system does not tell."""
    try:
        return str((_PROC / str(pid) / "cwd").readlink()).removesuffix(" (deleted)")
    except OSError:
        return ""


def ancestors(processes: Table, pid: int) -> list[Process]:
    """What started a process, and what started that, nearest first."""
    found: list[Process] = []
    each = processes.get(pid)
    while each and (each := processes.get(each.parent)) and each not in found:
        found.append(each)
    return found


def booted() -> float | None:
    """When this machine was started, in epoch seconds; None where the system does not tell.

    Not `btime` of /proc/stat, which is off by up to a second: it matters whether a turn failed before a process was started.
    """
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _from_proc() -> Table:
    own, ticks, boot = os.getuid(), os.sysconf("SC_CLK_TCK"), booted() or 0.0
    found = {}
    for name in os.listdir(_PROC):  # noqa: PTH208 - names, not paths
        if not name.isdecimal():
            continue
        folder = f"/proc/{name}"
        try:
            if os.stat(folder).st_uid != own:  # noqa: PTH116 - hundreds of them
                continue
            argv = _read(f"{folder}/cmdline")
            stat = _read(f"{folder}/stat")
        except OSError:  # it has ended
            continue
        # The name in parentheses may hold anything, also a parenthesis; state and parent stand behind the last one.
        fields = stat[stat.rfind(b")") + 2 :].split()
        if argv and len(fields) > 19:
            words = tuple(each.decode(errors="surrogateescape") for each in argv.rstrip(b"\0").split(b"\0"))
            started = boot + int(fields[19]) / ticks
            found[int(name)] = Process(int(name), int(fields[1]), words, started, fields[19].decode())
    return found


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return file.read()


def _from_ps() -> Table:
    """For macOS and the BSDs; what stood between quotes in an argument is lost there."""
    command = ["ps", "-xww", "-o", "pid=,ppid=,lstart=,command="]
    try:
        answer = subprocess.run(
            command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"ps did not answer within {_SECONDS:g} s") from None
    return dict(_parsed(line) for line in answer.stdout.splitlines() if len(line.split()) > 7)


def _parsed(line: str) -> tuple[int, Process]:
    pid, parent, *when, command = line.split(None, 7)
    started = time.mktime(time.strptime(" ".join(when), "%a %b %d %H:%M:%S %Y"))
    return int(pid), Process(int(pid), int(parent), tuple(command.split()), started, f"{started:.0f}")
