"""Fold frames into states and episodes."""

from collections import deque
from typing import NamedTuple

from codexwrap.agents.look import Agent, Finding, Live, Look, Page, Report
from codexwrap.verdict.causes import CAUSES, Cause, State
from codexwrap.verdict.turns import Turns

# Seconds. What an agent draws in one go arrives within a fraction of one; what it retries by itself takes a few.
_JUST_ENDED = 2.0  # between the end of a turn and the words that say why
_WORDLESS = 1.5  # a reported error whose words have not come
_SETTLED = 0.5  # words of an error in a turn that is still reported as running
_PAINTED = 0.3  # an old conversation, in all its frames
_UNKNOWN = 2.0  # a banner that nobody knows, still at the live end

# How long an agent may say so before nobody is working, and what that is then.
_WAITS = {
    Live.NO_SERVER: (5.0, "network.server_lost"),
    Live.NO_NETWORK: (10.0, "network.unreachable"),
    Live.RETRYING: (180.0, "provider.stream_lost"),
    Live.WORKING: (900.0, "stall.no_progress"),
}
_NOTES = 200  # the newest that are kept
_ALIKE = 20  # characters at which two texts begin that are the same
_CRASHES = frozenset({"ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "SYS"})


class Evidence(NamedTuple):
    """What a witness says: the screen, the status sequence, the rollout, the process, the credential file."""

    witness: str
    says: str


class Change(NamedTuple):
    """The seat is something else from here on.

    `at` is the moment at which that was to be seen, in the clock of the recording. DEAD and STALLED have a cause and open
    an episode, or say more of the one that is open; IDLE or WORKING behind them end it. `until` are words that may hold
    the time at which the cause ends.
    """

    at: float
    state: State
    cause: Cause | None = None
    until: str = ""
    evidence: tuple[Evidence, ...] = ()


class _Sign(NamedTuple):
    """Words of an error at the live end, since when they stand there, and why they are no death, if something says so."""

    since: float
    words: str
    objection: str


class _Wait(NamedTuple):
    """Since when a live row says the same, and which seconds it counted then."""

    since: float
    live: Live
    seconds: int


class _Painting(NamedTuple):
    """Since when something is painted, perhaps in several frames, and how many prompts were in sight before."""

    since: float
    prompts: int


class Judge:
    """Says what a seat is, from its frames, reports and end, in the order in which they come.

    A death is a fatal cell at the live end of a conversation in which a turn was running. Its text and colour alone prove
    none: a resumed session draws its old errors again in the same place. A stream that was joined in its middle knows
    nothing of the turns before; there a fatal cell counts as it stands.
    """

    def __init__(self, agent: Agent) -> None:
        self.state = State.STARTING
        self.episode: Change | None = None  # the death or stall that is open
        self.notes: deque[tuple[float, str]] = deque(
            maxlen=_NOTES
        )  # what was judged, by which rule; and near misses, and why not
        self._agent = agent
        self._turns = Turns(agent)
        self._changes: list[Change] = []
        self._from_start = False
        self._seen_alive = False  # since the stream was joined in its middle
        self._look = Look()
        self._seen_at = 0.0
        self._sign: _Sign | None = None
        self._painting = _Painting(float("-inf"), 0)
        self._repainted = False  # a banner came together with its prompt: a past was painted
        self._error_at: float | None = None  # the agent reported an error that no words have explained yet
        self._waiting: _Wait | None = None
        self._episode_is_wait = False

    # --- what happens ---------------------------------------------------------------------------------------------

    def began(self) -> None:
        """The stream holds the program's start: what it draws before its first turn is history."""
        self._from_start = True

    def skipped(self, at: float) -> None:
        """Part of the stream is lost: turns may have begun or ended in it, and the screen is stale until it is painted."""
        self._from_start = self._seen_alive = False
        self._turns = Turns(self._agent)
        if self.episode is None:
            self._enter(State.UNKNOWN, at)

    def entered(self, at: float) -> None:
        """The user pressed Enter."""
        self._turns.entered(at)

    def report(self, report: Report, at: float) -> None:
        """The agent reported its status."""
        if report is Report.ERROR:
            self._error_at = at
        elif report is not Report.IDLE:
            self._error_at = None
        self._turns.report(report, at)
        self._settle(at)

    def frame(self, look: Look, at: float) -> None:
        """The screen shows this now."""
        self._follow_waiting(look, at)
        if at - self._painting.since > _PAINTED:
            self._painting = _Painting(at, self._look.prompts)
        if look.banner and look.prompts > self._painting.prompts:
            self._repainted = True
        self._see_overtaken(look, at)
        self._turns.frame(look, at)
        self._look, self._seen_at = look, at
        self._settle(at)

    def tick(self, at: float) -> None:
        """Nothing else happened up to this moment."""
        self._turns.tick(at)
        self._settle(at)

    def ended(self, status: int, signal: str, at: float) -> None:
        """The program is gone: its exit status, and the name of the signal that killed it, if one did."""
        self._settle(at)
        cause = self._cause_of_end(status, signal)
        if cause and self.episode is None:
            says = f"killed by SIG{signal}" if signal else f"exit status {status}"
            self._open(Change(at, State.DEAD, CAUSES[cause], evidence=(Evidence("process", says),)))
        self._enter(State.EXITED, at)

    def assume(self, episode: Change) -> None:
        """A death or stall is open that was seen by somebody else."""
        self.episode, self.state = episode, episode.state

    def take(self) -> list[Change]:
        """The changes since the last call."""
        changes, self._changes = self._changes, []
        return changes

    @property
    def prompt(self) -> str:
        """The last prompt in sight, squashed."""
        return self._look.prompt or ""

    @property
    def well(self) -> float:
        """When a turn last ended well; minus infinity where none did."""
        return self._turns.well

    @property
    def settled(self) -> bool:
        """Only something new can change the verdict; time alone cannot."""
        turns = self._turns
        if self._error_at is not None or self._waiting or (turns.open and not turns.resting):
            return False
        return self._sign is None or bool(self._sign.objection) or self.episode is not None

    # --- what it means --------------------------------------------------------------------------------------------

    def _settle(self, at: float) -> None:
        look = self._look
        if look.page is Page.OVERLAY or self.state is State.EXITED:
            return
        if look.page is not None:
            if self._turns.count == 0 and (found := self._agent.find(look)):
                self._die(self._seen_at, found)
            return
        self._see_alive()  # a turn that ended well before this frame ends the episode before another death can open one
        self._sign = self._weigh(look, at) if look.banner or look.popup else None
        self._see_wordless_error(at)
        self._see_waiting(at)
        self._see_alive()
        if self.episode is None:
            self._enter(self._calm(), at)

    def _weigh(self, look: Look, at: float) -> _Sign | None:
        """Words of an error stand at the live end: are they a death, of this moment?"""
        found = self._agent.find(look)
        if found is None and (look.banner is None or self._agent.harmless(look.banner)):
            return None
        words = found or Finding("unknown.banner", look.banner.text if look.banner else "")
        sign = self._sign
        if sign is None or not _alike(sign.words, words.text):
            sign = _Sign(self._seen_at, words.text, self._objection(words, self._seen_at))
            if sign.objection:
                self._note(sign.since, f"not told: {sign.words}: {sign.objection}")
        if sign.objection:
            return sign
        waited = at - sign.since
        if found is None:
            sure = not self._turns.working and waited >= _UNKNOWN
        else:
            sure = look.live is None and (not self._turns.working or waited >= _SETTLED)
        if sure:
            self._die(sign.since, words)
        return sign

    def _see_overtaken(self, look: Look, at: float) -> None:
        """A turn died, and at once the line was sent that had waited for its end."""
        banner, before, turn = look.overtaken, self._look, self._turns.open
        if banner is None or look.overtaken_prompt != before.prompt:
            return
        if turn.local if turn else self._from_start or look.prompts > self._painting.prompts + 1:
            return
        found = self._agent.find(look._replace(banner=banner, popup=None))
        if found is None:
            return
        sign = self._sign
        if sign and sign.words == found.text and not sign.objection:
            self._die(sign.since, found)
            return
        known = [each.squashed for each in (*before.passed, before.banner) if each].count(banner.squashed)
        if [each.squashed for each in look.passed].count(banner.squashed) > known:
            self._die(at, found)

    def _objection(self, found: Finding, since: float) -> str:
        """Why what has stood at the live end since then is no death; empty when nothing speaks against it."""
        turns = self._turns
        if self.episode is not None and self.episode.cause is CAUSES[found.cause]:
            return ""
        if self.episode is not None and self._cuts_short(found.text):
            return "the same words, cut off"
        if self.episode is not None and since - self.episode.at > _SETTLED:
            asked = turns.open or turns.last
            return (
                "" if asked and not asked.local and asked.opened > self.episode.at else "the same death, painted again"
            )
        if self._error_at is not None and abs(since - self._error_at) <= _JUST_ENDED:
            return ""
        turn = turns.open or (turns.last if since - turns.ended <= _JUST_ENDED else None)
        if turn is not None and turn.local:
            return "a local command drew it"
        if turn is not None:
            rested = found.cause == "unknown.banner" and turns.well > turn.opened
            return "unknown words, after the turn had come to rest" if rested else ""
        if self._from_start or turns.count:
            return "no turn was running"
        if self._look.draft is None and self._look.popup is None:
            return "no composer below shows that it is the end of the conversation"
        return "it was painted together with its past" if self._repainted else ""

    def _note(self, at: float, says: str) -> None:
        if not self.notes or self.notes[-1][1] != says:
            self.notes.append((at, says))

    def _cuts_short(self, words: str) -> bool:
        """A narrower window has cut off the ends of the rows that told the open episode."""
        told = self.episode.evidence[0].says if self.episode and self.episode.evidence else ""
        return len(words) < len(told) and words[:_ALIKE] == told[:_ALIKE]

    def _die(self, at: float, found: Finding) -> None:
        evidence = [Evidence("screen", found.text)]
        if self._error_at is not None:
            evidence.append(Evidence("status", "error"))
            self._error_at = None
        self._turns.close(at)
        block = f" of row {self._look.banner.row}" if self._look.banner else ""
        rule = f", by the rule {found.rule}" if found.rule else ""
        self._note(at, f"told: {found.text}: {found.cause}{block}{rule}")
        cause = CAUSES[found.cause]
        self._open(Change(at, cause.state, cause, found.until, tuple(evidence)))

    def _see_wordless_error(self, at: float) -> None:
        if self._error_at is None or self._sign or self._look.live or at - self._error_at < _WORDLESS:
            return
        since, self._error_at = self._error_at, None
        if self.episode is None:
            evidence = (Evidence("status", "error, and no words for it in sight"),)
            self._open(Change(since, State.STALLED, CAUSES["unknown.banner"], evidence=evidence))

    def _follow_waiting(self, look: Look, at: float) -> None:
        if look.live is None or look.page is not None or look.tool:
            self._waiting = None
        elif self._waiting is None or self._waiting.live is not look.live or look.body != self._look.body:
            self._waiting = _Wait(at, look.live, look.seconds)

    def _see_waiting(self, at: float) -> None:
        if self._waiting is None or self.episode is not None:
            return
        since, live, seconds = self._waiting
        patience, cause = _WAITS[live]
        # The row counts its own seconds; a recording that plays faster than it was made has only those.
        if max(at - since, self._look.seconds - seconds) >= patience:
            says = Evidence("screen", f"{self._look.live_text}, for more than {patience:g} s")
            self._open(Change(min(at, since + patience), State.STALLED, CAUSES[cause], evidence=(says,)))
            self._episode_is_wait = True

    def _see_alive(self) -> None:
        """An episode ends when a later turn ends well; a mere wait ends when it is over."""
        episode, turns = self.episode, self._turns
        if episode is None or episode.cause is None:
            return
        if self._episode_is_wait and self._wait_is_over(episode.cause.name, episode.at):
            self._recover(self._seen_at)
        elif turns.well > episode.at:
            self._recover(turns.well)

    def _wait_is_over(self, cause: str, since: float) -> bool:
        if cause == "network.server_lost":
            return self._look.live is not Live.NO_SERVER
        if cause == "network.unreachable":
            return self._look.live is Live.WORKING
        return cause == "stall.no_progress" and (self._waiting is None or self._waiting.since > since)

    def _calm(self) -> State:
        """What a seat is that neither died nor stalled."""
        if (self._sign and not self._sign.objection) or self._look.live is Live.RETRYING:
            return State.SUSPECT
        lives = self._knows_life()
        if self._turns.working or (self._turns.running and lives):
            return State.WORKING
        if lives:
            return State.IDLE
        return self.state if self._from_start or self.state is State.STARTING else State.UNKNOWN

    def _knows_life(self) -> bool:
        """The agent is up; and where the stream was joined in its middle, something shows that it did not die before.

        That is a turn that ended well, or a prompt and its answer where nothing covers what may stand below.
        """
        look, turns = self._look, self._turns
        if self._from_start:
            return look.draft is not None or look.prompt is not None or look.answered or turns.reports
        turn = turns.open or turns.last
        works = look.live is not None and turn is not None and not turn.local and not look.banner and not look.passed
        if turns.well > float("-inf") or (look.prompt is not None and (works or (look.answered and not look.draft))):
            self._seen_alive = True
        return self._seen_alive

    def _cause_of_end(self, status: int, signal: str) -> str | None:
        if signal:
            return "process.killed" if signal == "KILL" else "process.crashed" if signal in _CRASHES else None
        if status == 0 or status > 128:
            return None
        return "process.exited_error" if self._turns.count else "process.startup_failed"

    def _open(self, change: Change) -> None:
        episode = self.episode
        if episode is not None and (episode.cause is change.cause or episode.state is State.DEAD is not change.state):
            return
        self.episode, self.state, self._episode_is_wait = change, change.state, False
        self._changes.append(change)

    def _recover(self, at: float) -> None:
        self.episode = None
        self._enter(self._calm(), at)

    def _enter(self, state: State, at: float) -> None:
        if state is not self.state:
            self.state = state
            self._changes.append(Change(at, state))


def _alike(one: str, other: str) -> bool:
    """The same words, but for a cell that has not been painted yet."""
    return one == other or (one[:_ALIKE] == other[:_ALIKE] and abs(len(one) - len(other)) <= 2)
