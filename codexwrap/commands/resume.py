"""Go on from a seat's last checkpoint."""

import os
import sys
from collections.abc import Sequence

from codexwrap import checkpoint, config, events, handover, paths, resuming, session, tables
from codexwrap.checkpoint import Saved
from codexwrap.errors import UserError
from codexwrap.journal import Journal, JournalError
from codexwrap.options import Parser
from codexwrap.pump import launch
from codexwrap.redact.redact import printable


def main(arguments: Sequence[str]) -> int:
    """`codexwrap resume [SEAT]`: the exit status of the agent that it starts."""
    parser = Parser("codexwrap resume", description="Go on from a seat's last checkpoint.")
    parser.add_argument("seat", nargs="?", help="default: the seat of this directory, or the only one")
    parser.add_argument("--list", action="store_true", help="print the seat's checkpoints, newest first")
    parser.add_argument("--show", action="store_true", help="print the newest checkpoint")
    parser.add_argument("--json", action="store_true", help="with --list or --show: as JSON")
    parser.add_argument("--again", action="store_true", help="also when the checkpoint was resumed already")
    options = parser.parse_args(arguments)
    root = paths.state(os.environ)
    seat = options.seat or resuming.choose(root, session.directory(), config.load(os.environ).seat)
    found, broken = checkpoint.all_of(root, seat)
    for line in broken:
        _say(line)
    if options.list:
        return _list(found, as_json=options.json)
    if not found:
        raise UserError(f"seat {seat!r} has no checkpoint that can be read")
    if broken and found:
        _say(f"the newest that can be read is {found[0].path.name}")
    if options.show:
        print(tables.as_json(found[0].record) if options.json else handover.markdown(found[0].record), end="")
        return 0
    return _resume(root, found[0], again=options.again)


def _resume(root: paths.State, saved: Saved, *, again: bool) -> int:
    record = saved.record
    resuming.check_free(root, record["seat"])
    how = resuming.plan(saved, dict(os.environ))
    launch.find(how.argv[0], os.environ)
    try:
        os.chdir(record["cwd"])
    except OSError as error:
        raise UserError(
            f"{record['cwd']}, where the seat was: {error.strerror}; --show prints its checkpoint"
        ) from None
    if not again:
        _claim(saved)
    for line in resuming.moved(record):
        _say(f"since then {line}")
    if how.why_fresh:
        _say(f"{how.why_fresh}: a new session gets the checkpoint as its first prompt")
    for argument in how.left_out:
        _say(f"left out, because it was secret: {argument}")
    for name, value in how.environ.items():
        _say(f"{name} is {value}, as it was")
    try:
        Journal(root.feed).append(*resuming.resumed(saved, how))
    except JournalError as error:
        _say(f"the feed was not told: {error}")
    options = session.Options(seat=record["seat"], ticket=record["ticket"] or "")
    return session.run(options, how.argv, {**os.environ, **how.environ})


def _claim(saved: Saved) -> None:
    try:
        checkpoint.claim(saved.path, f"{os.environ.get('USER', 'somebody')} on {events.host()}, pid {os.getpid()}")
    except OSError as error:
        raise UserError(
            f"{saved.path} cannot be marked as resumed ({error.strerror}); --again goes on without"
        ) from None


def _list(found: Sequence[Saved], *, as_json: bool) -> int:
    if as_json:
        print(tables.as_json([{**saved.record, "path": str(saved.path)} for saved in found]))
        return 0
    rows = [
        (
            saved.record["time"],
            saved.record["trigger"],
            saved.record["cause"],
            saved.record["ticket"],
            saved.record["git"]["branch"],
            handover.changes(saved.record["git"]),
            (checkpoint.claimed(saved.path) or {}).get("by"),
        )
        for saved in found
    ]
    print(tables.table(("TIME", "WHY", "CAUSE", "ITEM", "BRANCH", "CHANGES", "RESUMED BY"), rows))
    return 0


def _say(line: str) -> None:
    print(f"codexwrap: {printable(line)}", file=sys.stderr)
