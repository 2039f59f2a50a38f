"""Show what was posted, and post."""

import argparse
import contextlib
import os
import time
from collections.abc import Sequence

from codexwrap import events, journal, paths
from codexwrap.events import Event
from codexwrap.feed.names import seat_of
from codexwrap.options import Parser, count
from codexwrap.redact.redact import printable

_POLL = 0.2  # seconds
_VERBS = ("items", "post", "incidents")


def main(arguments: Sequence[str]) -> int:
    """`codexwrap feed [--follow]`, and the verbs of its own."""
    if arguments and arguments[0] in _VERBS:
        import importlib

        status: int = importlib.import_module(f"codexwrap.commands.feed_{arguments[0]}").main(arguments[1:])
        return status
    parser = Parser(
        "codexwrap feed",
        description="Show what was posted to the feed. `codexwrap feed items` shows who works on what, "
        "`codexwrap feed post` says what became of an item, `codexwrap feed incidents` what is wrong.",
    )
    parser.add_argument("--follow", "-f", action="store_true", help="go on until interrupted")
    parser.add_argument("--json", action="store_true", help="print the events as they are, one a line")
    parser.add_argument("--seat", help="only of this seat")
    parser.add_argument("-n", "--last", type=count, default=50, metavar="N", help="start N events back (%(default)s)")
    parser.add_argument(
        "--fleet", nargs="?", const="", metavar="SINK", help="of all hosts, from the Redis sink that they share"
    )
    options = parser.parse_args(arguments)
    if options.fleet is not None:
        return _fleet(options)
    path = paths.state(os.environ).feed
    reading = journal.read(path)
    wanted = [event for event in reading.events if options.seat in (None, event.subject)]
    for event in wanted[max(0, len(wanted) - options.last) :]:
        _show(event, options)
    while options.follow:
        time.sleep(_POLL)
        reading = journal.read(path, reading.cursor)
        for event in reading.events:
            if options.seat in (None, event.subject):
                _show(event, options)
    return 0


def _fleet(options: argparse.Namespace) -> int:
    from codexwrap.delivery.fleet import Fleet

    with contextlib.closing(Fleet(os.environ, options.fleet)) as fleet:
        found, place = fleet.last(options.last)
        while True:
            for event in found:
                if options.seat in (None, event.subject):
                    _show(event, options)
            if not options.follow:
                return 0
            found, place = fleet.after(place)


def _show(event: Event, options: argparse.Namespace) -> None:
    print(event.to_line().decode().rstrip("\n") if options.json else line(event), flush=True)


def line(event: Event) -> str:
    """An event for people, in one line."""
    data = event.data
    item = data.get("item")
    moved = f"{item.get('id')} {item.get('from')} → {item.get('to')}" if isinstance(item, dict) else data.get("ticket")
    kind = event.type.removeprefix("codexwrap.")
    parts = (
        _clock(event.time),
        seat_of(event.source) or event.subject,
        kind,
        data.get("cause"),
        moved,
        data.get("remedy"),
    )
    return printable("  ".join(str(part) for part in parts if part))


def _clock(moment: str) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(events.epoch(moment)))
    except ValueError:
        return moment
