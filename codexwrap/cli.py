"""Parse arguments, dispatch, report errors."""

import os
import sys
from collections.abc import Sequence

from codexwrap import __version__
from codexwrap.errors import UsageError, UserError

COMMANDS = {
    "resume": "go on from a seat's last checkpoint",
    "checkpoint": "make a seat's checkpoint now",
    "restart": "restart one seat in place, with its session",
    "login": "sign in for a seat that has a home of its own",
    "status": "show every seat",
    "feed": "show what was posted, and post",
    "watchdog": "watch what is not wrapped",
    "usage": "show what is used of the limits",
    "report": "tell what happened, by day, cause and seat",
    "install": "set up shell and timer",
    "doctor": "check that all is well",
    "drill": "kill a real session on loopback, and see",
    "replay": "judge a recording",
}
HIDDEN = ("complete", "seat")  # what shell/ calls: dispatched, not shown

_USAGE = """\
usage: codexwrap [--seat NAME] [--ticket ID] [--force] PROGRAM [ARGUMENTS...]
       codexwrap COMMAND [ARGUMENTS...]

Runs a coding agent as a seat: when its provider session dies, the seat's context is saved and the death is posted.

options, before the program's name:
  --seat NAME    what the seat is called (default: the directory's name)
  --ticket ID    the work item (default: $CODEXWRAP_TICKET, else taken from the git branch)
  --force        run under a name that another wrapper holds, or on a credential that is known to be dead
  --             the program's name follows, whatever it looks like
  --version, --help

commands:
"""


def main(argv: Sequence[str]) -> int:
    """The exit status of `codexwrap ARGV`. Raises UserError."""
    seat = ticket = ""
    force = False
    rest = list(argv)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        name, equals, value = option.partition("=")
        if option == "--":
            return _run_seat(seat, ticket, rest, force=force)
        if option in ("-h", "--help"):
            print(_usage(), end="")
            return 0
        if option in ("-V", "--version"):
            print(f"codexwrap {__version__}")
            return 0
        if option == "--force":
            force = True
        elif name in ("--seat", "--ticket"):
            if not equals:
                if not rest or rest[0].startswith("-"):
                    raise UsageError(f"{name} needs a value (one that starts with a dash: {name}=VALUE)")
                value = rest.pop(0)
            if not value.strip():
                raise UsageError(f"{name} must not be empty")
            seat, ticket = (value, ticket) if name == "--seat" else (seat, value)
        else:
            raise UsageError(f"no option {option}; options of the program stand behind its name (codexwrap --help)")
    if rest and rest[0] in (*COMMANDS, *HIDDEN):
        if seat or ticket or force:
            raise UsageError(
                f"--seat, --ticket and --force are for running a program; {rest[0]} has options of its own"
            )
        return _command(rest[0], rest[1:])
    return _run_seat(seat, ticket, rest, force=force)


def run() -> None:
    """The program's entry: what the user can mend is one line, all else a crash log that says where it is."""
    try:
        try:
            status = main(sys.argv[1:])
        except UserError as error:
            status = _complain(error)
        if sys.stdout:
            sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads any more; the interpreter flushes once more
        status = 141
    except Exception:  # noqa: BLE001 - the outermost frame
        status = _crashed()
    sys.exit(status)


def _run_seat(seat: str, ticket: str, program: Sequence[str], *, force: bool) -> int:
    if not program:
        raise UsageError("which program? for example: codexwrap codex (codexwrap --help)")
    from codexwrap import offer, session  # commands do without, and a TAB must not wait for pexpect

    return session.run(session.Options(seat, ticket, force), program, os.environ, gate=True, offer=offer.offer)


def _command(name: str, arguments: Sequence[str]) -> int:
    import importlib
    import io

    if isinstance(sys.stdout, io.TextIOWrapper):  # an arrow must not end a command on a terminal that has none
        sys.stdout.reconfigure(errors="backslashreplace")
    status: int = importlib.import_module(f"codexwrap.commands.{name}").main(arguments)
    return status


def _usage() -> str:
    return _USAGE + "".join(f"  {name:11} {what}\n" for name, what in COMMANDS.items())


def _complain(error: UserError) -> int:
    from codexwrap.redact.redact import printable

    print(f"codexwrap: {printable(str(error))}", file=sys.stderr)
    return error.code


def _crashed() -> int:
    import platform
    import time
    import traceback

    from codexwrap import atomic, paths
    from codexwrap.redact import redact

    told = (
        f"codexwrap {__version__}, Python {platform.python_version()}, {platform.platform()}\n{traceback.format_exc()}"
    )
    text = redact.printable(redact.redact(told, redact.known_values(os.environ)), keep="\n")
    try:
        folder = atomic.private_dir(paths.state(os.environ).root)
        path = folder / f"crash-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.log"
        atomic.write(path, text.encode("utf-8", "replace"))
        print(f"codexwrap: this is a bug of codexwrap; what happened is in {path}", file=sys.stderr)
    except (OSError, UserError):
        print(f"codexwrap: this is a bug of codexwrap\n{text}", file=sys.stderr)
    return 3
