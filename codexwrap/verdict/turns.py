"""Follow the turns of a conversation."""

from typing import NamedTuple

from codexwrap.agents.look import Agent, Live, Look, Page, Report, squash

# Seconds.
_QUIET = 1.0  # an answer stands, and nothing has moved for so long: the turn has probably ended
_ENTERED = 2.0  # a line that was sent with Enter leaves the composer within this
_FORGOTTEN = 60.0  # a turn that shows neither work nor an end


class Turn(NamedTuple):
    """A stretch of work that somebody asked for. A local one the agent does by itself, without its provider."""

    opened: float
    local: bool


class Turns:
    """Which turn runs, how many there were, and when one ended well; from frames, reports and the Enter key.

    What a turn shows differs between versions: a live row, or a line that leaves the composer and stands in the
    conversation. Either opens one; a report of work alone does not, for an agent also works while it loads an old
    conversation. It hides its live row while an answer streams in, so that a quiet answer has only probably ended: its
    turn rests, and stays open for what may still go wrong with it.
    """

    def __init__(self, agent: Agent) -> None:
        self.open: Turn | None = None
        self.last: Turn | None = None  # the one that ended before
        self.ended = float("-inf")
        self.well = float("-inf")  # when a turn last ended well
        self.count = 0  # of the turns for which the provider was asked
        self._agent = agent
        self._look = Look()
        self._moved = 0.0
        self._draft = ""
        self._sent = ""  # the last line that left the composer
        self._left = float("-inf")  # when it did
        self._entered = float("-inf")
        self._report: Report | None = None
        self._resting = False
        self._asked: str | None = None  # the last prompt in sight when the open turn was first seen at work
        self._spoke = False  # something stood answered since it was opened
        self._answered: float | None = None  # since when an answer stood there, in the frame before this one

    def frame(self, look: Look, at: float) -> None:
        if look.page is Page.OVERLAY:
            return
        self._answered = self._moved if _stands_answered(self._look) else None
        if look._replace(draft=None) != self._look._replace(draft=None):
            self._moved = at
            self._resting = False
        self._look = look
        self._spoke = self._spoke or _stands_answered(look)
        self._follow_draft(look, at)
        if look.live is not None and look.live is not Live.NO_SERVER and self.open is None:
            # Behind a slash command a live row says that it asks the provider (`/compact`): what an agent answers by itself
            # has none. Behind a shell command (`!ls`) it has.
            self._begin(at, local=self._agent.local(self._sent) and not self._sent.startswith("/"))
        elif look.banner and self._agent.harmless(look.banner):
            self.close(at)
        elif look.live is not None and self.open is not None:
            self._follow_prompt(look, at)
        self.tick(at)

    def report(self, report: Report, at: float) -> None:
        before, self._report = self._report, report
        asked = self.open is not None and not self.open.local
        if report is Report.DONE and before is Report.WORKING and asked and self._look.banner is None:
            self.well = at
        # One version says idle, not done, at a good end, too: what stands answered comes to rest as without a report.
        rests = report is Report.IDLE and asked and _stands_answered(self._look)
        if report in (Report.IDLE, Report.ERROR) and before is Report.WORKING and not rests:
            self.close(at)

    def entered(self, at: float) -> None:
        """The user pressed Enter."""
        self._entered = at

    def tick(self, at: float) -> None:
        """Time passes: what stands still long enough has ended."""
        if self.open is None or self.working:
            return
        look = self._look
        done = self._report is Report.DONE
        still = at - self._moved
        if self.open.local:
            if done or still >= _QUIET:
                self.close(at)
        elif (done and look.banner is None and look.popup is None) or (_stands_answered(look) and still >= _QUIET):
            # Where a small window shows nothing of an answer, there is still the report.
            self.well = self._moved
            self._resting = True
            if done:
                self.close(at)
        elif at - max(self._moved, self.open.opened) >= _FORGOTTEN:
            self.close(at)

    def close(self, at: float) -> None:
        """The open turn has ended, however it did."""
        if self.open is not None:
            self.last, self.open, self.ended = self.open, None, at
        self._resting = False

    @property
    def working(self) -> bool:
        """The agent says that it is at work, in its live row or by its report."""
        return self._look.live is not None or self._report is Report.WORKING

    @property
    def reports(self) -> bool:
        """This version of the agent reports its status."""
        return self._report is not None

    @property
    def resting(self) -> bool:
        """A turn is open whose answer stands still: time alone changes nothing more."""
        return self._resting

    @property
    def running(self) -> bool:
        """A turn is open and has not come to rest."""
        return self.working or (self.open is not None and not self._resting)

    def _begin(self, at: float, *, local: bool) -> None:
        if self._answered is not None and self.open and not self.open.local and not self._resting:
            self.well = self._answered  # nobody waited for it to rest
        self.close(at)
        self._asked, self._spoke = None, False
        self.open = Turn(at, local)
        self.count += not local

    def _follow_prompt(self, look: Look, at: float) -> None:
        """Below an answer stands another prompt, and the agent works: a turn, though nobody saw the line in a composer."""
        if self._asked is None:
            self._asked = look.prompt
        elif look.prompt is not None and look.prompt != self._asked and self._spoke:
            self._begin(at, local=False)
            self._asked = look.prompt

    def _follow_draft(self, look: Look, at: float) -> None:
        """A line that leaves the composer and then stands in the conversation opens a turn."""
        if look.draft:
            self._draft = look.draft
            return
        if self._draft:
            self._sent, self._draft, self._left = self._draft, "", at
            if self._agent.local(self._sent):
                self.close(at)
        if at - self._left > _ENTERED or self._agent.local(self._sent):
            return
        if (look.prompt or "").startswith(squash(self._sent)) or abs(self._left - self._entered) < _ENTERED:
            self._left = float("-inf")
            if self.open is None or self._resting or self._answered is not None:
                self._begin(at, local=False)


def _stands_answered(look: Look) -> bool:
    return look.answered and look.banner is None and look.live is None and look.popup is None
