"""The rules about Claude Code, where no recording holds them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from codexwrap import agents
from codexwrap.agents import claude
from codexwrap.agents.look import Banner, Line, Live, Look, Page, Running, Turning, squash
from codexwrap.screen.screen import Screen
from codexwrap.story import Failure, Session

AMBER, PINK, GREY, WHITE = "38;2;255;193;7", "38;2;255;107;128", "38;2;153;153;153", "38;2;255;255;255"
RULE = "─" * 80
SESSION = "0c3f6f0e-8f5f-4b6e-9f5d-2f1c3a4b5c6d"


def painted(*rows: tuple[str, str] | str) -> Screen:
    """A screen with these rows, each in one colour, if it has one."""
    screen = Screen(80, 24)
    for number, row in enumerate(rows, 1):
        colour, text = ("0", row) if isinstance(row, str) else row
        screen.feed(f"\x1b[{number};1H\x1b[{colour}m{text}\x1b[0m".encode())
    return screen


def conversation(*rows: tuple[str, str] | str) -> Look:
    """What is read of a prompt, these rows, and the composer."""
    prompt = ("48;2;55;55;55", "❯ go on")
    return claude.look(painted("", prompt, *rows, "", (GREY, RULE), "❯\xa0", (GREY, RULE), "  ⏵⏵ auto mode on"))


# --- what a frame shows ------------------------------------------------------------------------------------------------

LIMIT = (GREY, f"  ⎿  \x1b[{PINK}mYou've hit your session limit · resets 4pm (UTC)")
OVERLOADED = (AMBER, "● API Error: 529 Overloaded. Try again in a moment.")


def test_an_elbow_right_below_the_prompt_is_an_error() -> None:
    look = conversation(LIMIT)
    assert look.banner is not None
    assert look.banner.text == "You've hit your session limit · resets 4pm (UTC)"
    assert not look.answered


def test_an_elbow_below_a_tools_call_is_its_output() -> None:
    assert conversation("", (WHITE, "● Bash(cat deaths.txt)"), LIMIT).banner is None


def test_a_second_elbow_below_a_tools_output_is_an_error() -> None:
    look = conversation("", (WHITE, "● Bash(ls)"), (GREY, "  ⎿  one"), "     two", LIMIT)
    assert look.banner is not None


def test_an_elbow_below_tools_that_are_summed_up_is_an_error() -> None:
    assert conversation("", (GREY, "  Ran 2 shell commands"), LIMIT).banner is not None
    assert conversation("", "  Ran 2 shell commands, it says", LIMIT).banner is None


def test_an_elbow_below_a_command_of_the_users_own_is_its_output() -> None:
    assert conversation("", ("48;2;55;55;55", "❯ ! cat deaths.txt"), LIMIT).banner is None


def test_an_amber_cell_is_an_error_and_goes_on_indented() -> None:
    look = conversation("", OVERLOADED, (AMBER, "  If it persists, look there."))
    assert look.banner is not None
    assert look.banner.text == "API Error: 529 Overloaded. Try again in a moment. If it persists, look there."


@pytest.mark.parametrize("colour", [WHITE, "38;2;78;186;101", "0"])
def test_a_cell_of_another_colour_is_an_answer(colour: str) -> None:
    look = conversation("", (colour, "● API Error: 529 Overloaded."))
    assert look.banner is None


@pytest.mark.parametrize("colour", ["33", "93", "38;5;220", "38;2;150;108;30"])
def test_themes_and_terminals_have_ambers_of_their_own(colour: str) -> None:
    assert conversation("", (colour, "● API Error: 529 Overloaded.")).banner is not None


def test_what_stands_above_the_row_that_closes_a_good_turn_is_an_answer() -> None:
    assert conversation("", OVERLOADED, "", (GREY, "✻ Baked for 3s · done 1:46 PM")).banner is None
    assert conversation("", OVERLOADED, "", (GREY, "✻ Baked for 3s")).banner is not None, "as 2.1.197 has it in both"


def test_remarks_of_the_program_below_an_error_leave_it_the_last() -> None:
    look = conversation(LIMIT, "", (GREY, "● Usage limit reached · set to continue automatically at 4pm"))
    assert look.banner is not None
    assert not look.answered


def test_an_answer_or_a_prompt_below_an_error_has_passed_it() -> None:
    for below in ((WHITE, "● I went on."), ("48;2;55;55;55", "❯ go")):
        look = conversation(LIMIT, "", below)
        assert look.banner is None
        assert len(look.passed) == 1


@pytest.mark.parametrize(
    ("row", "live", "seconds"),
    [
        ("✻ Sketching… (5m 40s · ↓ 4 tokens)", Live.WORKING, 340),
        ("· Running the tests…", Live.WORKING, 0),
        ("✻ API error · retrying in 1s · attempt 1/2", Live.RETRYING, 0),
        ("✻ Waiting for API response · will retry in 4m 15s · check your network", Live.RETRYING, 0),
        ("✻ Baked for 3s · done 1:46 PM", None, 0),
        ("✻ Crunched for 12s", None, 0),
    ],
)
def test_the_live_row(row: str, live: Live | None, seconds: int) -> None:
    look = conversation("", row, "  ⎿  Tip: something")
    assert (look.live, look.seconds) == (live, seconds)


def test_a_placeholder_is_no_draft() -> None:
    screen = painted("", (GREY, RULE), "❯\xa0\x1b[7mO\x1b[27;2mnce fixed, resend your message", (GREY, RULE))
    assert claude.look(screen).draft == ""


def test_a_draft_of_two_rows() -> None:
    assert claude.look(painted("", (GREY, RULE), "❯\xa0first", "  second", (GREY, RULE))).draft == "first   second"


def test_a_menu_stands_in_the_composers_place() -> None:
    menu = ("  What do you want to do?", "  ❯ 1. Stop and wait", "  Enter to confirm · Esc to cancel")
    look = claude.look(painted(("48;2;55;55;55", "❯ go on"), LIMIT, "", (GREY, RULE), *menu))
    assert look.draft is None
    assert look.popup is not None
    assert look.banner is not None


def test_neither_composer_nor_menu_is_an_overlay() -> None:
    assert (
        claude.look(painted("● API Error: 529 Overloaded.", "", "  Showing detailed transcript")).page is Page.OVERLAY
    )


@pytest.mark.parametrize(("columns", "lines"), [(1, 1), (2, 3), (9, 1), (10, 1), (300, 2)])
def test_a_window_of_any_size_is_read(columns: int, lines: int) -> None:
    screen = Screen(columns, lines)
    screen.feed("✕ a\r\n● b\r\n  ⎿  c\r\n────\r\n❯ d\r\n > e".encode())
    assert claude.look(screen).page is not Page.LOGIN


# --- what the words mean -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("You've hit your weekly limit · resets Nov 26, 1:17pm (UTC)", "limit.usage"),
        ("You're out of usage credits · resets 4:17pm (UTC)", "limit.usage"),
        ("Session limit reached ∙ resets 4:37pm", "limit.usage"),
        ("You've hit your org's monthly spend limit · run /usage-credits to raise it", "credits.spend_cap"),
        ("Please run /login · API Error: 401 OAuth token has been revoked.", "auth.token_revoked"),
        ("Please run /login · API Error: 403 Request not allowed", "auth.unauthorized"),
        ("Login expired · Please run /login", "auth.unauthorized"),
        ("API Error: Unable to connect to API (ConnectionRefused)", "network.unreachable"),
        ("API Error: Unable to connect to API (ECONNRESET)", "provider.stream_lost"),
        ("API Error: 503 Service Unavailable", "provider.server_error"),
    ],
)
def test_words_and_their_causes(text: str, cause: str) -> None:
    found = claude.explain(text)
    assert found is not None
    assert found.cause == cause


def test_words_that_nobody_knows_mean_nothing() -> None:
    assert claude.explain("API Error: the moon is in the wrong house") is None
    assert claude.explain("The log says: API Error: 529 Overloaded") is None


def test_the_words_that_hold_the_time() -> None:
    found = claude.explain("You've hit your session limit · resets 4:17pm (UTC)")
    assert found is not None
    assert found.until == "4:17pm (UTC)"


def test_an_interruption_is_harmless() -> None:
    text = "Interrupted · What should Claude do instead?"
    assert claude.harmless(Banner(0, text, squash(text)))


# --- without a screen --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ('{"type":"system","subtype":"init"}', Line(Turning.BEGAN)),
        ('{"type":"system","subtype":"api_retry","error":"server_error"}', Line(Turning.RETRYING, "server_error")),
        ('{"type":"result","subtype":"success","is_error":false,"result":"done"}', Line(Turning.WELL)),
        (
            '{"type":"result","subtype":"success","is_error":true,"result":"Credit balance is too low"}',
            Line(Turning.FAILED, "Credit balance is too low"),
        ),
        ("Credit balance is too low", Line(Turning.COMPLAINED, "Credit balance is too low")),
        ("All is well.", None),
        ("{broken", None),
    ],
)
def test_lines_of_print(line: str, read: Line | None) -> None:
    assert claude.read_line(line) == read


# --- how it is started -------------------------------------------------------------------------------------------------


def test_it_is_known_by_its_programs_name() -> None:
    assert agents.of_program("/usr/local/bin/claude") is claude


@pytest.mark.parametrize("arguments", [["-p", "go"], ["--print", "go"], ["--model", "opus", "-p", "go"]])
def test_print_has_no_screen(arguments: list[str]) -> None:
    assert not claude.has_screen(arguments)


def test_the_value_of_an_option_is_none() -> None:
    assert claude.has_screen(["--model", "-p"])
    assert claude.starts_session(["--model", "mcp"])


@pytest.mark.parametrize("arguments", [["mcp", "list"], ["--help"], ["--version"], ["doctor"], ["--bg", "go"]])
def test_what_opens_no_conversation(arguments: list[str]) -> None:
    assert not claude.starts_session(arguments)


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["--model", "opus", "please look"], ["--model", "opus"]),
        (["--add-dir", "../a", "../b", "--verbose", "go"], ["--add-dir", "../a", "../b", "--verbose"]),
        (["--resume", SESSION, "--dangerously-skip-permissions"], ["--dangerously-skip-permissions"]),
        (["-c", "-d", "api", "--", "go"], ["-d", "api"]),
        (["--resume=x", "--session-id", SESSION], []),
        (["-p", "go", "--output-format", "json"], []),
    ],
)
def test_a_resumed_seat_keeps_its_options_and_loses_its_prompt(arguments: list[str], kept: list[str]) -> None:
    assert claude.resume(arguments, "s") == [*kept, "--resume", "s"]
    assert claude.begin(arguments, "go on") == [*kept, "--", "go on"]


# --- what it keeps -----------------------------------------------------------------------------------------------------


def record(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    head = {"sessionId": SESSION, "cwd": "/seat", "version": "2.1.330", "timestamp": "2026-11-22T10:00:00.000Z"}
    return {"type": kind, "message": {"role": kind, "content": content}, **head, **more}


def written(home: Path, *records: dict[str, Any], session: str = SESSION) -> Path:
    path = home / "projects/-seat" / f"{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in records) + "{torn")
    return path


def text(words: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": words}]


def call(name: str, **arguments: Any) -> list[dict[str, Any]]:
    return [{"type": "tool_use", "name": name, "input": arguments}]


def test_a_session_tells_its_prompt_its_plan_and_how_it_failed(tmp_path: Path) -> None:
    todos = [{"content": "look", "status": "completed"}, {"content": "mend", "status": "pending"}]
    path = written(
        tmp_path,
        record("user", "an older prompt"),
        record("assistant", text("an older answer")),
        record("user", "please look"),
        record("assistant", text("I look.")),
        record("assistant", call("Bash", command="ls", description="list")),
        record("user", [{"type": "tool_result", "content": "a b"}]),
        record("assistant", call("TodoWrite", todos=todos)),
        record("assistant", text("dead in a sub-agent"), isSidechain=True, isApiErrorMessage=True),
        record("assistant", text("Credit balance is too low"), isApiErrorMessage=True, error="billing_error"),
    )
    story = claude.read_session(path)
    assert (story.prompt, story.words) == ("please look", "I look.")
    assert story.actions[0] == "Bash: ls"
    assert story.plan == (("look", "completed"), ("mend", "pending"))
    assert story.failure == Failure("Credit balance is too low", "billing_error")
    assert story.meta is not None
    assert (story.meta.id, story.meta.version) == (SESSION, "2.1.330")


def test_an_answer_after_a_failure_has_mended_it(tmp_path: Path) -> None:
    failed = record("assistant", text("Login expired"), isApiErrorMessage=True)
    path = written(tmp_path, record("user", "go"), failed, record("assistant", text("Here I am.")))
    assert claude.read_session(path).failure is None


def test_a_session_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert claude.read_session(tmp_path / "none.jsonl").prompt == ""
    assert not claude.has_session(tmp_path, SESSION)


def seat(home: Path, *arguments: str, prompt: str = "", since: float = 0) -> Running:
    return Running(home, 1, arguments, "/seat", since, prompt)


def test_the_session_is_the_one_that_was_written_here_since_the_seat_began(tmp_path: Path) -> None:
    old = written(tmp_path, record("user", "go"), session=SESSION.replace("0c", "0d"))
    os.utime(old, (1000, 1000))
    path = written(tmp_path, record("user", "go"))
    assert claude.find_session(seat(tmp_path, since=2000)) == Session(SESSION, path)
    assert claude.has_session(tmp_path, SESSION)


def test_of_several_sessions_it_is_the_one_whose_prompt_is_on_the_screen(tmp_path: Path) -> None:
    written(tmp_path, record("user", "another prompt"), session=SESSION.replace("0c", "0d"))
    path = written(tmp_path, record("user", "please look"))
    assert claude.find_session(seat(tmp_path, prompt="pleaselook")) == Session(SESSION, path)
    assert claude.find_session(seat(tmp_path)) is None


def test_a_resumed_session_is_named_on_the_command_line(tmp_path: Path) -> None:
    path = written(tmp_path, record("user", "go"))
    assert claude.find_session(seat(tmp_path, "--resume", SESSION, since=9e9)) == Session(SESSION, path)


def test_the_account_is_in_the_state_file(tmp_path: Path) -> None:
    assert claude.account(tmp_path) == ""
    (tmp_path / ".claude.json").write_text('{"oauthAccount": {"accountUuid": "a-1"}}')
    assert claude.account(tmp_path) == "a-1"
