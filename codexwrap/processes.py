"""Look at other processes."""

import os
from collections import defaultdict
from pathlib import Path

_PROC = Path("/proc")


def descendants(pid: int) -> list[int]:
    """A process and all below it, parents first; only itself where the system does not tell (no /proc)."""
    children: dict[int, list[int]] = defaultdict(list)
    for each in _pids():
        if (parent := _parent(each)) is not None:
            children[parent].append(each)
    found = [pid]
    for each in found:
        found.extend(children[each])
    return found


def ancestors(pid: int) -> list[int]:
    """What started a process, and what started that, nearest first; nothing where the system does not tell (no /proc)."""
    found: list[int] = []
    while (parent := _parent(pid)) and parent not in found:
        found.append(parent)
        pid = parent
    return found


def open_files(pid: int) -> list[Path]:
    """The files that a process has open; none where it is another user's, gone, or the system does not tell."""
    folder = _PROC / str(pid) / "fd"
    found = []
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names, not paths
    except OSError:
        return []
    for name in names:
        try:
            target = (folder / name).readlink()
        except OSError:
            continue
        if target.is_absolute() and not target.name.endswith(" (deleted)"):
            found.append(target)
    return found


def is_alive(pid: int) -> bool:
    """Whether a process of this number exists; a zombie does."""
    if pid <= 0:  # which would mean a group of them
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # gone, or no number of a process
        return False
    except PermissionError:
        return True
    return True


def _pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir(_PROC) if name.isdecimal()]  # noqa: PTH208
    except OSError:
        return []


def _parent(pid: int) -> int | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may hold anything, also a parenthesis; state and parent stand behind the last one.
    fields = stat[stat.rfind(b")") + 2 :].split()
    return int(fields[1]) if len(fields) > 1 else None
