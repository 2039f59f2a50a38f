"""Run a seat by its name."""

import os
from collections.abc import Sequence

from codexwrap import offer, session
from codexwrap.errors import UsageError

USAGE = """\
usage: codexwrap-seat NAME [--ticket ID] [--force] [PROGRAM [ARGUMENTS...]]
       codexwrap-seat NAME [--ticket ID] [--force] -- ARGUMENTS...

Offers to resume the seat if it died and nobody has resumed it; else runs PROGRAM, by default codex, as that seat.
A name of your own for it:  alias alpha='codexwrap-seat alpha codex'
"""
_PROGRAM = "codex"


def main(arguments: Sequence[str]) -> int:
    """`codexwrap seat NAME [...]`, which the shells' codexwrap-seat calls: the exit status of the program."""
    if list(arguments[:1]) in (["-h"], ["--help"]):
        print(USAGE, end="")
        return 0
    options, program = parse(arguments)
    return session.run(options, program, os.environ, gate=True, offer=offer.offer)


def parse(arguments: Sequence[str]) -> tuple[session.Options, list[str]]:
    """The seat and the program with its arguments. Raises UsageError."""
    rest = list(arguments)
    if rest and rest[0] == "--":
        del rest[0]
    elif rest and rest[0].startswith("-"):
        raise UsageError(f"the seat's name stands first, not {rest[0]} (one that starts with a dash: -- {rest[0]})")
    if not rest or not rest[0].strip():
        raise UsageError("which seat? for example: codexwrap-seat alpha")
    seat, ticket, force = rest.pop(0), "", False
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        name, equals, value = option.partition("=")
        if option == "--":
            return session.Options(seat, ticket, force), [_PROGRAM, *rest]
        if option == "--force":
            force = True
        elif name == "--ticket":
            ticket = value if equals else rest.pop(0) if rest and not rest[0].startswith("-") else ""
            if not ticket.strip():
                raise UsageError("--ticket needs a value (one that starts with a dash: --ticket=VALUE)")
        else:
            raise UsageError(f"no option {option}; options of {_PROGRAM} stand behind --")
    return session.Options(seat, ticket, force), rest or [_PROGRAM]
