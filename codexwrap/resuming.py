"""Find what to resume and how."""

import os
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import agents, events, gitfacts, seats, shelf
from codexwrap.agents.look import Agent
from codexwrap.causes import State
from codexwrap.errors import UserError
from codexwrap.events import Event
from codexwrap.keeper import BLOCKED, IN_PROGRESS
from codexwrap.paths import State as Root
from codexwrap.shelf import Saved


class Plan(NamedTuple):
    """How a seat goes on: the command, and whether its own session is still there or a new one gets the hand-over."""

    argv: list[str]
    session: str | None
    why_fresh: str


def choose(root: Root, directory: str) -> str:
    """The seat that is meant when none is named: the one of this directory, or the only one. Raises UserError."""
    waiting = [path.name for path in sorted((root.root / "checkpoints").glob("*")) if path.is_dir()]
    names = [saved.record["seat"] for name in waiting if (saved := shelf.newest(root.root / "checkpoints" / name))]
    here = os.path.basename(directory)  # noqa: PTH119
    if here in names:
        return here
    if len(names) == 1:
        return str(names[0])
    raise UserError(f"which seat? {'one of ' + ', '.join(names) if names else 'none has a checkpoint'}")


def check_free(root: Root, seat: str) -> None:
    """Raises UserError where the seat's program still runs: two of them on one session spoil it, or refuse to."""
    if seats.is_held(root, seat):
        record = seats.load(root, seat) or {}
        raise UserError(
            f"seat {seat!r} still runs (pid {record.get('pid', '?')}, {record.get('state', '?')}): end it where it runs, "
            f"then resume; or type at it, if its provider is back"
        )


def plan(saved: Saved, environ: dict[str, str]) -> Plan:
    """The session by its id where its file is still there, else a new one whose first prompt is the hand-over."""
    record = saved.record
    agent = agents.AGENTS.get(record["agent"])
    if agent is None:
        raise UserError(f"codexwrap does not know how to resume {record['program']!r}")
    session = record["session"]["id"]
    arguments = [argument for argument in record["arguments"] if "[redacted " not in argument]
    gone = _why_gone(agent, record, environ)
    if session and not gone:
        return Plan([record["program"], *agent.resume(arguments, session)], session, "")
    text = saved.path.with_suffix(".md").read_text("utf-8", "replace")
    return Plan([record["program"], *agent.begin(arguments, text)], None, gone)


def _why_gone(agent: Agent, record: dict[str, Any], environ: dict[str, str]) -> str:
    if not record["session"]["id"]:
        return "its session was never known"
    if agent.has_session(home(agent, environ), record["session"]["id"]):
        return ""
    return "its session's file is gone"


def home(agent: Agent, environ: dict[str, str]) -> Path:
    return Path(environ.get(agent.home_variable) or agent.default_home).expanduser()


def moved(record: dict[str, Any]) -> list[str]:
    """One line for each thing in the repository that is not as the checkpoint left it."""
    before = record["git"]
    if before["root"] is None:
        return []
    now = gitfacts.collect(record["cwd"])
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
