"""Put a checkpoint together."""

import os
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from codexwrap import checkpoint, credential, shelf
from codexwrap.agents.look import Agent
from codexwrap.config import Config
from codexwrap.git import gitfacts, snapshot
from codexwrap.keep.about import About, Scene
from codexwrap.keep.witness import Told, Witness
from codexwrap.redact import redact, redactrows


class Rolling(StrEnum):
    """Why a checkpoint was made while all was well."""

    START = shelf.START
    TURN = "TURN"  # one has ended
    CHANGE = "CHANGE"  # the tree has changed since the last one


class Why(NamedTuple):
    """What happened: `trigger` is the state that the seat is in, or why it was looked at; `at` in epoch seconds."""

    trigger: str
    at: float
    cause: str | None = None
    evidence: Sequence[dict[str, str]] = ()


class Camera:
    """What it takes to put together checkpoints of one seat."""

    def __init__(self, about: About, agent: Agent | None, config: Config, environ: Mapping[str, str]) -> None:
        self.witness = Witness(about, agent, environ)
        self.known = redact.known_values(environ)
        self.ticket = about.ticket
        self.named = about.ticket  # what flag, environment or branch named last
        self.facts: gitfacts.Facts | None = None  # what was last learnt
        self._about, self._agent, self._config = about, agent, config

    def look(self, *, seconds: float) -> gitfacts.Facts:
        """What git knows now, and with it the ticket."""
        facts = self.facts = gitfacts.collect(self._about.cwd, seconds=seconds)
        branch = facts.branch or facts.operation_branch or ""
        if not self._about.ticket and (found := re.search(self._config.ticket_pattern, branch)):
            self.name(found[0])  # of the branch that is checked out now: the seat may have gone on to another item
        return facts

    def go_on(self, record: Mapping[str, Any]) -> None:
        """Know the item that is on record of the seat."""
        self.ticket = record.get("ticket") or self._about.ticket
        self.named = record.get("named") or self._about.ticket

    def name(self, ticket: str) -> None:
        """Something names the seat's item. What it named before already is no news: the seat may have posted another."""
        if ticket and ticket != self.named:
            self.ticket = self.named = ticket

    def take(
        self, why: Why, scene: Scene, told: Told, facts: gitfacts.Facts, made_id: str | None = None
    ) -> dict[str, Any]:
        """A checkpoint as JSON, redacted; of this id, by which it is sorted, or of a new one."""
        about, agent, session = self._about, self._agent, told.session
        seat = checkpoint.Seat(
            name=about.seat,
            run=about.run,
            agent=agent.name if agent else "",
            program=about.argv[0],
            arguments=about.argv[1:],
            cwd=about.cwd,
            ticket=self.ticket or None,
            known=self.known,
            home=str(self.witness.home) if agent else None,
            account=credential.of(os.sep, account) if (account := self.witness.account()) else None,
        )
        record = checkpoint.build(
            seat,
            trigger=why.trigger,
            cause=why.cause,
            at=why.at,
            facts=facts,
            story=told.story,
            session=session,
            resume=agent.resume(about.argv[1:], session.id) if agent and session else None,
            screen=redactrows.rows([redact.printable(row) for row in scene.rows], self.known),
            evidence=why.evidence,
            unknown=told.unknown,
        )
        if made_id:
            record["id"] = made_id
        if self._config.snapshots and facts.root is not None:
            record["snapshot"] = {"state": checkpoint.PENDING, "ref": ref(record)}
        return record


def ref(record: Mapping[str, Any]) -> str:
    """The name of a checkpoint's snapshot in its repository."""
    return snapshot.folder(record["seat"]) + checkpoint.stem(record)
