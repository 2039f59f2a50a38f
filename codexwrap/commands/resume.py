"""Go on from a seat's last checkpoint."""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from codexwrap import agents, checkpoint, config, events, handover, paths, restoring, resuming, session, shelf, tables
from codexwrap.checkpoint import Saved
from codexwrap.errors import UsageError, UserError
from codexwrap.git import restore as git_restore
from codexwrap.journal import Journal, JournalError
from codexwrap.options import Parser
from codexwrap.pump import launch
from codexwrap.redact.redact import printable

_AGENT = "codex"
_INTO = ("tree", "branch", "worktree")


def main(arguments: Sequence[str]) -> int:
    """`codexwrap resume [SEAT]`: the exit status of the agent that it starts."""
    parser = Parser("codexwrap resume", description="Go on from a seat's last checkpoint.")
    parser.add_argument("seat", nargs="?", help="default: the seat of this directory, or the only one")
    parser.add_argument("--list", action="store_true", help="print the seat's checkpoints, newest first")
    parser.add_argument("--show", action="store_true", help="print the newest checkpoint")
    parser.add_argument("--json", action="store_true", help="with --list or --show: as JSON")
    parser.add_argument("--again", action="store_true", help="also when the checkpoint was resumed already")
    parser.add_argument("--restore", action="store_true", help="bring back the files as the checkpoint left them")
    parser.add_argument(
        "--into", choices=_INTO, help="with --restore: where to (default: tree, or branch if that loses any)"
    )
    parser.add_argument("--fresh", action="store_true", help="a new session that gets the hand-over")
    options = parser.parse_args(arguments)
    if options.into and not options.restore:
        raise UsageError("resume: --into goes with --restore")
    root = paths.state(os.environ)
    seat = options.seat or resuming.choose(root, session.directory(), config.load(os.environ).seat)
    found, broken = checkpoint.all_of(root, seat)
    for line in broken:
        _say(line)
    if options.list:
        return _list(found, as_json=options.json)
    if not found and not broken and options.seat and (known := restoring.in_repository(seat, session.directory())):
        return _from_repository(seat, *known, restore=options.restore, into=options.into, show=options.show)
    if not found:
        raise UserError(f"seat {seat!r} has no checkpoint that can be read")
    saved = shelf.current(root.checkpoints(seat)) or found[0]
    if broken:
        _say(f"the newest that can be read is {saved.path.name}")
    if options.show:
        print(tables.as_json(saved.record) if options.json else handover.markdown(saved.record), end="")
        return 0
    wanted = Wanted(options.again, options.restore, options.into, options.fresh)
    return go_on(root, saved, wanted)


class Wanted(NamedTuple):
    """How to go on: `again` insists where somebody did already, `into` is where files are restored to."""

    again: bool = False
    restore: bool = False
    into: restoring.Into | None = None
    fresh: bool = False


def go_on(root: paths.State, saved: Saved, wanted: Wanted) -> int:
    """Resume a checkpoint; the exit status of the agent. Raises UserError."""
    record = saved.record
    resuming.check_free(root, record["seat"])
    how = resuming.plan(saved, dict(os.environ), fresh=wanted.fresh)
    launch.find(how.argv[0], os.environ)
    if (who := checkpoint.claimed(saved.path)) is not None and not wanted.again:
        raise UserError(checkpoint.taken(who))
    directory, told = _files(saved, wanted)
    try:
        os.chdir(directory)
    except OSError as error:
        raise UserError(f"{directory}: {error.strerror}; --show prints the checkpoint") from None
    if not wanted.again:
        _claim(saved)
    for line in told:
        _say(line)
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


def _from_repository(seat: str, ref: str, told: str, *, restore: bool, into: restoring.Into | None, show: bool) -> int:
    """Go on where there is nothing but the repository: on another machine, or without the state root."""
    if show:
        print(told, end="")
        return 0
    cwd = session.directory()
    _say(f"there is no checkpoint of seat {seat} here; {ref} tells what was done, and a new session gets that")
    if restore:
        done = git_restore.restore(
            cwd, ref, into=into or "tree", name=f"codexwrap/{ref.removeprefix('refs/codexwrap/')}"
        )
        _say(f"restored into {done.where}")
    return session.run(session.Options(seat=seat), [_AGENT, *agents.AGENTS[_AGENT].begin([], told)], os.environ)


def _files(saved: Saved, wanted: Wanted) -> tuple[str, list[str]]:
    """The directory to go on in, and what to tell of the files there."""
    record = saved.record
    if wanted.restore and not os.path.isdir(record["cwd"]) and record["host"] == events.host():  # noqa: PTH112
        made = restoring.make_again(saved)
        return made.directory, made.told
    directory = resuming.directory(saved, session.directory())
    since = [f"since then {line}" for line in resuming.moved(record, directory)]
    if wanted.restore:
        restored = restoring.bring_back(saved, directory, wanted.into)
        return restored.directory, [*since, *restored.told]
    return directory, [*since, *(f"since then {line}" for line in restoring.moved(saved, directory))]


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
