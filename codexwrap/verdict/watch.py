"""Judge a recording as it plays."""

import signal

from codexwrap import cast
from codexwrap.agents.look import Agent, report
from codexwrap.cast import Header, Record
from codexwrap.screen.screen import Screen
from codexwrap.verdict.verdict import Change, Judge

# Seconds without output after which what was drawn outside a synchronized update counts as a frame.
_FRAME = 0.04
# Seconds after which a synchronized update is taken for ended, as terminals do, and the rows that a new size of the window
# has cut off for what the program shows: it may have died.
_LONGEST_FRAME = 1.0
_TICK = 0.5  # seconds between two looks whether time has changed the verdict
# A program switches bracketed paste on when it starts; a stream that was joined later does not show that in its first bytes.
_START = "\x1b[?2004h"
_START_WITHIN = 4096


class Watch:
    """Feeds a terminal's recording, live or stored, to a screen, and what the screen shows to a judge."""

    def __init__(self, header: Header, agent: Agent) -> None:
        self.screen = Screen(header.columns, header.lines)
        self.judge = Judge(agent)
        self._agent = agent
        self._now = 0.0
        self._drawn = False  # something was drawn since the last frame
        self._cut = False  # the window has another size, and the program has not painted it yet
        self._head = ""
        self.screen.on_frame = self._frame
        self.screen.on_osc = self._osc

    def feed(self, record: Record) -> list[Change]:
        """The changes that an event of the recording brings."""
        self._pass(record.time)
        self._now = max(self._now, record.time)
        if record.code == cast.OUTPUT:
            self._output(record.data)
        elif record.code == cast.RESIZE:
            self._resize(record.data)
        elif record.code == cast.MARK and record.data == cast.SUBMIT:
            self.judge.entered(self._now)
        elif record.code == cast.MARK and record.data.startswith(cast.GAP):
            self.judge.skipped(self._now)
        elif record.code == cast.EXIT:
            self._frame()
            self.judge.ended(*end(record.data), self._now)
        return self.judge.take()

    def tick(self, time: float) -> list[Change]:
        """The changes that time alone brings, up to a moment of the recording's clock at which nothing more has come."""
        self._pass(time)
        return self.judge.take()

    @property
    def prompt(self) -> str:
        """The last prompt in sight, squashed."""
        return self.judge.prompt

    @property
    def rows(self) -> list[str]:
        """What is in sight."""
        return self.screen.rows()

    @property
    def episode(self) -> Change | None:
        """The death or stall that is open."""
        return self.judge.episode

    @property
    def well(self) -> float:
        """When a turn last ended well, in the recording's clock; minus infinity where none did."""
        return self.judge.well

    def assume(self, episode: Change) -> None:
        """A death or stall is open that was seen by somebody else."""
        self.judge.assume(episode)

    @property
    def patience(self) -> float | None:
        """Seconds after which time alone may change the verdict; None when it cannot."""
        if self._drawn:
            return self._longest
        return None if self.judge.settled else _TICK

    def _pass(self, time: float) -> None:
        """Nothing came up to this moment."""
        if self._drawn and time - self._now >= self._longest:
            self._frame()
        if time - self._now >= _FRAME:
            self.judge.tick(time)

    @property
    def _longest(self) -> float:
        """Seconds without output after which what stands there is a frame, although nothing says so."""
        return _LONGEST_FRAME if self.screen.synchronizing or self._cut else _FRAME

    def _output(self, text: str) -> None:
        if len(self._head) < _START_WITHIN:
            self._head += text[:_START_WITHIN]
            if _START in self._head:
                self.judge.began()
                self._head = " " * _START_WITHIN
        self._drawn, self._cut = True, False
        self.screen.feed(text.encode("utf-8", "replace"))

    def _frame(self) -> None:
        self._drawn = False
        self.judge.frame(self._agent.look(self.screen), self._now)

    def _osc(self, payload: str) -> None:
        if found := report(payload):
            self.judge.report(found, self._now)

    def _resize(self, size: str) -> None:
        columns, _, lines = size.partition("x")
        if columns.isdecimal() and lines.isdecimal():
            self.screen.resize(lines=int(lines), columns=int(columns))
            self._drawn = self._cut = True


def end(status: str) -> tuple[int, str]:
    """A shell's exit status as (status, name of the signal that killed the program)."""
    number = int(status) if status.lstrip("-").isdecimal() else 0
    try:
        return number, signal.Signals(number - 128).name.removeprefix("SIG") if number > 128 else ""
    except ValueError:
        return number, ""
