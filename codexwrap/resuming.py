"""Find what to resume and how."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import agents, briefing, credential, events, seats, shelf
from codexwrap.agents.look import Agent
from codexwrap.errors import UserError
from codexwrap.events import Event
from codexwrap.feed.items import BLOCKED, IN_PROGRESS
from codexwrap.git import git, gitfacts
from codexwrap.git.git import Call
from codexwrap.paths import State as Root
from codexwrap.shelf import Saved
from codexwrap.verdict.causes import State


class Plan(NamedTuple):
    """How a seat goes on: the command, and whether its own session is still there or a new one gets the hand-over.

    `environ` is what the command needs in its environment beyond the user's own; `left_out` are arguments that the
    checkpoint does not hold, because they were secret.
    """

    argv: list[str]
    session: str | None
    why_fresh: str
    environ: Mapping[str, str] = {}
    left_out: Sequence[str] = ()


def choose(root: Root, directory: str, default: str = "") -> str:
    """The seat that is meant when none is named: the configured one, this directory's, or the only one.

    Raises UserError.
    """
    folders = [path for path in sorted((root.root / "checkpoints").glob("*")) if path.is_dir()]
    waiting = [saved.record for folder in folders if (saved := shelf.current(folder))]
    names = [record["seat"] for record in waiting]
    of_here = [record["seat"] for record in waiting if record["cwd"] == directory]
    for meant in (default, os.path.basename(directory)):  # noqa: PTH119
        if meant in names:
            return meant
    for only in (of_here, names):
        if len(only) == 1:
            return str(only[0])
    raise UserError(f"which seat? {'one of ' + ', '.join(names) if names else 'none has a checkpoint'}")


def check_free(root: Root, seat: str) -> None:
    """Raises UserError where the seat's program still runs: two of them on one session spoil it, or refuse to.

    A sidecar that has yet to finish, as right after the end of its program, is waited for.
    """
    try:
        seats.hold(root, seat).release()
    except seats.HeldError as held:
        record = seats.load(root, seat) or {}
        raise UserError(
            f"seat {seat!r} still runs ({held.by}, {record.get('state', '?')}): end it where it runs, "
            f"then resume; or type at it, if its provider is back"
        ) from None
    except OSError:  # nobody can hold what cannot be written
        return


def plan(saved: Saved, environ: Mapping[str, str], *, fresh: bool = False) -> Plan:
    """The session by its id where its file is still there, else a new one whose first prompt is the hand-over.

    So, too, where another account has signed in, which a session is not for, and where a `fresh` one is wanted.
    """
    record = saved.record
    agent = agents.AGENTS.get(record["agent"])
    if agent is None:
        raise UserError(f"codexwrap does not know how to resume {record['program']!r}")
    session = record["session"]["id"]
    arguments, left_out = _without_secrets(agent, record["arguments"])
    own = agents.home(agent, environ, record["cwd"])
    # An alias that gives each seat a home of its own gives none to `codexwrap resume`.
    was = Path(record.get("home") or own)
    home = next((home for home in (own, was) if session and agent.has_session(home, session)), None)
    go_on = home or (own if environ.get(agent.home_variable) else was)
    added = {} if go_on == own else {agent.home_variable: os.fspath(go_on)}
    gone = "its session's file is gone, or is none any more" if session else "its session was never known"
    if home:
        gone = "a new session was asked for" if fresh else _other_account(record, agent, home)
        if not gone:
            return Plan([record["program"], *agent.resume(arguments, session)], session, "", added, left_out)
    command = [record["program"], *agent.begin(arguments, briefing.text(record))]
    return Plan(command, None, gone, added, left_out)


def _other_account(record: dict[str, Any], agent: Agent, home: Path) -> str:
    was, account = record.get("account"), agent.account(home)
    if not was or not account or credential.of(os.sep, account) == was:
        return ""
    return f"another account has signed in since, and {record['session']['id']} is not its session"


def directory(saved: Saved, here: str) -> str:
    """Where the seat goes on: where it was, or, on another machine, here, where its repository is. Raises UserError."""
    record = saved.record
    if os.path.isdir(record["cwd"]):  # noqa: PTH112 - a path in text, to be gone to
        return str(record["cwd"])
    head = record["git"]["head"]
    if head and record["host"] != events.host():
        known = git.run(here, Call(["cat-file", "-e", f"{head}^{{commit}}"]), git.within(5))
        if known.ok:
            return here
    raise UserError(
        f"{record['cwd']}, where the seat was, is gone: --restore makes a worktree again, --show prints the checkpoint; "
        "on another machine, go to a clone that has its commit"
    )


def _without_secrets(agent: Agent, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments that a checkpoint holds as they were, and those that it does not, each with its option."""
    kept: list[str] = []
    left_out: list[str] = []
    for argument in arguments:
        if "[redacted " not in argument:
            kept.append(argument)
        elif kept and kept[-1].startswith("-") and "value" in agent.begin([kept[-1], "value"], ""):
            left_out.append(f"{kept.pop()} {argument}")
        else:
            left_out.append(argument)
    return kept, left_out


def moved(record: dict[str, Any], cwd: str) -> list[str]:
    """One line for each thing in the repository that is not as the checkpoint left it."""
    before = record["git"]
    if before["root"] is None:
        return []
    now = gitfacts.collect(cwd)
    if now.root is None:
        return [f"the repository cannot be read any more ({'; '.join(now.unknown)})"]
    lines = []
    for name in ("branch", "head"):
        was, new = before[name], getattr(now, name)
        if was != new:
            lines.append(f"{name} was {was or 'none'}, is {new or 'none'}")
    return lines


def resumed(saved: Saved, how: Plan) -> list[Event]:
    """What the feed is told."""
    record = saved.record
    ticket = record["ticket"]
    died = record["trigger"] == State.DEAD
    item = {"id": ticket, "from": BLOCKED, "to": IN_PROGRESS} if ticket and died else None
    data = {
        "seat": record["seat"],
        "state": State.STARTING,
        "cause": None,
        "ticket": ticket,
        "item": item,
        "checkpoint": str(saved.path),
        "session": how.session,
        "fresh": how.why_fresh or None,
    }
    told = [events.new("seat.resumed", seat=record["seat"], data=data)]
    return [*told, events.new("item.changed", seat=record["seat"], data=data)] if item else told
