"""What one look at a pane means, and what the session's file has to say to it."""

import time
from pathlib import Path
from typing import Any

import pytest

from codexwrap.agents import codex
from codexwrap.verdict.causes import State
from codexwrap.watchdog import panes, runners
from codexwrap.watchdog.proctable import Process
from codexwrap.watchdog.runners import Runner
from codexwrap.watchdog.sessionlog import SessionLog
from codexwrap.watchdog.tmux import Pane
from codexwrap.watchdog.watched import Verdict

NOW = 1_800_000_000.0
PROMPT = "\x1b[2m›\x1b[0m go on\n"
ANSWER = "\n• I did it.\n"
REVOKED = (
    "\n\x1b[38;5;1m■ Your access token could not be refreshed because your refresh token was revoked. Please log out\n"
    "and sign in again.\x1b[39m\n"
)
COMPOSER = "\n\x1b[1m›\x1b[0m \x1b[2mAsk Codex to do anything\n"
LIVE = "\n• Working (3m 10s • esc to interrupt)\n"
NETWORK = "\n• Reconnecting... waiting for network (1m 2s • esc to interrupt)\n"
UNHEARD = "\n\x1b[38;5;1m■ something that nobody has ever seen\x1b[39m\n"


def runner(*arguments: str, started: float = NOW - 1000) -> Runner:
    process = Process(-5, 1, ("codex", *arguments), started, "1")
    return Runner(codex, process, "codex", arguments, {"CODEX_HOME": "/nonexistent"}, "/project", wrapped=False)


def pane(**other: Any) -> Pane:
    made = Pane("/s", "%1", "1%1", 1, alternate=True, columns=100, lines=24, place="a:0.0", path="/")
    return made._replace(**other)


def judge(
    text: str, *arguments: str, note: Any = None, now: float = NOW, told: bool = False, **other: Any
) -> panes.Seen:
    return panes.judge(runner(*arguments), pane(**other), text, note, now, told=told)


def cause(seen: panes.Seen) -> str | None:
    change = seen.verdict.change
    return change.cause.name if change and change.cause else None


def test_words_at_the_live_end_are_a_death() -> None:
    seen = judge(PROMPT + REVOKED + COMPOSER)
    assert (cause(seen), seen.verdict.state) == ("auth.token_revoked", State.DEAD)
    assert seen.prompt == "goon"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (PROMPT + ANSWER + COMPOSER, State.IDLE),
        (PROMPT + REVOKED + PROMPT + ANSWER + COMPOSER, State.IDLE),
        (PROMPT + REVOKED + LIVE + COMPOSER, State.SUSPECT),
        (PROMPT + LIVE + COMPOSER, State.WORKING),
        ("$ ls\n", State.UNKNOWN),
        ("", State.UNKNOWN),
        ("/ T R A N S C R I P T / / / /\n" + PROMPT + REVOKED, State.UNKNOWN),
    ],
)
def test_whatever_else_is_shown_is_none(text: str, state: State) -> None:
    seen = judge(text)
    assert (cause(seen), seen.verdict.state) == (None, state)


def test_words_that_nobody_knows_must_stand_until_the_next_pass() -> None:
    text = PROMPT + UNHEARD + COMPOSER
    first = judge(text)
    assert cause(first) is None
    assert not panes.unchanged(text, first.note)
    assert cause(judge(text, note=first.note, now=NOW + 60)) == "unknown.banner"


def test_a_row_that_says_the_same_for_too_long_is_a_stall() -> None:
    text = PROMPT + NETWORK + COMPOSER
    first = judge(text)
    assert cause(first) is None
    later = judge(text.replace("1m 2s", "2m 3s"), note=first.note, now=NOW + 60)
    assert (cause(later), later.verdict.state) == ("network.unreachable", State.STALLED)
    moved = judge(PROMPT + ANSWER + NETWORK + COMPOSER, note=first.note, now=NOW + 60)
    assert cause(moved) is None


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_the_width_of_a_pane_does_not_matter(columns: int) -> None:
    words = "■ You've hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro) or try again at 3:04 PM."
    rows = [words[at : at + columns] for at in range(0, len(words), columns)]
    text = PROMPT + "\n\x1b[38;5;1m" + "\n".join(rows) + "\x1b[39m\n" + COMPOSER
    assert cause(judge(text, columns=columns)) == "limit.usage"


def test_a_pane_that_shows_what_it_showed_need_not_be_judged() -> None:
    for text in (PROMPT + ANSWER + COMPOSER, PROMPT + REVOKED + COMPOSER):
        seen = judge(text)
        assert panes.unchanged(text, seen.note)
        assert not panes.unchanged(text + "\nx", seen.note)
    assert not panes.unchanged(PROMPT, None)
    busy = judge(PROMPT + LIVE + COMPOSER)
    assert not panes.unchanged(PROMPT + LIVE + COMPOSER, busy.note)


