"""Keep one seat apart."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from codexwrap import agents, atomic, paths
from codexwrap.agents.look import Agent
from codexwrap.errors import UserError
from codexwrap.paths import State

_AGENT = "codex"
# By which Codex starts no server that it shares with other seats of its home (in `codex --help`, 0.160 to 0.169).
_NO_SERVER = "--no-daemon"
_PATIENCE = 30.0  # seconds for the help page

# What is the user's own in a Codex home. Nothing of a sign-in, and nothing that a running Codex keeps to itself: two
# copies of one auth.json kill each other, for a refresh token is good for one refresh.
_LINKED = ("config.toml", "*.config.toml", "AGENTS.md", "AGENTS.override.md", "hooks.json")
_LINKED_FOLDERS = ("prompts", "skills", "rules", "agents", "themes")


class Apart(NamedTuple):
    """The command and the environment of a seat that is kept apart, and what the user should know, one line each."""

    argv: list[str]
    environ: Mapping[str, str]
    told: list[str]


def home(state: State, seat: str) -> Path:
    """The Codex home of a seat that has one of its own."""
    return state.root / "homes" / paths.file_name(seat)


def of_process(agent: Agent | None, argv: Sequence[str], environ: Mapping[str, str]) -> Apart:
    """The seat with a server of its own, where this version shares one. Raises UserError."""
    _check(agent, argv)
    needed = _NO_SERVER not in argv and _shares_server(argv[0], environ)
    return Apart([argv[0], *([_NO_SERVER] if needed else []), *argv[1:]], environ, [])


def of_home(state: State, seat: str, agent: Agent | None, argv: Sequence[str], environ: Mapping[str, str]) -> Apart:
    """The seat with a Codex home of its own, in which what is the user's is linked. Raises UserError."""
    known = _check(agent, argv)
    own = home(state, seat)
    users = agents.home(known, environ, _directory())
    try:
        prepare(own, users)
    except OSError as error:
        raise UserError(f"{own}, the home of seat {seat!r}, cannot be written ({error.strerror})") from None
    return Apart(list(argv), {**environ, known.home_variable: os.fspath(own)}, _advice(seat, own, users))


def prepare(own: Path, users: Path) -> None:
    """Make a seat's home, and link into it what there is of the user's. Raises OSError.

    What the seat has of its own in that place stays.
    """
    atomic.private_dir(own)
    if own == users:
        return
    there = {path.name: path for path in _of_user(users)}
    for path in own.iterdir():
        if path.is_symlink() and path.name not in there and not path.exists():
            path.unlink()  # to something that is gone
    for name, path in there.items():
        link = own / name
        if link.is_symlink() and link.readlink() != path:
            link.unlink()
        if not os.path.lexists(link):
            link.symlink_to(path)


def _of_user(users: Path) -> Iterator[Path]:
    for pattern in _LINKED:
        yield from (path.absolute() for path in users.glob(pattern) if path.is_file())
    yield from ((users / name).absolute() for name in _LINKED_FOLDERS if (users / name).is_dir())


def _advice(seat: str, own: Path, users: Path) -> list[str]:
    sign_in = own / "auth.json"
    if not sign_in.exists():
        config = own / "config.toml"
        if config.is_file() and "keyring" in config.read_text(errors="replace"):
            return []
        return [f"seat {seat} has a home of its own, and nobody has signed in there yet: codexwrap login {seat}"]
    token = _refresh_token(sign_in)
    if own != users and token and token == _refresh_token(users / "auth.json"):
        return [
            f"seat {seat} has a copy of another sign-in, and the first to refresh ends both: codexwrap login {seat}"
        ]
    return []


def _refresh_token(path: Path) -> str:
    import json

    try:
        return str(json.loads(path.read_bytes())["tokens"]["refresh_token"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ""


def _check(agent: Agent | None, argv: Sequence[str]) -> Agent:
    if agent is None or agent.name != _AGENT:
        raise UserError(f"isolate is for {_AGENT}, not for {argv[0]}: take it out of this seat's settings")
    return agent


def _shares_server(program: str, environ: Mapping[str, str]) -> bool:
    import subprocess

    try:
        page = subprocess.run(
            [program, "--help"], env=dict(environ), capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return _NO_SERVER.encode() in page.stdout


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return "/"
