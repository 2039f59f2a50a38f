"""Find sessions that died in files."""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import events, processes
from codexwrap.agents import codex
from codexwrap.verdict.causes import State
from codexwrap.watchdog import filecause, runners, sessionlog
from codexwrap.watchdog.lost import WATCHED
from codexwrap.watchdog.proctable import Table
from codexwrap.watchdog.runners import Runner
from codexwrap.watchdog.sessionlog import Kind, SessionLog
from codexwrap.watchdog.watched import Subject, Verdict

_DAY = 86400.0
_SLACK = 5.0
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Owner(NamedTuple):
    """Who else sees a session die: a seat or a pane, by what is known of the session in it.

    `ids` are sessions that its processes have open or that its records name; where there are none, any session of its
    kind that began in its directory since it did may be its own.
    """

    ids: Collection[str]
    cwd: str
    kind: str
    since: float
    until: float

    def has(self, log: SessionLog) -> bool:
        if self.ids:
            return log.id in self.ids
        alike = (self.kind == Kind.TERMINAL) == (log.kind == Kind.TERMINAL)
        return alike and self.cwd == log.cwd and self.since - _SLACK <= log.started <= self.until + _SLACK


def files(homes: Iterable[str], newer: float) -> Iterator[str]:
    """Files of sessions in homes of Codex that were written to after a moment.

    Each is looked at: a folder does not say that a file in it has grown. That takes some 10 microseconds a file.
    """
    for home in homes:
        for year in _folders(f"{home}/sessions"):
            for month in _folders(year):
                for day in _folders(month):
                    yield from _newer(day, newer)


def follow(
    known: Mapping[str, SessionLog], homes: Iterable[str], now: float
) -> tuple[dict[str, SessionLog], list[str]]:
    """The logs of the sessions of the last day, by file, and one line for each that could not be read.

    What was read before is not read again.
    """
    logs, unknown = {}, []
    for path in files(homes, now - _DAY):
        before = known.get(path)
        try:
            state = os.stat(path)  # noqa: PTH116
            grown = before is None or (before.inode, before.offset) != (state.st_ino, state.st_size)
            log = sessionlog.follow(Path(path), before) if grown else before
        except OSError as error:
            unknown.append(f"{path}: {error.strerror}")
            log = before
        if log is not None:
            logs[path] = log
    return logs, unknown


def owners(records: Iterable[Mapping[str, Any]], running: Iterable[Runner], table: Table) -> list[Owner]:
    """Whose sessions others watch: seats that were wrapped, and agents that run in panes that are looked at."""
    found = [_of_seat(record, table) for record in records if not record.get(WATCHED)]
    return found + [_of_pane(runner, table) for runner in running if runner.agent.name == codex.name]


def subject(path: str, log: SessionLog, environ: Mapping[str, str]) -> Subject:
    """A session as a seat: its name tells its kind, its directory and the end of its id."""
    home = path.partition("/sessions/")[0]
    place = os.path.basename(log.cwd.rstrip("/")) or "session"  # noqa: PTH119
    return Subject(
        seat=f"{log.kind}/{place}-{log.id[-6:]}",
        run=log.id,
        agent=codex,
        argv=("codex", log.id),
        cwd=log.cwd or "/",
        pid=-1,
        started=log.started,
        environ={**environ, codex.home_variable: home},
        by="file",
        place=f"{log.client} {path}".strip(),
    )


def verdict(log: SessionLog) -> Verdict:
    """What a session's file says of it. A file that says nothing of how a turn ended says nothing of a death either."""
    change = filecause.change(codex, log)
    state = State.WORKING if log.begun > max(log.well, log.failed) else State.IDLE
    return Verdict(state, change, log.well)


def _of_seat(record: Mapping[str, Any], table: Table) -> Owner:
    arguments = [str(each) for each in record.get("argv") or ()][1:]
    pid = record.get("pid")
    opened = _opened(table, pid) if isinstance(pid, int) and record["state"] != State.EXITED else set()
    named = {str(record["session"])} if record.get("session") else set()
    ended = record["state"] == State.EXITED
    return Owner(
        ids=opened | named,
        cwd=str(record.get("cwd") or ""),
        kind=Kind.TERMINAL if codex.has_screen(arguments) else Kind.EXEC,
        since=_epoch(record.get("started")),
        until=_epoch(record.get("since")) if ended else float("inf"),
    )


def _of_pane(runner: Runner, table: Table) -> Owner:
    kind = Kind.TERMINAL if runner.agent.has_screen(runner.arguments) else Kind.EXEC
    ids = _opened(table, runner.process.pid) | {word for word in runner.arguments if _ID.fullmatch(word)}
    return Owner(ids, runner.cwd, kind, runner.process.started, float("inf"))


def _opened(table: Table, pid: int) -> set[str]:
    """The sessions whose files or locks a process and those below it have open."""
    if pid not in table:
        return set()
    paths = (path for each in runners.tree(table, pid) for path in processes.open_files(each))
    telling = (path.name for path in paths if path.name.startswith("rollout-") or path.suffix == ".lock")
    return {found[-1] for name in telling if (found := _ID.findall(name))}


def _folders(path: str) -> Iterator[str]:
    try:
        with os.scandir(path) as entries:
            yield from (entry.path for entry in entries if entry.name.isdecimal())
    except OSError:
        return


def _newer(day: str, newer: float) -> Iterator[str]:
    try:
        with os.scandir(day) as entries:
            for entry in entries:
                if entry.name.endswith(".jsonl") and entry.name.startswith("rollout-"):
                    try:
                        if entry.stat().st_mtime >= newer:
                            yield entry.path
                    except OSError:  # it has just gone
                        continue
    except OSError:
        return


def _epoch(text: object) -> float:
    try:
        return events.epoch(str(text))
    except ValueError:
        return 0.0
