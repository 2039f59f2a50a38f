"""Restart one seat in place."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from codexwrap import agents, checkpoint, events, paths, processes, restarting, seats
from codexwrap.agents.look import Running
from codexwrap.errors import UserError
from codexwrap.feed.items import BLOCKED, IN_PROGRESS
from codexwrap.journal import Journal, JournalError
from codexwrap.options import Parser
from codexwrap.paths import State as Root
from codexwrap.redact.redact import printable
from codexwrap.verdict.causes import State

_GRACE = 5.0  # seconds for the program to end when it is asked to
_START = 30.0  # seconds for the next one to be on record
_LOOK = 0.05
_T = TypeVar("_T")
_MAY_WORK = (State.WORKING, State.SUSPECT, State.UNKNOWN)


class _Seat(NamedTuple):
    """A seat that runs: what is on record of it, its wrapper and its program."""

    name: str
    record: dict[str, Any]
    wrapper: int
    program: int


def main(arguments: Sequence[str]) -> int:
    """`codexwrap restart SEAT`: ends this seat's program and has its wrapper start it again with its session."""
    parser = Parser("codexwrap restart", description="Restart one seat, in its own pane, with its session.")
    parser.add_argument("seat", help="the seat; no other one notices")
    parser.add_argument("--force", action="store_true", help="also while it works, or without its session")
    options = parser.parse_args(arguments)
    root = paths.state(os.environ)
    seat = _find(root, options.seat)
    state = seat.record["state"]
    if state in _MAY_WORK and not options.force:
        raise UserError(f"seat {seat.name!r} is {state}: what it does would be lost; --force restarts it all the same")
    session = _session(seat)
    if not session and not options.force:
        raise UserError(f"seat {seat.name!r} has no session that is known yet; --force starts it anew")
    try:
        restarting.ask(root, seat.name, restarting.Request(str(seat.record["run"]), session))
    except OSError as error:
        raise UserError(f"{root.seat(seat.name)} cannot be written ({error.strerror})") from None
    try:
        _end(seat)
        now = _until(lambda: _followed(root, seat), _START)
    finally:
        restarting.take_back(root, seat.name)
    if now is None:
        raise UserError(f"the program of seat {seat.name!r} has ended, and no other one is on record; look at its pane")
    _tell(root, seat, session)
    print(
        printable(f"seat {seat.name} runs again, {f'with session {session}' if session else 'anew'} (pid {now['pid']})")
    )
    return 0


def _find(root: Root, name: str) -> _Seat:
    record = seats.load(root, name)
    wrapper = seats.holder(root, name)
    if record is None or wrapper is None:
        known = f"codexwrap resume {name} starts it" if record else "codexwrap status lists the seats"
        raise UserError(f"no seat {name!r} runs here: {known}")
    program = record.get("pid")
    if not isinstance(program, int) or not processes.is_alive(wrapper) or program == wrapper:
        raise UserError(f"the wrapper of seat {name!r} is gone: end what it left running, then resume it")
    if not _belongs(program, wrapper):
        raise UserError(f"the program of seat {name!r} (pid {program}) is not one of its wrapper's (pid {wrapper})")
    return _Seat(name, record, wrapper, program)


def _belongs(program: int, wrapper: int) -> bool:
    below = processes.descendants(wrapper)
    return program in below or (len(below) == 1 and processes.is_alive(program))  # no system tells who is whose child


def _session(seat: _Seat) -> str:
    """The session that the program itself has open, else the one that was last seen; empty where none is known.

    One in which nobody has said anything yet is in no file, and cannot be gone on with.
    """
    record = seat.record
    agent = agents.AGENTS.get(str(record.get("agent")))
    if agent is None:
        return ""
    home = Path(str(record.get("home") or "/nonexistent"))
    running = Running(
        home=home,
        pid=seat.program,
        arguments=[str(argument) for argument in record["argv"][1:]],
        cwd=str(record["cwd"]),
        since=float("inf"),  # nothing began since: what only might be this seat's session does not count
    )
    found = agent.find_session(running)
    known = found.id if found else str(record.get("session") or "")
    return known if known and agent.has_session(home, known) else ""


def _end(seat: _Seat) -> None:
    """End the program and what shares its job, but no server that it started for others. Raises UserError."""
    try:
        group = os.getpgid(seat.program)
        alone = group == os.getpgid(seat.wrapper)  # without a terminal it shares its wrapper's
        for number in (signal.SIGTERM, signal.SIGKILL):
            if alone:
                os.kill(seat.program, number)
            else:
                os.killpg(group, number)
            if _until(lambda: not processes.is_alive(seat.program), _GRACE):
                return
    except ProcessLookupError:
        return
    except PermissionError:
        raise UserError(f"the program of seat {seat.name!r} (pid {seat.program}) is another user's") from None


def _followed(root: Root, seat: _Seat) -> dict[str, Any] | None:
    record = seats.load(root, seat.name)
    if record is None or record.get("run") == seat.record["run"] or record.get("owed"):
        return None  # what it owes is its start, which is to be on the feed first
    return record


def _until(what: Callable[[], _T], seconds: float) -> _T | None:
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        if time.monotonic() > deadline:
            return None
        time.sleep(_LOOK)
    return answer


def _tell(root: Root, seat: _Seat, session: str) -> None:
    record = seat.record
    by = f"{os.environ.get('USER', 'somebody')} on {events.host()}, pid {os.getpid()}"
    ticket = record.get("ticket")
    item = {"id": ticket, "from": BLOCKED, "to": IN_PROGRESS} if ticket and record.get("blocked") else None
    saved = record.get("checkpoint")
    if saved and record["state"] == State.DEAD:
        checkpoint.claim_silently(Path(saved), by)
    data = {
        "seat": seat.name,
        "state": State.STARTING,
        "cause": None,
        "ticket": ticket,
        "item": item,
        "checkpoint": saved,
        "session": session or None,
        "fresh": None if session else "its session was not known",
        "restarted_by": by,
    }
    kinds = ["seat.resumed", *(["item.changed"] if item else [])]
    try:
        Journal(root.feed).append(*(events.new(kind, seat=seat.name, data=data) for kind in kinds))
    except JournalError as error:
        print(f"codexwrap: the feed was not told: {printable(str(error))}", file=sys.stderr)
