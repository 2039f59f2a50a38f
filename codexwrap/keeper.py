"""Keep the records of a seat."""

import hashlib
import os
import re
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import agents, checkpoint, deadreport, events, journal, paths, seats
from codexwrap.agents.look import Agent, Running
from codexwrap.config import Config
from codexwrap.errors import UserError
from codexwrap.events import Event
from codexwrap.git import gitfacts
from codexwrap.journal import Journal, JournalError
from codexwrap.paths import State as Root
from codexwrap.redact import redact, redactrows
from codexwrap.redact.quoted import quoted
from codexwrap.story import Session, Story
from codexwrap.verdict import causes, resettime, second
from codexwrap.verdict.causes import State
from codexwrap.verdict.verdict import Change, Evidence

IN_PROGRESS, BLOCKED = "IN_PROGRESS", "BLOCKED-on-seat-death"

_RECENT = 500  # events at the end of the feed among which those are that the sidecar before this one could still post


class About(NamedTuple):
    """What the wrapper knows of a seat when it starts; it goes through the recording's header.

    `given` is the name that was asked for, where another wrapper held it; `started` in epoch seconds.
    """

    seat: str
    run: str
    argv: Sequence[str]
    cwd: str
    pid: int
    started: float
    ticket: str = ""


class Scene(NamedTuple):
    """What is in sight when something happens: the rows of the screen, and the last prompt, squashed."""

    rows: Sequence[str] = ()
    prompt: str = ""


