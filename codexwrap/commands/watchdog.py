"""Watch what is not wrapped."""

import json
import os
from collections.abc import Sequence

from codexwrap import paths
from codexwrap.errors import UserError
from codexwrap.options import Parser, seconds
from codexwrap.watchdog import loop, once
from codexwrap.watchdog.outcome import Outcome

_EVERY = 60.0


def main(arguments: Sequence[str]) -> int:
    """`codexwrap watchdog`: 0 also when seats are dead; what it found is what is printed."""
    parser = Parser(
        "codexwrap watchdog",
        description="Find seats whose wrapper vanished, agents that run unwrapped in tmux, and sessions without a terminal; "
        "post those that died, with a checkpoint. `codexwrap install --timer` has it run by itself.",
    )
    parser.add_argument("--once", action="store_true", help="make one pass and end")
    parser.add_argument("--json", action="store_true", help="print what each pass found as an object, one a line")
    parser.add_argument(
        "--every",
        type=seconds,
        metavar="SECONDS",
        help=f"how often passes come (default: {_EVERY:g}); with --once, how often something else has it run",
    )
    options = parser.parse_args(arguments)
    root = paths.state(os.environ)

    def show(outcome: Outcome) -> None:
        print(json.dumps(outcome.to_json()) if options.json else "\n".join(outcome.lines()), flush=True)

    once.nice()
    if not options.once:
        loop.loop(root, os.environ, options.every or _EVERY, show)
    try:
        show(once.run(root, os.environ, every=options.every))
    except once.Busy:
        print("{}" if options.json else "another watchdog is at work", flush=True)
    except OSError as error:
        raise UserError(f"{root.root} cannot be written: {error.strerror or error}") from None
    return 0
