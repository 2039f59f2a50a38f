"""Show incidents, and close one."""

import os
import time
from collections.abc import Sequence

from codexwrap import events, paths, tables
from codexwrap.errors import UserError
from codexwrap.feed import incidents, known
from codexwrap.feed.incidents import Incident
from codexwrap.journal import Journal, JournalError
from codexwrap.options import Parser

_HEADINGS = ("INCIDENT", "CAUSE", "SINCE", "SEATS", "UNTIL", "WHAT TO DO")


def main(arguments: Sequence[str]) -> int:
    """`codexwrap feed incidents`. Raises UserError."""
    parser = Parser(
        "codexwrap feed incidents", description="Show what is wrong now: once for each dead credential or seat."
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects")
    parser.add_argument("--all", action="store_true", help="also those that are over")
    parser.add_argument(
        "--close", metavar="INCIDENT", help="say that one is over (what ends by itself needs no such word)"
    )
    options = parser.parse_args(arguments)
    state = paths.state(os.environ)
    now = time.time()
    every = known.load(state).incidents
    if options.close is not None:
        _close(state, options.close, every.open(now))
        return 0
    found = every.all() if options.all else every.open(now)
    if options.json:
        print(tables.as_json([{**incidents.to_json(each), "open": each.is_open(now)} for each in found]))
    elif found:
        print(tables.table(_HEADINGS, [_row(each, now) for each in found]))
    else:
        print("no incident is open")
    return 0


def _close(state: paths.State, name: str, found: Sequence[Incident]) -> None:
    matching = [each for each in found if name in (each.id, each.key)]
    if not matching:
        raise UserError(f"no open incident is called {name!r} (codexwrap feed incidents)")
    try:
        Journal(state.feed).append(events.new("incident.closed", seat="", data={"incident": matching[0].id}))
    except JournalError as error:
        raise UserError(f"this could not be posted: {error}") from None


def _row(incident: Incident, now: float) -> tuple[object, ...]:
    ended = incident.ended(now)
    until = ended[0] if ended else incident.resets_at
    return (
        incident.id,
        incident.cause,
        events.timestamp(incident.opened_at),
        ", ".join(each.seat for each in incident.casualties.values()),
        events.timestamp(until) if until is not None else "it is mended",
        ended[1] if ended else incident.remedy,
    )