class Keeper:
    """Writes what became of a seat: checkpoint first, then the report, then the feed, then what the seat is now.

    That order is the promise: whoever reads DEAD on the feed finds its checkpoint on the disk. What cannot be written is
    kept and tried again; nothing here raises for a disk that is full or a folder that is gone. What is about to be posted
    is first noted in the seat's own file: should this process be killed in between, the next one posts it, under the same
    ids.
    """

    def __init__(
        self, about: About, agent: Agent | None, root: Root, config: Config, environ: Mapping[str, str]
    ) -> None:
        self.about, self._agent, self._root, self._config, self._environ = about, agent, root, config, environ
        self._known = redact.known_values(environ)
        self._journal = Journal(root.feed)
        self._owed: list[Event] = []
        self._unsaved: dict[str, Any] | None = None  # a checkpoint that could not be written yet
        self._unreported = False
        self._zone = resettime.zone(environ.get("TZ"))
        self._ticket = about.ticket
        self._checkpoint: Path | None = None
        self._session: Session | None = None
        self._facts: gitfacts.Facts | None = None
        self.record: dict[str, Any] = {
            "seat": about.seat,
            "run": about.run,
            "state": State.STARTING,
            "cause": None,
            "since": events.timestamp(about.started),
            "agent": agent.name if agent else None,
            "argv": redact.arguments(about.argv, self._known),
            "cwd": about.cwd,
            "host": events.host(),
            "pid": about.pid,
            "sidecar": os.getpid(),
            "started": events.timestamp(about.started),
            "ticket": self._ticket or None,
            "session": None,
            "checkpoint": None,
            "credential": None,
            "resets_at": None,
            "remedy": None,
            "evidence": [],
            "blocked": False,
            "owed": [],
        }

    # --- what happens ---------------------------------------------------------------------------------------------

    def started(self) -> None:
        """The seat runs."""
        self._learn_ticket(gitfacts.collect(self.about.cwd, seconds=self._config.git_seconds))
        self._post("seat.started", {"argv": self.record["argv"], "cwd": self.about.cwd}, durable=False)
        self._save()

    def suspect(self, change: Change, scene: Scene) -> None:
        """First sign of a death: the checkpoint is written now, and nothing is posted."""
        now = time.time()
        session, story, unknown = self._read_session(scene)
        self._write_checkpoint(change.state, None, now, scene, (), session, story, unknown)
        self._become(change.state, now)

    def calm(self, state: State, at: float) -> None:
        """The seat is idle, works, or cannot be judged."""
        self._become(state, at)

    def died(self, change: Change, at: float, scene: Scene) -> None:
        """The seat is dead or stalled. `at` is when that was to be seen, in epoch seconds."""
        cause = change.cause
        if cause is None:
            return
        verdict_at = time.time()
        session, story, unknown = self._read_session(scene)
        change = second.witness(change, story, self._agent)
        cause = change.cause or cause
        evidence = [self._said(each) for each in change.evidence]
        self._write_checkpoint(change.state, cause.name, at, scene, evidence, session, story, unknown)
        words = resettime.read(change.until, now=at, tz=self._zone) if change.until else None
        resets_at = second.reset_time(words, story) if cause.name == "limit.usage" else words
        remedy = causes.remedy(cause, reset=self._clock(resets_at))
        self.record.update(resets_at=resets_at, remedy=remedy, evidence=evidence, credential=self._credential())
        self._become(change.state, at, cause=cause.name, save=False)
        item = None
        if change.state is State.DEAD and not self.record["blocked"]:
            item, self.record["blocked"] = self._item(IN_PROGRESS, BLOCKED), True
        data = {
            "recoverable": cause.recoverable,
            "resets_at": resets_at,
            "item": item,
            "remedy": remedy,
            "evidence": evidence,
            "verdict_at": events.timestamp(verdict_at),
            "seen_after_ms": max(0, round((verdict_at - at) * 1000)),
        }
        if change.state is State.DEAD:
            self._unreported = True
            self._report()
            self._post("seat.dead", data, at=at, item=item)
        else:
            self._post("seat.stalled", data, at=at)
        self._save()

    def recovered(self, state: State, at: float) -> None:
        """A later turn ended well: the episode is over."""
        blocked, self.record["blocked"] = self.record["blocked"], False
        before = {"was": self.record["cause"], "since": self.record["since"]}
        if self._checkpoint is not None:
            checkpoint.claim_silently(self._checkpoint, "the seat itself, which recovered")
        self.record.update(resets_at=None, remedy=None, evidence=[])
        self._become(state, at, save=False)
        item = self._item(BLOCKED, IN_PROGRESS) if blocked else None
        self._post("seat.alive", {**before, "item": item}, at=at, item=item)
        self._save()

    def exited(self, status: int, at: float) -> None:
        """The program ended. What it died of, if it did, stays on record."""
        self.record["exit"] = status
        self._become(State.EXITED, at, cause=self.record["cause"], save=False)
        self._post("seat.exited", {"exit": status}, at=at, durable=False)
        self._save()

    def retry(self) -> None:
        """Try again to write and to post what could not be."""
        if not self.owes:
            return
        if self._unsaved is not None and self._save_checkpoint(self._unsaved):
            named = self.record["checkpoint"]
            for event in self._owed:
                event.data["checkpoint"] = event.data["checkpoint"] or named
            self._unreported = self._unreported or self.record["state"] == State.DEAD  # it names the checkpoint
        self._report()
        self._flush()
        self._save()

    @property
    def owes(self) -> bool:
        """Something could not be written or posted yet."""
        return bool(self._owed or self._unsaved or self._unreported)

    def resume_record(self, record: dict[str, Any]) -> None:
        """Go on where a sidecar of the same run left off; what it was about to post is posted, if it was not yet."""
        for key in _LASTING:
            self.record[key] = record.get(key)
        self._checkpoint = Path(record["checkpoint"]) if record.get("checkpoint") else None
        self._ticket = self.about.ticket or record.get("ticket") or ""
        owed = [events.from_line(line) for line in record.get("owed") or ()]
        if owed:
            posted = {event.id for event in islice(journal.backwards(self._root.feed), _RECENT)}
            self._owed = [event for event in owed if event.id not in posted]
            self.retry()
            self._save()

    # --- how it is written ----------------------------------------------------------------------------------------

    def _become(self, state: State, at: float, *, cause: str | None = None, save: bool = True) -> None:
        self.record.update(state=state, cause=cause, since=events.timestamp(at))
        if save:
            self._save()

    def _write_checkpoint(
        self,
        state: State,
        cause: str | None,
        at: float,
        scene: Scene,
        evidence: Sequence[dict[str, str]],
        session: Session | None,
        story: Story,
        unknown: Sequence[str],
    ) -> None:
        facts = gitfacts.collect(self.about.cwd, seconds=self._config.git_seconds)
        self._learn_ticket(facts)
        resume = self._agent.resume(self.about.argv[1:], session.id) if self._agent and session else None
        seat = checkpoint.Seat(
            name=self.about.seat,
            run=self.about.run,
            agent=self._agent.name if self._agent else "",
            program=self.about.argv[0],
            arguments=self.about.argv[1:],
            cwd=self.about.cwd,
            ticket=self._ticket or None,
            known=self._known,
            home=str(self._home()) if self._agent else None,
        )
        record = checkpoint.build(
            seat,
            trigger=state,
            cause=cause,
            at=at,
            facts=facts,
            story=story,
            session=session,
            resume=resume,
            screen=redactrows.rows([redact.printable(row) for row in scene.rows], self._known),
            evidence=evidence,
            unknown=unknown,
        )
        self._facts = facts
        self.record["session"] = session.id if session else None
        self._save_checkpoint(record)

    def _save_checkpoint(self, record: dict[str, Any]) -> bool:
        try:
            self._checkpoint, self._unsaved = checkpoint.save(self._root, record), None
        except OSError:
            self._checkpoint, self._unsaved = None, record
        self.record["checkpoint"] = str(self._checkpoint) if self._checkpoint else None
        return self._unsaved is None

    def _read_session(self, scene: Scene) -> tuple[Session | None, Story, list[str]]:
        """The session, what its file tells, and what could not be learnt of it."""
        try:
            return *self._find_session(scene), []
        except Exception as error:  # noqa: BLE001 - whatever the agent's files hold, a death must reach the feed
            return self._session, Story(), [f"what was done: the session's file cannot be read ({error!r})"]

    def _find_session(self, scene: Scene) -> tuple[Session | None, Story]:
        if self._agent is None:
            return None, Story()
        running = Running(
            home=self._home(),
            pid=self.about.pid,
            arguments=self.about.argv[1:],
            cwd=self.about.cwd,
            since=self.about.started,
            prompt=scene.prompt,
        )
        self._session = self._agent.find_session(running) or self._session
        if self._session is None or self._session.path is None:
            return self._session, Story()
        return self._session, self._agent.read_session(self._session.path)

    def _home(self) -> Path:
        if self._agent is None:
            return Path("/nonexistent")
        return agents.home(self._agent, self._environ, self.about.cwd)

    def _credential(self) -> str | None:
        """The same for all seats that one sign-in serves, and for no others; not to be turned back into who that is."""
        if self._agent is None:
            return None
        home = self._home()
        text = f"{os.path.realpath(home)}\0{self._agent.account(home)}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _learn_ticket(self, facts: gitfacts.Facts) -> None:
        branch = facts.branch or facts.operation_branch or ""
        if not self.about.ticket and (found := re.search(self._config.ticket_pattern, branch)):
            self._ticket = found[0]  # of the branch that is checked out now: the seat may have gone on to another item
        self.record["ticket"] = self._ticket or None
        self.record["branch"] = facts.branch

    def _item(self, before: str, after: str) -> dict[str, str] | None:
        return {"id": self._ticket, "from": before, "to": after} if self._ticket else None

    def _clock(self, moment: int | None) -> str:
        if moment is None:
            return ""
        from datetime import datetime

        local = datetime.fromtimestamp(moment, self._zone)
        today = datetime.now(self._zone).date()
        return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"

    def _said(self, evidence: Evidence) -> dict[str, str]:
        return {"witness": evidence.witness, "says": quoted(evidence.says, self._known)}

    def _post(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        at: float | None = None,
        item: dict[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        record = self.record
        common = {
            "seat": record["seat"],
            "run": record["run"],
            "state": record["state"],
            "cause": record["cause"],
            "ticket": record["ticket"],
            "checkpoint": record["checkpoint"],
            "credential": record["credential"],
            "session": record["session"],
        }
        self._owed.append(events.new(kind, seat=self.about.seat, data={**common, **data}, at=at))
        if item:
            self._owed.append(events.new("item.changed", seat=self.about.seat, data={**common, "item": item}, at=at))
        self._save()
        self._flush(durable=durable)

    def _flush(self, *, durable: bool = True) -> None:
        try:
            self._journal.append(*self._owed, durable=durable)
        except JournalError as error:
            del self._owed[: error.written]
        else:
            self._owed.clear()

    def _save(self) -> None:
        self.record["owed"] = [event.to_line().decode() for event in self._owed]
        try:
            seats.save(self._root, self.about.seat, self.record)
        except OSError:
            return  # what the seat is now stands in the feed, too

    def _report(self) -> None:
        """Tell the operator, in the folder where dead seats are looked for."""
        if not self._unreported:
            return
        try:
            named = self._config.dead_seats
            deadreport.write(paths.absolute(named) if named else self._root.dead_seats, self.record, self._facts)
        except (OSError, UserError):
            return  # it is tried again; the feed and the checkpoint say the same
        self._unreported = False


# What a sidecar takes over from the one before it.
_LASTING = (
    *("state", "cause", "since", "checkpoint", "credential", "resets_at", "remedy", "evidence", "session", "ticket"),
    *("branch", "blocked"),
)