# --- the second witness ------------------------------------------------------------------------------------------


def confirmed(log: SessionLog | None, *arguments: str, text: str = PROMPT + REVOKED + COMPOSER) -> Verdict:
    from codexwrap.screen.screen import Screen

    screen = Screen(100, 24)
    screen.feed(("\x1b[?1049h" + text.replace("\n", "\r\n")).encode())
    who = runner(*arguments)
    look = codex.look(screen)
    return panes.confirm(who, look, Verdict(*panes._read(codex, look, NOW, NOW)), log)


BEFORE, SINCE = NOW - 2000, NOW - 500  # the process was started in between


def test_a_turn_that_failed_in_this_process_is_a_death() -> None:
    log = SessionLog(begun=SINCE, failed=SINCE + 1, message="Your access token could not be refreshed", error="x")
    assert confirmed(log).state is State.DEAD
    assert confirmed(log, "resume", "x").state is State.DEAD


def test_a_turn_that_failed_before_is_drawn_again() -> None:
    log = SessionLog(begun=BEFORE, failed=BEFORE + 1, message="Your access token could not be refreshed", error="x")
    verdict = confirmed(log, "resume", "x")
    assert (verdict.state, verdict.change) == (State.IDLE, None)
    assert "knows of no turn that failed" in verdict.why


def test_a_version_that_writes_no_failures_is_believed_by_its_turns() -> None:
    assert confirmed(SessionLog(begun=SINCE, well=BEFORE)).state is State.DEAD
    assert confirmed(SessionLog(begun=SINCE, well=SINCE + 5)).state is State.IDLE
    assert confirmed(SessionLog(begun=BEFORE, well=0.0)).state is State.IDLE


def test_without_a_file_a_resumed_session_is_unknown_and_never_dead() -> None:
    verdict = confirmed(None, "resume", "x")
    assert (verdict.state, verdict.change) == (State.UNKNOWN, None)
    assert verdict.why
    assert confirmed(None).state is State.DEAD


def test_behind_a_page_the_file_alone_speaks() -> None:
    page = "/ T R A N S C R I P T / / / /\n" + PROMPT
    log = SessionLog(begun=SINCE, failed=SINCE + 1, message="Quota exceeded.", error="x")
    verdict = confirmed(log, text=page)
    assert verdict.change
    assert verdict.change.cause
    assert verdict.change.cause.name == "credits.quota_exceeded"
    assert confirmed(SessionLog(begun=SINCE, well=SINCE + 1), text=page).change is None


# --- who runs -----------------------------------------------------------------------------------------------------


def running(*processes: tuple[int, int, str], held: Any = ()) -> list[tuple[int, bool]]:
    table = {pid: Process(pid, up, tuple(line.split()), time.time() - 100, "1") for pid, up, line in processes}
    found = runners.running(table, dict.fromkeys(held, "alpha"))
    return [(each.process.pid, each.wrapped) for each in found]


@pytest.mark.parametrize(
    "line", ["codex", "/opt/codex resume x", "node /opt/.bin/codex", "node /x/codex.js exec hi", "codex app-server"]
)
def test_an_agent_is_known_by_its_command(line: str) -> None:
    assert running((10, 1, line)) == [(10, False)]


@pytest.mark.parametrize(
    "line", ["vim codex", "codex login", "codex --help", "grep codex x", "node /x/server.js codex"]
)
def test_whatever_else_names_it_is_none(line: str) -> None:
    assert running((10, 1, line)) == []


def test_an_agent_is_one_however_many_processes_it_has() -> None:
    assert running((10, 1, "node /x/codex"), (11, 10, "/x/vendor/codex"), (12, 11, "codex exec x")) == [(10, False)]


def test_a_seats_own_program_is_wrapped() -> None:
    assert running((9, 1, "codexwrap codex"), (10, 9, "node /x/codex"), held=(10,)) == [(10, True)]
    assert running((9, 1, "codexwrap codex"), (10, 9, "sh x"), (11, 10, "codex"), held=(10,)) == [(11, True)]
    assert running((9, 1, "codexwrap codex"), (10, 9, "codex")) == [
        (10, False)
    ]  # which has written nothing down for long


def test_a_home_is_that_of_the_process() -> None:
    who = runner()
    assert who.home == Path("/nonexistent")
    assert who._replace(environ={"HOME": "/home/me"}).home == Path("/home/me/.codex")
    assert who._replace(environ={"CODEX_HOME": "here"}).home == Path("/project/here")
