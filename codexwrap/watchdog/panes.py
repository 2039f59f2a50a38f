"""Judge what unwrapped panes show."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from codexwrap.agents.look import Agent, Finding, Look, Page, Running
from codexwrap.screen.screen import Screen
from codexwrap.verdict.causes import CAUSES, State
from codexwrap.verdict.verdict import Change, Evidence, Judge
from codexwrap.watchdog import filecause, sessionlog
from codexwrap.watchdog.runners import Runner
from codexwrap.watchdog.sessionlog import SessionLog
from codexwrap.watchdog.tmux import Pane
from codexwrap.watchdog.watched import Verdict

_SLACK = 0.2  # seconds by which the start of a process is known at worst
_UNKNOWN = 2.0  # seconds for which a banner that nobody knows must stand
_RESUMING = {"codex": ("resume", "fork")}
_RESUMING_ELSE = ("--resume", "--continue", "-r", "-c")


class Seen(NamedTuple):
    """A pane that was judged: its rows and its last prompt, squashed; `note` is what the next pass must know of it."""

    verdict: Verdict
    rows: Sequence[str]
    prompt: str
    note: dict[str, Any]


def unchanged(text: str, note: dict[str, Any] | None) -> bool:
    """Whether a pane shows what it showed in an earlier pass, and time alone cannot change what that means."""
    return note is not None and bool(note.get("settled")) and note.get("text") == _digest(text)


def judge(runner: Runner, pane: Pane, text: str, note: dict[str, Any] | None, now: float, *, told: bool) -> Seen:
    """What a pane says of its agent, by the rules of a wrapped seat, from single looks.

    Words of an error that stand at the live end, where nothing works any more, are a death or stall; a live row that says
    the same for too long is a stall. Since when it all stands there, `note` of the pass before knows, where nothing but the
    live row has changed. What no look can tell is whether the words are of this process or of an earlier one, which a
    resumed session draws again: see `confirm`.
    """
    screen = Screen(pane.columns, pane.lines, scrollback=0)
    screen.feed((("\x1b[?1049h" if pane.alternate else "") + text.rstrip("\n").replace("\n", "\r\n")).encode())
    look = runner.agent.look(screen)
    rows = screen.rows()
    body = _digest("\n".join(row for row in rows if not look.live_text or row != look.live_text))
    same = note is not None and note.get("body") == body and note.get("live") == look.live
    since = float(note["since"]) if note is not None and same else now
    state, change = _read(runner.agent, look, since, now)
    doubtful = look.banner is not None or look.popup is not None or look.page is Page.OVERLAY
    log = _log(runner, look) if doubtful or told else None
    verdict = confirm(runner, look, Verdict(state, change), log)
    if told and log is None and look.answered and state is State.IDLE and note and note.get("prompt") != look.prompt:
        verdict = verdict._replace(well=now)  # of an agent whose files nobody can read: another prompt was answered
    settled = look.live is None and (look.banner is None or verdict.change is not None or bool(verdict.why))
    said = note.get("prompt") if told and note else look.prompt
    kept = {"text": _digest(text), "body": body, "live": look.live, "since": since, "settled": settled, "prompt": said}
    return Seen(verdict, rows, look.prompt or "", kept)


def confirm(runner: Runner, look: Look, seen: Verdict, log: SessionLog | None) -> Verdict:
    """What the words of an error at the live end mean, after the second witness was heard: the session's own file.

    They are a death where that file says that a turn which was begun since the process started failed, or (versions that
    write no failures) did not end well. Where it says that none was, they are of an earlier process, drawn again. Where
    there is no such file: of a process that was started to resume a session nothing can be said, of any other one they
    are a death. Behind a page that covers the conversation, the file alone speaks.
    """
    well = log.well if log else 0.0
    seen = seen._replace(well=well)
    since = runner.process.started - _SLACK
    failed = log is not None and log.dead and log.failed >= since
    if log is not None and failed and look.page is Page.OVERLAY:
        return seen._replace(change=filecause.change(runner.agent, log))
    if seen.change is None or (look.banner is None and look.popup is None):
        return seen
    if log is None:
        resuming = _RESUMING.get(runner.agent.name, _RESUMING_ELSE)
        if any(word in runner.arguments for word in resuming):
            why = "its words may be of the session that was resumed, and no file of that session was found"
            return Verdict(State.UNKNOWN, None, well, why)
        return seen
    if failed or (log.begun >= since and log.well < log.begun):
        return seen
    return Verdict(State.IDLE, None, well, "its session's file knows of no turn that failed since it was started")


def _read(agent: Agent, look: Look, since: float, now: float) -> tuple[State, Change | None]:
    """What a conversation that has stood like this since then means, if the words in it are of this process."""
    if look.page is Page.OVERLAY:
        return State.UNKNOWN, None
    if look.live is not None:
        judge = Judge(agent)
        for moment in (since, now):
            judge.frame(look, moment)
        judge.tick(now)
        return judge.state, judge.episode
    found = agent.find(look)
    if found is None and look.banner and not agent.harmless(look.banner) and now - since >= _UNKNOWN:
        found = Finding("unknown.banner", look.banner.text)
    if found is None:
        lives = look.draft is not None or look.prompt is not None or look.answered
        return State.IDLE if lives else State.UNKNOWN, None
    cause = CAUSES[found.cause]
    return cause.state, Change(since, cause.state, cause, found.until, (Evidence("screen", found.text),))


def _log(runner: Runner, look: Look) -> SessionLog | None:
    """The file of the session that the agent has open, read; None where it cannot be told, or has none of that shape."""
    running = Running(
        home=runner.home,
        pid=runner.process.pid,
        arguments=runner.arguments,
        cwd=runner.cwd,
        since=runner.process.started,
        prompt=look.prompt or "",
    )
    try:
        session = runner.agent.find_session(running)
        return sessionlog.follow(session.path) if session and session.path else None
    except OSError:
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]
