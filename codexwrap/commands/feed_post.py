"""Post what became of an item."""

import os
from collections.abc import Sequence

from codexwrap import events, journal, paths
from codexwrap.commands.feed_items import fold
from codexwrap.errors import UsageError, UserError
from codexwrap.feed.names import own_seat
from codexwrap.journal import Journal, JournalError
from codexwrap.options import Parser

_LONGEST = 200  # characters


def main(arguments: Sequence[str]) -> int:
    """`codexwrap feed post`. Raises UserError."""
    parser = Parser("codexwrap feed post", description="Say what became of a work item.")
    parser.add_argument("--item", required=True, metavar="ID", help="for example HWD-0373")
    parser.add_argument("--state", required=True, help="for example IN_PROGRESS or DONE; any word will do")
    parser.add_argument("--seat", help="who says so (default: the seat in which this runs)")
    options = parser.parse_args(arguments)
    for name, value in (("--item", options.item), ("--state", options.state)):
        if not value.strip() or len(value) > _LONGEST:
            raise UsageError(f"feed post: {name} must be 1 to {_LONGEST} characters, and not only blanks")
    state = paths.state(os.environ)
    seat = own_seat(state, os.environ) if options.seat is None else options.seat
    before = {item.id: item.state for item in fold(journal.read(state.feed).events, "")}.get(options.item)
    data = {
        "seat": seat or None,
        "ticket": options.item,
        "posted": True,
        "item": {"id": options.item, "from": before, "to": options.state},
    }
    try:
        Journal(state.feed).append(events.new("item.changed", seat=seat, data=data))
    except JournalError as error:
        raise UserError(f"this could not be posted: {error}") from None
    return 0
