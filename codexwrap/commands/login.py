"""Sign a seat in."""

import argparse
import os
from collections.abc import Sequence

from codexwrap import agents, config, isolation, paths, seats
from codexwrap.errors import UserError
from codexwrap.options import Parser
from codexwrap.pump import launch

_AGENT = "codex"


def main(arguments: Sequence[str]) -> int:
    """`codexwrap login SEAT [...]`: becomes `codex login` in that seat's home. Raises UserError."""
    about = "Sign in for a seat that has a Codex home of its own; no other seat is touched."
    parser = Parser("codexwrap login", description=about)
    parser.add_argument("seat")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="those of `codex login`, such as status")
    options = parser.parse_args(arguments)
    seat, rest = options.seat, options.arguments
    if config.load(os.environ, seat).isolate != "home":
        raise UserError(
            f"seat {seat!r} shares its sign-in: `codex login` is for that; "
            f'isolate = "home" under [seats.{seat}] in the config gives it one of its own'
        )
    root = paths.state(os.environ)
    agent = agents.AGENTS[_AGENT]
    program = _program(root, seat)
    path = launch.find(program, os.environ)
    apart = isolation.of_home(root, seat, agent, [program], os.environ)
    os.execve(path, [program, "login", *rest], dict(apart.environ))
    return 0


def _program(root: paths.State, seat: str) -> str:
    """The Codex that the seat last ran, else the one on the PATH."""
    record = seats.load(root, seat) or {}
    words = record.get("argv")
    return str(words[0]) if record.get("agent") == _AGENT and words else _AGENT
