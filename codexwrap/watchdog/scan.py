"""Look at everything that is unwrapped."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codexwrap import events, seats
from codexwrap.agents import codex
from codexwrap.errors import UserError
from codexwrap.keep.about import Scene
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import State
from codexwrap.watchdog import panes, sessions, tmux, watched
from codexwrap.watchdog.lost import WATCHED
from codexwrap.watchdog.memory import Memory
from codexwrap.watchdog.outcome import Outcome
from codexwrap.watchdog.proctable import Table, ancestors
from codexwrap.watchdog.runners import Runner
from codexwrap.watchdog.sessionlog import Kind
from codexwrap.watchdog.tmux import Pane
from codexwrap.watchdog.watched import Subject

_OVERLAP = 600.0  # seconds before the last pass in which a death may not have been in its file yet
_FIRST = 3600.0  # seconds before the first pass: what died earlier is no news


@dataclass
class Scan:
    """One pass's look at agents that have no wrapper. `records` are all seats, by name."""

    root: Root
    environ: Mapping[str, str]
    memory: Memory
    table: Table
    records: Mapping[str, dict[str, Any]]
    running: list[Runner]  # without a wrapper
    outcome: Outcome
    now: float
    keepers: list[Keeper] = field(default_factory=list)  # of those of whom something was told
    ways: dict[str, str] = field(default_factory=dict)  # run -> who watches it

    def panes(self) -> None:
        """Every pane of every tmux server in which an agent draws."""
        drawing = [runner for runner in self.running if runner.agent.has_screen(runner.arguments)]
        for socket in tmux.sockets(self.environ, (runner.environ for runner in drawing)) if drawing else ():
            try:
                places = self._places(drawing, tmux.panes(socket))
                shown = tmux.screens(socket, [pane.id for _, pane in places]) if places else {}
            except tmux.TmuxError as error:
                self.outcome.unknown.append(str(error))
                continue
            for runner, pane in places:
                if pane.id in shown:
                    self._pane(runner, pane, shown[pane.id])
                    self.ways[runner.run] = "tmux"

    def sessions(self, since: float | None) -> None:
        """Sessions by their files; `since` is when the last pass was made, None where there was none."""
        logs, unknown = sessions.follow(self.memory.logs, self._homes(), self.now)
        self.memory.logs = logs
        self.outcome.unknown += unknown
        news = since - _OVERLAP if since is not None else self.now - _FIRST
        known = {record["run"]: record for record in watched.of(self.records, "file")}
        owners = None
        for path, log in logs.items():
            if log.kind == Kind.PART or not (log.id in known or (log.dead and log.failed >= news)):
                continue
            subject = sessions.subject(path, log, self.environ)
            record = self.records.get(subject.seat)
            if log.id not in known:
                if _is_over(record, log.id, log.failed):
                    continue
                owners = (
                    sessions.owners(self.records.values(), self._in_panes(), self.table) if owners is None else owners
                )
                if any(owner.has(log) for owner in owners):
                    continue
            self._settle(subject, record, sessions.verdict(log), Scene())
        for runner in self.running:
            if runner.agent.name == codex.name:
                self.ways.setdefault(runner.run, "file")

    def ended(self) -> None:
        """Watched seats whose agent is gone."""
        runs = {runner.run for runner in self.running}
        for record in watched.of(self.records, "tmux"):
            now = seats.load(self.root, record["seat"]) or {}
            if record["run"] not in runs and now.get("run") == record["run"]:
                watched.end(self.root, record, self.now)
        for table in (self.memory.panes, self.memory.names):
            for run in [run for run in table if run not in runs]:
                del table[run]

    def _places(self, drawing: Iterable[Runner], found: Iterable[Pane]) -> list[tuple[Runner, Pane]]:
        """Which agent is in which pane; of several in one, the one that was started last."""
        by_pid = {pane.pid: pane for pane in found}
        placed: dict[str, tuple[Runner, Pane]] = {}
        for runner in sorted(drawing, key=lambda each: each.process.started):
            chain = (runner.process, *ancestors(self.table, runner.process.pid))
            if pane := next((by_pid[each.pid] for each in chain if each.pid in by_pid), None):
                placed[pane.id] = (runner, pane)
        return list(placed.values())

    def _pane(self, runner: Runner, pane: Pane, text: str) -> None:
        note = self.memory.panes.get(runner.run)
        if panes.unchanged(text, note):
            return
        name = self._name(runner.run, f"tmux/{pane.place}")
        record = self.records.get(name)
        told = watched.told(record, runner.run) is not None
        seen = panes.judge(runner, pane, text, note, self.now, told=told)
        if seen.verdict.why and seen.verdict.state is State.UNKNOWN:
            self.outcome.unknown.append(f"{name}: {seen.verdict.why}")
        place = f"{pane.socket} {pane.id}"
        self._settle(_in_pane(runner, pane, name, place), record, seen.verdict, Scene(seen.rows, seen.prompt))
        self.memory.panes[runner.run] = seen.note

    def _settle(
        self, subject: Subject, record: Mapping[str, Any] | None, verdict: watched.Verdict, scene: Scene
    ) -> None:
        if record is not None and not record.get(WATCHED):
            self.outcome.unknown.append(f"{subject.seat}: a wrapped seat has this name")
            return
        try:
            keeper = watched.settle(self.root, subject, record, verdict, scene, caller=self.environ, now=self.now)
        except (OSError, UserError) as error:
            self.outcome.unknown.append(f"{subject.seat}: {error}")
            return
        if keeper:
            self.keepers.append(keeper)
            self.outcome.told.append(line(keeper.record))

    def _name(self, run: str, wanted: str) -> str:
        """The name that a run was given when it was first seen: panes are moved and renumbered."""
        if run not in self.memory.names:
            recorded = next((record["seat"] for record in self.records.values() if record.get("run") == run), None)
            living = {runner.run for runner in self.running}
            taken = {name for each, name in self.memory.names.items() if each in living}
            free = (
                name
                for number in range(1, 1000)
                if (name := wanted + (f"-{number}" if number > 1 else "")) not in taken
            )
            self.memory.names[run] = recorded or next(free)
        return self.memory.names[run]

    def _in_panes(self) -> list[Runner]:
        return [runner for runner in self.running if self.ways.get(runner.run) == "tmux"]

    def _homes(self) -> list[str]:
        """Every home of Codex that is known; those of processes that have ended, from earlier passes."""
        own = self.environ.get(codex.home_variable) or os.path.expanduser(codex.default_home)  # noqa: PTH111
        named = [str(runner.home) for runner in self.running if runner.agent.name == codex.name]
        kept = [
            str(record["home"])
            for record in self.records.values()
            if record.get("agent") == codex.name and record.get("home")
        ]
        found = dict.fromkeys(os.path.realpath(home) for home in (own, *named, *kept, *self.memory.homes))
        self.memory.homes = [home for home in found if os.path.isdir(f"{home}/sessions")]  # noqa: PTH112
        return self.memory.homes


def line(record: Mapping[str, Any]) -> str:
    """A seat of which something was told, for people."""
    parts = (record["state"], record["seat"], record.get("cause"), record.get("ticket"), record.get("checkpoint"))
    return "  ".join(str(part) for part in parts if part)


def _in_pane(runner: Runner, pane: Pane, name: str, place: str) -> Subject:
    return Subject(
        seat=name,
        run=runner.run,
        agent=runner.agent,
        argv=(runner.program, *runner.arguments),
        cwd=runner.cwd or pane.path,
        pid=runner.process.pid,
        started=runner.process.started,
        environ={**runner.environ, runner.agent.home_variable: str(runner.home)},
        by="tmux",
        place=place,
    )


def _is_over(record: Mapping[str, Any] | None, run: str, failed: float) -> bool:
    """Somebody has resumed what died then."""
    if record is None or record.get("run") != run or record["state"] != State.EXITED:
        return False
    try:
        return failed <= events.epoch(str(record.get("since")))
    except ValueError:
        return False
