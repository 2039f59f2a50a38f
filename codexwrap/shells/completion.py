"""Complete a half-typed command line."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from codexwrap.paths import State


class Word(NamedTuple):
    """What may stand under the cursor, and what it is."""

    value: str
    about: str = ""


class Program(NamedTuple):
    """From word `at` on, the line is that of another program, which the shell may know how to complete.

    Where that word is not the program's name itself, `name` is.
    """

    at: int
    name: str = ""


class Files:
    """The name of a file: every shell completes that best itself."""


Answer = Sequence[Word] | Program | Files


class _Command(NamedTuple):
    about: str
    takes: str  # what its arguments are: a name in _VALUES, "file", or "" where it takes none
    options: Mapping[str, str]  # and what each takes


# Written down here, although each command knows its own: asking it would cost its imports at every TAB.
_COMMANDS = {
    "resume": _Command(
        "go on from a seat's last checkpoint",
        "resumable",
        {
            "--list": "",
            "--show": "",
            "--json": "",
            "--again": "",
            "--restore": "",
            "--into": "into",
            "--fresh": "",
        },
    ),
    "checkpoint": _Command("make a seat's checkpoint now", "seat", {"--json": ""}),
    "restart": _Command("restart one seat in place, with its session", "seat", {"--force": ""}),
    "login": _Command("sign in for a seat that has a home of its own", "seat", {}),
    "status": _Command(
        "show every seat",
        "",
        {
            "--json": "",
            "--watch": "",
            "--layers": "",
            "--sort": "sort",
            "--state": "state",
            "--seat": "seat",
            "--item": "text",
            "--all": "",
            "--fleet": "",
        },
    ),
    "feed": _Command(
        "show what was posted, and post",
        "feed",
        {
            "--follow": "",
            "--json": "",
            "--seat": "seat",
            "--last": "number",
            "--fleet": "",
        },
    ),
    "watchdog": _Command("watch what is not wrapped", "", {"--once": "", "--every": "number", "--json": ""}),
    "usage": _Command("show what is used of the limits", "", {"--json": "", "--home": "file", "--ask": ""}),
    "report": _Command(
        "tell what happened, by day, cause and seat", "", {"--days": "number", "--json": "", "--html": "file"}
    ),
    "install": _Command(
        "set up shell and timer",
        "",
        {"--shell": "shell", "--rc": "file", "--timer": "timer", "--every": "number", "--print": "", "--uninstall": ""},
    ),
    "doctor": _Command("check that all is well", "", {"--test-alert": "", "--json": ""}),
    "drill": _Command("kill a real session on loopback, and see", "cause", {"--codex": "file", "--json": ""}),
    "replay": _Command("judge a recording", "file", {"--agent": "agent", "--json": "", "--explain": ""}),
}
_FEED = {
    "items": _Command("who works on what", "", {"--json": "", "--fleet": ""}),
    "post": _Command("say what became of an item", "", {"--item": "text", "--state": "text", "--seat": "seat"}),
    "incidents": _Command("what is wrong now", "", {"--all": "", "--close": "", "--json": ""}),
}
_MANY = ("cause",)  # kinds of argument of which there may be more than one
_WRAPPER = {"--seat": "seat", "--ticket": "text", "--force": "", "--version": "", "--help": ""}
_SEAT = {"--ticket": "text", "--force": ""}
_AGENTS = ("codex", "claude", "gemini")
_DRILLS = ("all", "token_revoked", "workspace_credits", "usage_limit", "rate_limit", "decoy_quotes", "decoy_retries")
_SHELLS = ("bash", "zsh", "fish")
_TIMERS = ("systemd", "launchd", "cron")
_SORTS = ("state", "seat", "since", "item", "cause", "used")
_STATES = ("DEAD", "STALLED", "SUSPECT", "UNKNOWN", "WORKING", "IDLE", "STARTING", "EXITED")


def answer(words: Sequence[str], root: State, environ: Mapping[str, str]) -> Answer:
    """What completes the last word, which may be empty; the first is `codexwrap` or `codexwrap-seat`.

    Words that do not begin like the last one are left to the shell to drop: each has rules of its own for that.
    """
    line = _Line(list(words), root, environ)
    return _seat(line) if os.path.basename(words[0]) == "codexwrap-seat" else _wrapper(line)  # noqa: PTH119


class _Line(NamedTuple):
    words: list[str]
    root: State
    environ: Mapping[str, str]

    @property
    def last(self) -> int:
        return len(self.words) - 1

    def program(self, at: int) -> Answer:
        """The program's name is word `at`."""
        if at < self.last:
            return Program(at)
        return _programs(self.words[at], self.environ)

    def options(self, known: Mapping[str, str]) -> Answer:
        """The last word is an option, or one with its value behind an equals sign."""
        option, equals, _ = self.words[-1].partition("=")
        if not equals:
            return [Word(option) for option in known if option not in self.words[:-1]]
        values = self.values(known.get(option, ""))
        return values if isinstance(values, Files) else [Word(f"{option}={word.value}", word.about) for word in values]

    def values(self, kind: str) -> Sequence[Word] | Files:
        """What may stand where a value of a kind does."""
        match kind:
            case "file":
                return Files()
            case "seat":
                return [Word(name) for name in seat_names(self.root, "seats", "checkpoints")]
            case "resumable":
                return [Word(name) for name in seat_names(self.root, "checkpoints")]
            case "cause":
                return [Word(name) for name in _DRILLS]
            case "feed":
                return [Word(name, command.about) for name, command in _FEED.items()]
            case "agent":
                return [Word(name) for name in _AGENTS]
            case "into":
                return [Word(name) for name in ("tree", "branch", "worktree")]
            case "sort":
                return [Word(name) for name in _SORTS]
            case "state":
                return [Word(name) for name in _STATES]
            case "timer":
                return [Word(name) for name in _TIMERS]
            case "shell":
                return [Word(name) for name in _SHELLS]
        return []

    def skip(self, at: int, known: Mapping[str, str]) -> int:
        """The index behind the options that start at word `at`, at most that of the last word's value or beyond."""
        while at < self.last and self.words[at].startswith("-") and self.words[at] != "--":
            at += 2 if known.get(self.words[at]) else 1
        return at


