"""Make one pass."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from codexwrap import atomic, config, events, paths, seats, wake
from codexwrap.config import Config
from codexwrap.errors import UserError
from codexwrap.events import Event
from codexwrap.journal import Journal
from codexwrap.keep import saver
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.redact import redact
from codexwrap.usage import warn
from codexwrap.verdict.causes import State
from codexwrap.watchdog import heartbeat, lost, memory, metrics, ping, proctable, runners, watched
from codexwrap.watchdog.lost import WATCHED
from codexwrap.watchdog.outcome import Outcome
from codexwrap.watchdog.runners import Runner
from codexwrap.watchdog.scan import Scan, line

_SAVING = 30.0  # seconds for snapshots of working trees; what is left waits for the next pass


class Busy(Exception):  # noqa: N818 - no error: somebody else does the work
    """Another watchdog makes a pass."""


def run(root: Root, environ: Mapping[str, str], *, every: float | None = None, now: float | None = None) -> Outcome:
    """One pass. Whatever an observer cannot find out is in the outcome's `unknown`, and nothing else comes of it.

    `every` is how often passes are to come, in seconds; `now` in epoch seconds. Raises Busy, UsageError for a bad config,
    OSError where the state root cannot be written.
    """
    settings = config.load(environ)
    atomic.private_dir(heartbeat.folder(root))
    lock = FileLock(heartbeat.folder(root) / "lock", timeout=0, mode=atomic.FILE_MODE)
    try:
        with lock:
            return _pass(root, environ, settings, every, time.time() if now is None else now)
    except Timeout:
        raise Busy from None


def _pass(root: Root, environ: Mapping[str, str], settings: Config, every: float | None, now: float) -> Outcome:
    start = time.monotonic()
    outcome = Outcome()
    before = heartbeat.read(root)
    remembered = memory.load(root)
    records, broken = watched.by_name(root)
    outcome.unknown += broken
    told: list[Event] = list(_missing(before, now))
    keepers: list[Keeper] = []

    def guarded(what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - one observer's failure must not blind the others
            outcome.unknown.append(f"{what}: {error!r}")

    guarded("lost wrappers", lambda: keepers.extend(_lost(root, records.values(), environ, outcome)))
    try:
        table = proctable.table()
    except OSError as error:
        outcome.unknown.append(f"processes: {error}")
        table = None
    if table is not None:
        held = {record["pid"]: name for name, record in records.items() if _is_alive(root, record)}
        running = runners.running(table, held)
        alone = [runner for runner in running if not runner.wrapped]
        scan = Scan(root, environ, remembered, table, records, alone, outcome, now)
        guarded("tmux", scan.panes)
        guarded("sessions", lambda: scan.sessions(events.epoch(before["time"]) if before else None))
        guarded("ended", scan.ended)
        told += _unwrapped(alone, scan, outcome)
        keepers += scan.keepers
    guarded("feed", lambda: Journal(root.feed).append(*told) if told else None)
    guarded("usage", lambda: outcome.told.extend(map(_warned, warn.warnings(root, settings, environ, now=now))))
    guarded("pruning", lambda: watched.prune(root, records, settings.keep_days, now))
    remembered.pending += [str(path) for keeper in keepers for path in keeper.take_pending()]
    guarded("snapshots", lambda: _save_trees(root, remembered.pending, environ))
    after, _ = watched.by_name(root)
    outcome.states.update(_state(root, record) for record in after.values())
    memory.save(root, remembered)
    outcome.took = time.monotonic() - start
    wake.deliver(root.root, environ)
    if settings.metrics_file:
        guarded("metrics", lambda: metrics.write(paths.absolute(settings.metrics_file), outcome, after.values()))
    if settings.ping_url and (why := ping.ping(settings.ping_url)):
        outcome.unknown.append(why)
    heartbeat.write(root, every=every, took=outcome.took, unknown=outcome.unknown, at=now)
    return outcome


def _lost(
    root: Root, records: Iterable[Mapping[str, Any]], environ: Mapping[str, str], outcome: Outcome
) -> Iterable[Keeper]:
    for record in records:
        name = record["seat"]
        try:
            if lost.is_lost(root, record):
                keeper = lost.post(root, name, environ)
            elif record.get("owed") and not record.get(WATCHED):
                keeper = lost.deliver(root, name, environ)
            else:
                continue
        except (OSError, UserError) as error:
            outcome.unknown.append(f"{name}: {error}")
            continue
        if keeper:
            outcome.told.append(line(keeper.record))
            yield keeper


def _is_alive(root: Root, record: Mapping[str, Any]) -> bool:
    return not record.get(WATCHED) and isinstance(record.get("pid"), int) and seats.is_held(root, record["seat"])


def _state(root: Root, record: Mapping[str, Any]) -> str:
    if record["state"] == State.EXITED or record.get(WATCHED) or _is_alive(root, record):
        return str(record["state"])
    return State.DEAD if record.get("cause") == lost.LOST.name else State.UNKNOWN


def _missing(before: Mapping[str, Any] | None, now: float) -> Iterable[Event]:
    """Nobody watched for longer than was agreed."""
    age = heartbeat.missed(before, now)
    if before is not None and age is not None:
        data = {"since": before["time"], "seconds": round(age), "every": before["every"]}
        yield events.new("watchdog.missing", seat="watchdog", data=data, at=now)


def _unwrapped(alone: Iterable[Runner], scan: Scan, outcome: Outcome) -> Iterable[Event]:
    """Agents that run without a wrapper, each told once, with who watches it all the same."""
    known = scan.memory.told
    scan.memory.told = []
    for runner in alone:
        way = scan.ways.get(runner.run, "nobody")
        outcome.ways[way] += 1
        place = f"{runner.agent.name} (pid {runner.process.pid}) in {runner.cwd or '?'}"
        if way == "nobody":
            outcome.unwatched.append(place)
        mark = f"{runner.run} {way}"
        scan.memory.told.append(mark)
        if mark in known:
            continue
        secrets = redact.known_values(runner.environ)
        name = scan.memory.names.get(runner.run)
        data = {
            "seat": name,
            "agent": runner.agent.name,
            "argv": redact.arguments((runner.program, *runner.arguments), secrets),
            "pid": runner.process.pid,
            "cwd": runner.cwd,
            "watched_by": None if way == "nobody" else way,
        }
        yield events.new("watchdog.unwrapped", seat=name or runner.agent.name, data=data, at=scan.now)


def _save_trees(root: Root, pending: list[str], environ: Mapping[str, str]) -> None:
    """Take the snapshots that checkpoints still lack, for as long as there is time."""
    deadline = time.monotonic() + _SAVING
    while pending and time.monotonic() < deadline:
        path = Path(pending.pop(0))
        with suppress(UserError, OSError):  # it was removed meanwhile, or says itself why it lacks one
            saver.complete(root, path, config.load(environ), environ)


def _warned(event: Event) -> str:
    return f"limit warning: {event.data['remedy']}"


def nice() -> None:
    """Let the agents go first."""
    with suppress(OSError):
        os.nice(5)
