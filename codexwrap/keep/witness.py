"""Read what the agent keeps."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from codexwrap import agents, credential
from codexwrap.agents.look import Agent, Running
from codexwrap.keep.about import About
from codexwrap.story import Session, Story

_NOWHERE = Path("/nonexistent")


class Told(NamedTuple):
    """The session, what its file tells, and one line for what could not be learnt of it."""

    session: Session | None = None
    story: Story = Story()
    unknown: tuple[str, ...] = ()


class Witness:
    """The files of a seat's agent. A session that was found once stays the seat's until another one is found."""

    def __init__(self, about: About, agent: Agent | None, environ: Mapping[str, str]) -> None:
        self.session: Session | None = None
        self._about, self._agent, self._environ = about, agent, environ

    @property
    def home(self) -> Path:
        if self._agent is None:
            return _NOWHERE
        return agents.home(self._agent, self._environ, self._about.cwd)

    @property
    def credential_file(self) -> Path:
        return self.home / self._agent.credential_file if self._agent else _NOWHERE

    def tell(self, prompt: str = "") -> Told:
        """What the session's file tells; `prompt` is the last one in sight, squashed. Never raises."""
        try:
            return self._tell(prompt)
        except Exception as error:  # noqa: BLE001 - whatever the agent's files hold, a death must reach the feed
            return Told(self.session, unknown=(f"what was done: the session's file cannot be read ({error!r})",))

    def _tell(self, prompt: str) -> Told:
        agent, about = self._agent, self._about
        if agent is None:
            return Told()
        running = Running(
            home=self.home,
            pid=about.pid,
            arguments=about.argv[1:],
            cwd=about.cwd,
            since=about.started,
            prompt=prompt,
        )
        self.session = agent.find_session(running) or self.session
        if self.session is None or self.session.path is None:
            return Told(self.session)
        return Told(self.session, agent.read_session(self.session.path))

    def account(self) -> str:
        """Who is signed in, by an id that is no secret; empty where that cannot be learnt."""
        return self._agent.account(self.home) if self._agent else ""

    def credential_at(self) -> float | None:
        """When the sign-in was last written, in epoch seconds; None where there is none."""
        try:
            return self.credential_file.stat().st_mtime
        except OSError:
            return None

    def credential(self) -> str | None:
        """The same for all seats that one sign-in serves, and for no others; not to be turned back into who that is."""
        if self._agent is None:
            return None
        return credential.of(self.home, self.account())