def _wrapper(line: _Line) -> Answer:
    at = line.skip(1, _WRAPPER)
    if at > line.last:  # the last word is an option's value
        return _undashed(line.values(_WRAPPER[line.words[-2]]))
    word = line.words[at]
    if at < line.last:
        if word == "--":
            return line.program(at + 1)
        if at == 1 and word == "seat":
            return _seat(line, 2)
        if at == 1 and word in _COMMANDS:
            if word == "feed" and line.last > 2 and line.words[2] in _FEED:
                return _command(line, _FEED[line.words[2]], 3)
            return _command(line, _COMMANDS[word])
        return line.program(at)
    if word.startswith("-"):
        return line.options(_WRAPPER)
    commands = [Word(name, command.about) for name, command in _COMMANDS.items()] if at == 1 else []
    if word and any(each.value.startswith(word) for each in commands):
        return commands  # and not the hundreds of programs that begin with the same letters
    programs = _programs(word, line.environ)
    return programs if isinstance(programs, Files) else [*commands, *programs]


def _seat(line: _Line, name: int = 1) -> Answer:
    """`codexwrap-seat NAME [OPTIONS] [PROGRAM...]`, the name at a given index."""
    if literal := name < line.last and line.words[name] == "--":
        name += 1
    if name >= line.last:
        return _undashed(line.values("seat"), literal=literal)
    at = line.skip(name + 1, _SEAT)
    if at > line.last:
        return _undashed(line.values(_SEAT[line.words[-2]]))
    if at == line.last and line.words[at].startswith("-"):
        return line.options(_SEAT)
    if line.words[at] == "--":
        return Program(at, _AGENTS[0])
    return line.program(at)


def _command(line: _Line, command: _Command, start: int = 2) -> Answer:
    """What may stand behind a command, whose arguments begin at word `start`."""
    known = {**command.options, "--help": ""}
    taken, at = 0, line.skip(start, known)
    while at < line.last:
        at, taken = (at + 1, taken) if line.words[at] == "--" else (line.skip(at + 1, known), taken + 1)
    if at > line.last:
        return _undashed(line.values(known[line.words[-2]]))
    literal = "--" in line.words[start:-1]
    if line.words[-1].startswith("-") and not literal:
        return line.options(known)
    return [] if taken and command.takes not in _MANY else _undashed(line.values(command.takes), literal=literal)


def _undashed(values: Sequence[Word] | Files, *, literal: bool = False) -> Sequence[Word] | Files:
    """Values without those that would be taken for options, unless a `--` stands before."""
    return values if literal or isinstance(values, Files) else [word for word in values if word.value[:1] != "-"]


def seat_names(root: State, *folders: str) -> list[str]:
    """The seats in some of the state root's folders, without those whose names a terminal might obey."""
    found = {name for folder in folders for name in _folders(root.root / folder)}
    unusual = {name for name in found if "~" in name}
    return sorted({*(found - unusual), *(_unusual(root, unusual) if unusual else ())})


def _folders(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_dir())
    except OSError:
        return


def _unusual(root: State, folders: set[str]) -> Iterator[str]:
    """Names that are no file names: their folders carry a hash of them, and only the files within say them in full."""
    from codexwrap import paths, seats, shelf
    from codexwrap.redact.redact import printable

    names = {record["seat"] for record in seats.load_all(root)[0]}
    known = {paths.file_name(name): name for name in names}
    for folder in folders:
        saved = None if folder in known else shelf.newest(root.root / "checkpoints" / folder)
        name = saved.record["seat"] if saved else known.get(folder, "")
        if name and printable(name) == name:
            yield name


def _programs(typed: str, environ: Mapping[str, str]) -> Sequence[Word] | Files:
    """Programs on the PATH that begin with what is typed; where nothing is, only the agents among them."""
    if "/" in typed:
        return Files()
    found: set[str] = set()
    for folder in environ.get("PATH", os.defpath).split(":"):
        try:
            with os.scandir(folder or ".") as entries:
                found.update(entry.name for entry in entries if _wanted(entry, typed))
        except OSError:
            continue
    return [Word(name) for name in sorted(found)]


def _wanted(entry: os.DirEntry[str], typed: str) -> bool:
    if not (entry.name.startswith(typed) if typed else entry.name in _AGENTS):
        return False
    try:
        return stat.S_ISREG(entry.stat().st_mode) and os.access(entry.path, os.X_OK)
    except OSError:
        return False
