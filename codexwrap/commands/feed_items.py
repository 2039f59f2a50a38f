"""Show who works on what."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from codexwrap import config, journal, paths, tables
from codexwrap.events import Event
from codexwrap.feed.items import Item, Items
from codexwrap.feed.names import seat_of
from codexwrap.options import Parser

_HEADINGS = ("ITEM", "STATE", "SEAT", "SINCE", "CAUSE", "CHECKPOINT")


def main(arguments: Sequence[str]) -> int:
    """`codexwrap feed items`."""
    parser = Parser("codexwrap feed items", description="Show every item, its state, and the seats that work on it.")
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument(
        "--fleet", nargs="?", const="", metavar="SINK", help="of all hosts, from the Redis sink that they share"
    )
    options = parser.parse_args(arguments)
    settings = config.load(os.environ)
    found = fold(_events(options.fleet), settings.item_on_exit)
    if options.json:
        print(tables.as_json([item._asdict() for item in found]))
    elif found:
        print(tables.table(_HEADINGS, [_row(item) for item in found]))
    else:
        print("no items yet: `codexwrap feed post --item ID --state IN_PROGRESS` posts one")
    return 0


def _events(fleet: str | None) -> Iterable[Event]:
    if fleet is None:
        return journal.read(paths.state(os.environ).feed).events
    from codexwrap.delivery.fleet import Fleet

    with contextlib.closing(Fleet(os.environ, fleet)) as stream:
        return list(stream.all())


def fold(events: Iterable[Event], on_exit: str) -> list[Item]:
    """The items that a feed speaks of."""
    items = Items(on_exit)
    for event in events:
        items.add(event)
    return items.items()


def _row(item: Item) -> tuple[object, ...]:
    seats = ", ".join(f"{seat_of(seat)}{' (dead)' if seat in item.dead else ''}" for seat in item.seats)
    return item.id, item.state, seats, item.since, item.cause, PurePath(item.checkpoint or "").name
