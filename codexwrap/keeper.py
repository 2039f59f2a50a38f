"""Keep the records of a seat."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codexwrap import checkpoint, deadreport, events, paths
from codexwrap.agents.look import Agent
from codexwrap.config import Config
from codexwrap.errors import UserError
from codexwrap.feed.items import BLOCKED, IN_PROGRESS
from codexwrap.git import gitfacts
from codexwrap.keep import before, card
from codexwrap.keep.about import About, Scene
from codexwrap.keep.before import Death
from codexwrap.keep.capture import Camera, Why
from codexwrap.keep.drawer import Drawer
from codexwrap.keep.errand import Errand
from codexwrap.keep.healing import Healing
from codexwrap.keep.outbox import Outbox
from codexwrap.keep.witness import Told
from codexwrap.paths import State as Root
from codexwrap.redact.quoted import quoted
from codexwrap.story import Session
from codexwrap.verdict import causes, resettime, second
from codexwrap.verdict.causes import CAUSES, State
from codexwrap.verdict.verdict import Change, Evidence


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
        self.about, self._agent, self._root, self._config = about, agent, root, config
        self.camera = Camera(about, agent, config, environ)
        self._errand = Errand(root, about.seat, self.camera)
        self.healing = Healing(self.camera.witness)
        self._outbox = Outbox(root, self._save)
        self._drawer = Drawer(root)
        self._unreported = False
        self._zone = resettime.zone(environ.get("TZ"))
        self.record = card.new(about, agent, self.camera.witness.home, self.camera.known)

    # --- what happens ---------------------------------------------------------------------------------------------

    def started(self) -> None:
        """The seat runs."""
        self.record["before"] = before.left_open(self._root, self.about)
        self._look()
        self.record["feed"] = self._errand.begin(self.about.started)
        self._follow()
        self._post("seat.started", {"argv": self.record["argv"], "cwd": self.about.cwd}, durable=False)
        self._save()

    def suspect(self, change: Change, scene: Scene) -> None:
        """First sign of a death: the checkpoint is written now, and nothing is posted."""
        now = time.time()
        self._write_checkpoint(Why(change.state, now), scene, self._tell(scene))
        self._become(change.state, now)

    def calm(self, state: State, at: float) -> None:
        """The seat is idle, works, or cannot be judged."""
        self._follow()
        self._become(state, at)

    def died(self, change: Change, at: float, scene: Scene) -> None:
        """The seat is dead or stalled. `at` is when that was to be seen, in epoch seconds."""
        cause = change.cause
        if cause is None:
            return
        verdict_at = time.time()
        told = self._tell(scene)
        change = second.witness(change, told.story, self._agent)
        cause = change.cause or cause
        evidence = [self._said(each) for each in change.evidence]
        self._write_checkpoint(Why(change.state, at, cause.name, evidence), scene, told)
        words = resettime.read(change.until, now=at, tz=self._zone) if change.until else None
        resets_at = second.reset_time(words, told.story) if cause.name == "limit.usage" else words
        remedy = causes.remedy(cause, self._agent, reset=card.clock(resets_at, self._zone))
        self.record.update(
            resets_at=resets_at, remedy=remedy, evidence=evidence, credential=self.camera.witness.credential()
        )
        self.record["sign_in"] = self.healing.at_death()
        self._become(change.state, at, cause=cause.name, save=False)
        item = None
        if change.state is State.DEAD and not self.record["blocked"]:
            item, self.record["blocked"] = self._errand.move(IN_PROGRESS, BLOCKED), True
        data = {
            "recoverable": cause.recoverable,
            "resets_at": resets_at,
            "item": item,
            "remedy": remedy,
            "evidence": evidence,
            **self._signed_in(),
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
        was = {"was": self.record["cause"], "since": self.record["since"]}
        if self._drawer.path is not None:
            checkpoint.claim_silently(self._drawer.path, "the seat itself, which recovered")
        died = self.record["before"]
        self._follow()
        self.record.update(resets_at=None, remedy=None, evidence=[], before=None)
        self._become(state, at, save=False)
        item = self._errand.move(BLOCKED, IN_PROGRESS) if blocked else self._left_blocked(died)
        self._post("seat.alive", {**was, **self._signed_in(), "item": item}, at=at, item=item)
        self._save()

    def ended_well(self, at: float) -> None:
        """A turn ended well, in a seat that is not dead: that ends what a run before this one died of, too.

        So does it where other seats died on this sign-in, and this one shows that it lives.
        """
        if self.record["state"] in (State.DEAD, State.STALLED):
            return
        credential, signed_in = self.camera.witness.credential(), self._signed_in()
        died, self.record["before"] = self.record["before"], None
        if died is None:
            since = self.about.started
            died = before.incident(self._root, credential, started=since, login=signed_in["credential_at"])
        if died is None:
            return
        item = self._left_blocked(died)
        self.record["credential"] = credential
        data = {"was": died["cause"], "since": died["since"], **signed_in, "item": item}
        self._post("seat.alive", data, at=at, item=item)
        self._save()

    def healed(self, words: str) -> None:
        """What the seat died of is mended: whoever reads its report is told so."""
        if self.record["remedy"] != words:
            self.record["remedy"] = words
            self._unreported = self.record["state"] == State.DEAD
            self._report()
            self._save()

    def nudged(self, line: str, outcome: str, number: int) -> None:
        """Something was typed into the seat, or was not, as its user asked for."""
        said = quoted(line, self.camera.known)
        self._post("seat.continued", {"line": said, "outcome": outcome, "try": number, "why": self.record["remedy"]})
        self._save()

    def exited(self, status: int, at: float, *, again: bool = False) -> None:
        """The program ended, to be started `again` at once if so. What it died of, if it did, stays on record."""
        self._follow()
        cause = self.record["cause"]
        left = not again and (cause is None or CAUSES[cause].state is not State.DEAD)
        item = self._errand.leave(self._config.item_on_exit) if left else None
        self.record.update(exit=status, before=before.of(self.record))
        self._become(State.EXITED, at, cause=self.record["cause"], save=False)
        self._post("seat.exited", {"exit": status, "item": item}, at=at, item=item, durable=False)
        self._save()

    def retry(self) -> None:
        """Try again to write and to post what could not be."""
        if not self.owes:
            return
        if self._drawer.unsaved is not None and self._save_checkpoint(self._drawer.unsaved):
            named = self.record["checkpoint"]
            for event in self._outbox.owed:
                event.data["checkpoint"] = event.data["checkpoint"] or named
            self._unreported = self._unreported or self.record["state"] == State.DEAD  # it names the checkpoint
        self._report()
        self._outbox.flush()
        self._save()

    @property
    def owes(self) -> bool:
        """Something could not be written or posted yet."""
        return bool(self._outbox.owed or self._drawer.unsaved or self._unreported)

    def resume_record(self, record: dict[str, Any]) -> None:
        """Go on where a sidecar of the same run left off; what it was about to post is posted, if it was not yet."""
        for key in card.LASTING:
            self.record[key] = record.get(key)
        self._drawer.open(record.get("checkpoint"))
        self.camera.go_on(record)
        self._errand.go_on(record.get("feed"))
        if self._outbox.take_over(record.get("owed")):
            self.retry()
            self._save()

    def learn(self, learnt: Mapping[str, Any]) -> None:
        """What came to light when a checkpoint was made while all was well."""
        session = learnt.get("session")
        if session:
            self.camera.witness.session = Session(session[0], Path(session[1]) if session[1] else None)
            self.record["session"] = session[0]
        if learnt.get("path") and self.record["state"] not in (State.DEAD, State.STALLED):
            self._drawer.path = Path(learnt["path"])
            self.record["checkpoint"] = learnt["path"]
        self.camera.name(learnt.get("ticket") or "")
        self.record["branch"] = learnt.get("branch")
        self._follow()
        self._save()

    def take_pending(self) -> list[Path]:
        """Checkpoints that lack their snapshot, each of them once."""
        return self._drawer.take_pending()

    # --- how it is written ----------------------------------------------------------------------------------------

    def _become(self, state: State, at: float, *, cause: str | None = None, save: bool = True) -> None:
        self.record.update(state=state, cause=cause, since=events.timestamp(at))
        if save:
            self._save()

    def _write_checkpoint(self, why: Why, scene: Scene, told: Told) -> None:
        facts = self._look()
        self.record["session"] = told.session.id if told.session else None
        self._save_checkpoint(self.camera.take(why, scene, told, facts))

    def _save_checkpoint(self, record: dict[str, Any]) -> bool:
        saved = self._drawer.save(record)
        self.record["checkpoint"] = str(self._drawer.path) if self._drawer.path else None
        return saved

    def _tell(self, scene: Scene) -> Told:
        return self.camera.witness.tell(scene.prompt)

    def _look(self) -> gitfacts.Facts:
        facts = self.camera.look(seconds=self._config.git_seconds)
        self.record["branch"] = facts.branch
        self._follow()
        return facts

    def _follow(self) -> None:
        """Notice which item the seat is at."""
        self._errand.look()
        self.record.update(ticket=self.camera.ticket or None, named=self.camera.named or None)

    def _left_blocked(self, died: Death | None) -> dict[str, str] | None:
        if died is None or died["item"] is None or not before.is_blocked(self._root, died["item"], died["since"]):
            return None
        return {"id": died["item"], "from": BLOCKED, "to": IN_PROGRESS}

    def _signed_in(self) -> dict[str, float | None]:
        return {"credential_at": self.camera.witness.credential_at()}

    def _said(self, evidence: Evidence) -> dict[str, str]:
        return {"witness": evidence.witness, "says": quoted(evidence.says, self.camera.known)}

    def _post(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        at: float | None = None,
        item: dict[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        common = card.told(self.record)
        told = [events.new(kind, seat=self.about.seat, data={**common, **data}, at=at)]
        if item:
            told.append(events.new("item.changed", seat=self.about.seat, data={**common, "item": item}, at=at))
        self._outbox.post(*told, durable=durable)

    def _save(self) -> None:
        self.record["owed"] = self._outbox.lines()
        card.save(self._root, self.record)

    def _report(self) -> None:
        """Tell the operator, in the folder where dead seats are looked for."""
        if not self._unreported:
            return
        try:
            named = self._config.dead_seats
            deadreport.write(paths.absolute(named) if named else self._root.dead_seats, self.record, self.camera.facts)
        except (OSError, UserError):
            return  # it is tried again; the feed and the checkpoint say the same
        self._unreported = False
