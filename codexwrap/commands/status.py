"""Show every seat."""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from codexwrap import events, paths, seats, tables
from codexwrap.errors import UserError
from codexwrap.options import Parser
from codexwrap.redact.redact import printable
from codexwrap.verdict.causes import State

_HEADINGS = ("SEAT", "STATE", "CAUSE", "SINCE", "ITEM", "BRANCH", "CHECKPOINT")
_CLEAR = "\x1b[H\x1b[2J"


def main(arguments: Sequence[str]) -> int:
    """`codexwrap status`: 0 also when seats are dead; what they are is what is printed."""
    parser = Parser("codexwrap status", description="Show every seat of this machine.")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--watch", action="store_true", help="again every second, until interrupted")
    parser.add_argument(
        "--fleet",
        nargs="?",
        const="",
        metavar="SINK",
        help="the seats of all hosts, from the Redis sink that they share",
    )
    options = parser.parse_args(arguments)
    if options.fleet is not None:
        from codexwrap.commands import status_fleet

        return status_fleet.show(options.fleet, as_json=options.json, watch=options.watch)
    state = paths.state(os.environ)
    while True:
        found, broken = seats.load_all(state)
        for line in broken:
            print(f"codexwrap: {printable(line)}", file=sys.stderr)
        rows = [current(state, record) for record in found]
        text = tables.as_json(rows) if options.json else _text(rows)
        for line in _troubles(state):
            print(f"codexwrap: {line}", file=sys.stderr)
        print((_CLEAR if options.watch and sys.stdout.isatty() else "") + text, flush=True)
        if not options.watch:
            return 0
        time.sleep(1)


def current(state: paths.State, record: dict[str, Any]) -> dict[str, Any]:
    """What a seat is now: a record that says it lives proves nothing when nobody holds its lock any more."""
    running = seats.is_held(state, record["seat"])
    if not running and record.get("state") != State.EXITED:
        record = {**record, "state": State.UNKNOWN, "was": record.get("state"), "note": "its wrapper is gone"}
    return {**record, "running": running}


def _troubles(state: paths.State) -> list[str]:
    """What is wrong with delivery; whoever asks also sees to it that somebody delivers."""
    from codexwrap import wake

    if not wake.is_wanted(os.environ):
        return []
    from codexwrap.delivery import health, workers

    wake.deliver(state.root, os.environ)
    try:
        return health.troubles(state, workers.names(os.environ))
    except UserError as error:
        return [printable(str(error))]


def _text(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return "no seats yet: start one with `codexwrap codex`"
    return tables.table(_HEADINGS, [_row(record) for record in rows])


def _row(record: dict[str, Any]) -> tuple[object, ...]:
    return (
        record["seat"],
        record["state"],
        record.get("cause") or record.get("note"),
        age(record.get("since")),
        record.get("ticket"),
        record.get("branch"),
        os.path.basename(record.get("checkpoint") or ""),  # noqa: PTH119 - of a text that may be anything
    )


def age(since: object) -> str:
    """How long ago a time of the feed is, in words."""
    try:
        seconds = max(0, int(time.time() - events.epoch(str(since))))
    except ValueError:
        return "?"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
