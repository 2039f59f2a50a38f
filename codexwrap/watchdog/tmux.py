"""Ask tmux servers."""

import os
import secrets
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_SECONDS = 5.0
_AT_ONCE = 100  # panes; tmux takes a command of 16 KB at most

# Numbers first, then what may hold spaces, last what may hold anything.
_FIELDS = (
    *("pid", "pane_id", "pane_pid", "pane_dead", "alternate_on", "pane_width", "pane_height"),
    *("window_index", "pane_index", "session_name", "pane_current_path"),
)
_FORMAT = "\t".join(f"#{{{field}}}" for field in _FIELDS)


class TmuxError(Exception):
    """A server that could not be asked, and why."""


class Pane(NamedTuple):
    """A pane: `pid` is the process in it, `run` is the same for as long as its server lives; `place` as people name it."""

    socket: str
    id: str
    run: str
    pid: int
    alternate: bool
    columns: int
    lines: int
    place: str
    path: str


def sockets(environ: Mapping[str, str], others: Iterable[Mapping[str, str]] = ()) -> list[str]:
    """The sockets of this user's servers: those where tmux puts them, and those that environments of processes name."""
    folder = Path(environ.get("TMUX_TMPDIR") or "/tmp", f"tmux-{os.getuid()}")  # noqa: S108 - tmux's own default
    try:
        found = [entry.path for entry in os.scandir(folder) if _is_socket(entry)]
    except OSError:
        found = []
    named = (each.get("TMUX", "").rsplit(",", 2)[0] for each in (environ, *others))
    found += [path for path in named if path and os.path.exists(path)]  # noqa: PTH110 - text
    return sorted({os.path.realpath(path) for path in found})


def panes(socket: str) -> list[Pane]:
    """Every pane of a server, each once; none where no server listens any more. Raises TmuxError."""
    answer = _ask(socket, ["list-panes", "-a", "-F", _FORMAT])
    if answer.returncode:
        if "no server running" in answer.stderr or "No such file" in answer.stderr:
            return []
        raise TmuxError(f"tmux at {socket}: {answer.stderr.strip() or f'exit status {answer.returncode}'}")
    found: dict[str, Pane] = {}
    for line in answer.stdout.splitlines():
        words = line.split("\t", len(_FIELDS) - 1)
        if len(words) == len(_FIELDS):
            fields = dict(zip(_FIELDS, words, strict=True))
            if fields["pane_dead"] != "1":
                found.setdefault(fields["pane_id"], _pane(socket, fields))
    return list(found.values())


def screens(socket: str, wanted: Sequence[str]) -> dict[str, str]:
    """What panes show, by their ids, with attributes: their own screens, also where a user scrolls in copy mode.

    A pane that has gone meanwhile is not in it. Raises TmuxError.
    """
    found: dict[str, str] = {}
    left = list(wanted)
    while left:
        batch = left[:_AT_ONCE]
        answered = list(_capture(socket, batch))
        found.update(answered)
        # tmux drops all that stands behind a command that failed: the pane behind the last answer has gone.
        left = left[len(answered) + (len(answered) < len(batch)) :]
    return found


def _capture(socket: str, batch: Sequence[str]) -> Iterator[tuple[str, str]]:
    mark = secrets.token_hex(8)
    words = [word for pane in batch for word in ("capture-pane", "-p", "-e", "-t", pane, ";", *_say(f"{mark}{pane}"))]
    text = _ask(socket, words[:-1]).stdout
    for pane in batch:
        shown, found, text = text.partition(f"{mark}{pane}\n")
        if not found:
            return
        yield pane, shown


def _say(text: str) -> tuple[str, ...]:
    return "display-message", "-p", text.replace("%", "%%"), ";"


def _ask(socket: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # -u: a client in a locale without UTF-8, as a timer's is, would be given `_` for each `■`.
    environ = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}
    try:
        return subprocess.run(
            ["tmux", "-u", "-S", socket, *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise TmuxError(f"tmux at {socket}: no tmux on the PATH") from None
    except subprocess.TimeoutExpired:
        raise TmuxError(f"tmux at {socket}: no answer within {_SECONDS:g} s") from None
    except OSError as error:
        raise TmuxError(f"tmux at {socket}: {error.strerror}") from None


def _pane(socket: str, fields: Mapping[str, str]) -> Pane:
    server = os.path.basename(socket)  # noqa: PTH119
    place = f"{fields['session_name']}:{fields['window_index']}.{fields['pane_index']}"
    return Pane(
        socket=socket,
        id=fields["pane_id"],
        run=f"{fields['pid']}{fields['pane_id']}",
        pid=int(fields["pane_pid"]),
        alternate=fields["alternate_on"] == "1",
        columns=int(fields["pane_width"]),
        lines=int(fields["pane_height"]),
        place=place if server == "default" else f"{server}/{place}",
        path=fields["pane_current_path"],
    )


def _is_socket(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.stat().st_mode & 0o170000 == 0o140000
    except OSError:
        return False
