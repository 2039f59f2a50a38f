"""Find wrappers that vanished."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codexwrap import agents, config, events, seats, shelf
from codexwrap.agents.look import squash
from codexwrap.errors import UserError
from codexwrap.keep.about import About, Scene
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import CAUSES, State
from codexwrap.verdict.verdict import Change, Evidence
from codexwrap.watchdog import proctable

LOST = CAUSES["process.wrapper_lost"]
WATCHED = "watched"  # in a seat's record: who watches it in place of a wrapper

_NOBODY = -1  # no process has this number


def is_lost(root: Root, record: Mapping[str, Any]) -> bool:
    """Whether a seat that is not said to have ended has neither a wrapper nor a sidecar any more.

    A seat that another machine runs, in a state root that both see, cannot be judged here: its lock may not be seen.
    """
    if record["state"] == State.EXITED or record.get("cause") == LOST.name or record.get(WATCHED):
        return False
    return record.get("host") == events.host() and not seats.is_held(root, record["seat"])


def post(root: Root, name: str, environ: Mapping[str, str]) -> Keeper | None:
    """Post a lost seat's death, with a checkpoint that shows what the last one saw; None where it is not lost after all.

    A wrapper that starts under the same name meanwhile waits, as it does for a sidecar that finishes.
    """
    with _glimpse(root, name) as free:
        record = seats.load(root, name) if free else None
        if record is None or record["state"] == State.EXITED or record.get("cause") == LOST.name:
            return None
        keeper = keeper_of(root, record, environ)
        keeper.resume_record(record)
        at = time.time()
        change = Change(at, State.DEAD, LOST, evidence=tuple(_evidence(record)))
        keeper.died(change, at, _last_scene(root, record))
        return keeper


def deliver(root: Root, name: str, environ: Mapping[str, str]) -> Keeper | None:
    """Post what a seat that has ended still owed when its sidecar gave up; None where a wrapper holds it again."""
    with _glimpse(root, name) as free:
        record = seats.load(root, name) if free else None
        if record is None or not record.get("owed"):
            return None
        keeper = keeper_of(root, record, environ)
        keeper.resume_record(record)
        return keeper


def keeper_of(root: Root, record: Mapping[str, Any], environ: Mapping[str, str]) -> Keeper:
    """Who keeps the records of a seat that somebody else kept before."""
    argv = [str(each) for each in record.get("argv") or ["?"]]
    agent = agents.of_program(argv[0])
    home = record.get("home")
    own = {**environ, **({agent.home_variable: str(home)} if agent and home else {})}
    about = About(
        seat=record["seat"],
        run=str(record.get("run") or ""),
        argv=argv,
        cwd=str(record.get("cwd") or "/"),
        pid=_NOBODY,  # the number may long be another process's
        started=_epoch(record.get("started")),
        ticket="",
    )
    keeper = Keeper(about, agent, root, config.load(environ, record["seat"]), own)
    for key in ("pid", "sidecar", WATCHED):
        if key in record:
            keeper.record[key] = record[key]
    return keeper


@contextlib.contextmanager
def _glimpse(root: Root, name: str) -> Iterator[bool]:
    """Hold a free seat as those do who only look, so that nobody takes it meanwhile; false where it is not free."""
    fd = os.open(root.seat(name) / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(fd)


def _evidence(record: Mapping[str, Any]) -> Iterator[Evidence]:
    booted = proctable.booted()
    if booted is not None and booted > _epoch(record.get("started")) + 2:
        yield Evidence("process", f"this machine was started at {events.timestamp(booted)}, after the seat was")
    else:
        yield Evidence("process", "nobody holds the seat's lock, and its end was not posted")
    if record.get("cause"):
        yield Evidence("process", f"before that it was {record['state']}: {record['cause']}")


def _last_scene(root: Root, record: Mapping[str, Any]) -> Scene:
    """What the seat's last checkpoint of this run saw."""
    with contextlib.suppress(UserError, TypeError):
        saved = shelf.load(Path(record["checkpoint"]))
        if saved.record["run"] == record.get("run"):
            return Scene(saved.record["screen"], squash(saved.record["prompt"]))
    newest = shelf.newest(root.checkpoints(record["seat"]))
    if newest is not None and newest.record["run"] == record.get("run"):
        return Scene(newest.record["screen"], squash(newest.record["prompt"]))
    return Scene()


def _epoch(text: object) -> float:
    try:
        return events.epoch(str(text))
    except ValueError:
        return 0.0
