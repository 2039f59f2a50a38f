"""What a frame of Codex shows, drawn by the escape sequences that it sends."""

import pytest

from codexwrap.agents import codex
from codexwrap.agents.look import Live, Look, Page
from codexwrap.screen.screen import Screen

RED, FAINT, BOLD, OFF = "\x1b[38;5;1;49m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
COMPOSER = f"\r\n\r\n{BOLD}›{OFF} {FAINT}Ask Codex to do anything{OFF}"
PROMPT = f"{BOLD}{FAINT}› {OFF}go on\r\n\r\n"
LIMIT = "■ You've hit your usage limit. Upgrade to Pro or try again at 3:04 PM."


def look(text: str, columns: int = 80, lines: int = 24) -> Look:
    screen = Screen(columns, lines)
    screen.feed(text.encode())
    return codex.look(screen)


def test_a_red_block_in_column_0_above_the_composer_is_a_fatal_cell() -> None:
    seen = look(f"{PROMPT}{RED}{LIMIT}{OFF}{COMPOSER}")
    assert seen.banner is not None
    found = codex.find(seen)
    assert found is not None
    assert (found.cause, found.until) == ("limit.usage", "at3:04PM.")


@pytest.mark.parametrize("width", range(30, 81, 5))
def test_words_are_found_however_they_wrap(width: int) -> None:
    rows = "\r\n".join(LIMIT[start : start + width - 1] for start in range(0, len(LIMIT), width - 1))
    found = codex.find(look(f"{PROMPT}{RED}{rows}{OFF}{COMPOSER}", columns=width))
    assert found is not None
    assert found.cause == "limit.usage"


def test_a_time_that_is_cut_at_the_edge_is_put_together() -> None:
    rows = "■ You've hit your usage limit. Try again at Nov 26th, 2026 1\r\n1:17 AM."
    found = codex.find(look(f"{PROMPT}{RED}{rows}{OFF}{COMPOSER}", columns=61))
    assert found is not None
    assert "2026 11:17 AM" in found.text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"• {RED}{LIMIT}{OFF}", id="in prose"),
        pytest.param(f"  {RED}{LIMIT}{OFF}", id="indented"),
        pytest.param(LIMIT, id="not red, beside other colours"),
        pytest.param(f"  └ checking\r\n{RED}{LIMIT}{OFF}", id="right below a tool's output"),
    ],
)
def test_a_quotation_is_no_fatal_cell(text: str) -> None:
    assert look(f"{PROMPT}{text}\r\n\r\n\x1b[32mgreen{OFF}{COMPOSER}").banner is None


def test_with_an_answer_below_it_a_cell_is_past() -> None:
    seen = look(f"{PROMPT}{RED}{LIMIT}{OFF}\r\n\r\n• I am back.{COMPOSER}")
    assert (seen.banner, len(seen.passed)) == (None, 1)


def test_what_the_user_ran_since_does_not_make_it_past() -> None:
    assert look(f"{PROMPT}{RED}{LIMIT}{OFF}\r\n\r\n• You ran ls\r\n  └ a{COMPOSER}").banner is not None


def test_a_sent_line_below_it_has_overtaken_it() -> None:
    seen = look(f"{PROMPT}{RED}{LIMIT}{OFF}\r\n\r\n{BOLD}{FAINT}› {OFF}next{COMPOSER}")
    assert seen.overtaken is not None
    assert (seen.overtaken_prompt, seen.prompt) == ("goon", "next")


@pytest.mark.parametrize(
    ("row", "live", "seconds"),
    [
        ("• Working (12s • esc to interrupt)", Live.WORKING, 12),
        ("• Working (1m 02s • esc to interrupt)", Live.WORKING, 62),
        ("• Reconnecting... 2/5 (3s • esc to interrupt)", Live.RETRYING, 3),
        ("• Reconnecting... waiting for network (36s • esc to interrupt)", Live.NO_NETWORK, 36),
        ("Reconnecting to server… (7s)", Live.NO_SERVER, 7),
    ],
)
def test_the_live_row_says_what_the_turn_does(row: str, live: Live, seconds: int) -> None:
    seen = look(f"{PROMPT}{row}{COMPOSER}")
    assert (seen.live, seen.seconds) == (live, seconds)


def test_the_seconds_of_the_live_row_are_no_change_of_the_conversation() -> None:
    one, other = (look(f"{PROMPT}Reconnecting to server… ({n}s){COMPOSER}").body for n in (5, 6))
    assert one == other


@pytest.mark.parametrize("end", ["\r\n\r\n  Press Enter to continue", ""], ids=["whole", "cut off below"])
def test_the_sign_in_screen_is_a_page_of_its_own(end: str) -> None:
    seen = look(f"  Welcome to Codex\r\n\r\n> 1. Sign in with ChatGPT{end}")
    assert seen.page is Page.LOGIN


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("Error running remote compact task: You've hit your usage limit.", "limit.usage"),
        ("Error running remote compact task: the summary is too long", "context.window_exceeded"),
        ("stream disconnected before completion: You exceeded your current quota, please", "credits.quota_exceeded"),
        ("You’ve hit your usage limit.", "limit.usage"),
        ("exceeded retry limit, last status: 401 Unauthorized, request id: 1", "auth.unauthorized"),
    ],
)
def test_what_words_mean(words: str, cause: str) -> None:
    found = codex.explain(words)
    assert found is not None
    assert found.cause == cause
