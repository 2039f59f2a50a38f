"""Judge a program without a screen."""

import re
from collections import deque

from codexwrap import cast
from codexwrap.agents.look import Agent, Finding, Line, Turning
from codexwrap.cast import Record
from codexwrap.verdict.causes import CAUSES, Cause, State
from codexwrap.verdict.verdict import Change, Evidence
from codexwrap.verdict.watch import end

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]")
_LONGEST = 1 << 20  # characters of a line; what is behind them is not read
_LAST = 40  # lines that are kept for the checkpoint
_NETWORK_AFTER = 10.0  # seconds of tries to reach the network before nobody is working
_TICK = 1.0


class Headless:
    """Reads the lines that an agent writes to a pipe or a log, and says what the seat is.

    What fails for good, the agent says; a complaint without that counts once the program has ended with an error.
    """

    prompt = ""

    def __init__(self, agent: Agent) -> None:
        self.episode: Change | None = None
        self.well = float("-inf")  # when a turn last ended well
        self._agent = agent
        self._state = State.STARTING
        self._changes: list[Change] = []
        self._rest = {cast.OUTPUT: "", cast.ERROR: ""}
        self._lines: deque[str] = deque(maxlen=_LAST)
        self._complaint = ""
        self._retrying: tuple[float, str] | None = None

    def feed(self, record: Record) -> list[Change]:
        """The changes that an event of the recording brings."""
        if record.code in self._rest:
            *lines, rest = (self._rest[record.code] + record.data).split("\n")
            self._rest[record.code] = rest[:_LONGEST]
            for text in lines:
                self._read(_ESCAPES.sub("", text).strip("\r"), record.time)
        elif record.code == cast.EXIT:
            self._end(*end(record.data), record.time)
        return self._take()

    def tick(self, time: float) -> list[Change]:
        """The changes that time alone brings."""
        self._wait(time)
        return self._take()

    @property
    def patience(self) -> float | None:
        """Seconds after which time alone may change the verdict; None when it cannot."""
        return _TICK if self._retrying and self.episode is None else None

    @property
    def rows(self) -> list[str]:
        """The last lines."""
        return list(self._lines)

    def assume(self, episode: Change) -> None:
        """A death or stall is open that was seen by somebody else."""
        self.episode, self._state = episode, episode.state

    def _read(self, text: str, at: float) -> None:
        self._lines.append(text[:1000])
        line = self._agent.read_line(text)
        if line is None:
            return
        if line.turning is Turning.BEGAN:
            self._retrying = None
            self._enter(State.WORKING, at)
        elif line.turning is Turning.WELL:
            self._retrying = None
            self._complaint = ""
            self.episode = None
            self.well = at
            self._enter(State.IDLE, at)
        elif line.turning is Turning.FAILED:
            self._fail(line, at)
        elif line.turning is Turning.COMPLAINED:
            self._complaint = line.message
        else:
            self._retry(line, at)

    def _retry(self, line: Line, at: float) -> None:
        waits = "waiting for network" in line.message
        if self._retrying is None or not waits:
            self._retrying = (at, line.message) if waits else None
        self._wait(at)

    def _wait(self, at: float) -> None:
        if self._retrying and self.episode is None and at - self._retrying[0] >= _NETWORK_AFTER:
            since, message = self._retrying
            self._open(CAUSES["network.unreachable"], message, since + _NETWORK_AFTER)

    def _fail(self, line: Line, at: float) -> None:
        self._retrying = None
        found = self._agent.explain(line.message) or Finding("unknown.banner", line.message)
        self._open(CAUSES[found.cause], line.message, at, until=found.until)

    def _end(self, status: int, signal: str, at: float) -> None:
        if self.episode is None and self._complaint and status not in (0, 130) and not signal:
            self._fail(Line(Turning.FAILED, self._complaint), at)
        elif self.episode is None and status and (signal in ("KILL", "SEGV", "ABRT", "BUS", "ILL") or 0 < status < 128):
            name = "killed" if signal == "KILL" else "crashed" if signal else "exited_error"
            says = f"killed by SIG{signal}" if signal else f"exit status {status}"
            self._open(CAUSES[f"process.{name}"], says, at, witness="process")
        self._enter(State.EXITED, at)

    def _open(self, cause: Cause, message: str, at: float, *, until: str = "", witness: str = "stream") -> None:
        if self.episode is not None and self.episode.cause is cause:
            return
        self.episode = Change(at, cause.state, cause, until, (Evidence(witness, message),))
        self._state = cause.state
        self._changes.append(self.episode)

    def _enter(self, state: State, at: float) -> None:
        if self.episode is not None and state is not State.EXITED:
            return
        if state is not self._state:
            self._state = state
            self._changes.append(Change(at, state))

    def _take(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes
