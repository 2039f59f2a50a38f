"""The stage of a scenario: a real Codex, its provider, and what happened."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codexwrap.drill import talk
from codexwrap.drill.answers import Answer
from codexwrap.drill.driver import Terminal
from codexwrap.drill.exchange import Exchange
from codexwrap.drill.provider import Provider
from tests.record import wordings


class NotAsPlannedError(Exception):
    """The scenario did not happen: there is nothing to record."""


@dataclass
class Episode:
    """A death or a stall, as the provider brought it about. Times are seconds since the epoch.

    `says` maps the squashed words by which the screen tells it, as patterns, to the cause that these words alone tell,
    None where that is the true one; the true one itself, where they do not tell when it ends. `answered` is what the
    provider answered, for people. `by_age`: at first these words are those of a passing trouble, and only in time they mean
    that nobody is working.
    """

    cause: str
    says: Mapping[str, str | None]
    answered: dict[str, Any]
    resets_at: int | None = None
    error_at: float | None = None
    alive_at: float | None = None
    by_age: bool = False


@dataclass
class Stage:
    """What steps work with.

    `launch` starts Codex again with other arguments; `status` is set when it ended by itself; `deadly` is the answer that
    ends the session.
    """

    provider: Provider
    home: Path
    cwd: Path
    version: tuple[int, ...]
    launch: Callable[..., Terminal]
    terminal: Terminal
    episodes: list[Episode] = field(default_factory=list)
    status: int | None = None
    deadly: Answer | None = None

    def demand(self, what: object, why: str) -> None:
        """Raises NotAsPlannedError unless `what` is true."""
        if not what:
            raise NotAsPlannedError(f"{why}; the screen:\n{self.terminal.text()}")

    def answered(self, answer: Answer, since: int = 0) -> Exchange | None:
        """The first request from number `since` on that was given this very answer."""
        log = self.provider.log[since:]
        return next((each for each in log if each.answer is answer and each.answered_at is not None), None)

    @property
    def open_episode(self) -> Episode | None:
        last = self.episodes[-1] if self.episodes else None
        return last if last and last.alive_at is None else None

    def reopen(self, *arguments: str, alive: bool = True) -> None:
        """End Codex and start it again: only what comes now is recorded, only what dies now is a death."""
        self.terminal.close()
        self.episodes.clear()
        self.terminal = self.launch(*arguments)
        if alive:
            talk.ready(self.terminal)

    def thread(self) -> str:
        """The id of the user's thread: of the rollouts in the home the one that is the oldest."""
        rollouts = sorted(self.home.glob("sessions/*/*/*/rollout-*.jsonl"))
        self.demand(rollouts, "there is no rollout to resume")
        return rollouts[0].stem[-36:]


def project(cwd: Path) -> None:
    """A small repository, full of words about dead sessions."""
    for name, text in wordings.FILES.items():
        path = cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    identity = ["-c", "user.name=Seat", "-c", "user.email=seat@example.com"]
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-qm", "start"]):
        subprocess.run(["git", *command], cwd=cwd, check=True, capture_output=True)
