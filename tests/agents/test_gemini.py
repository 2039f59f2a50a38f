"""The rules about Gemini CLI, where no recording holds them."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from codexwrap import agents
from codexwrap.agents import gemini
from codexwrap.agents.look import Banner, Line, Live, Look, Page, Running, Turning, squash
from codexwrap.screen.screen import Screen
from codexwrap.story import Failure, Session

ROSE, WHITE, GREY = "38;2;255;135;175", "38;2;255;255;255", "38;2;175;175;175"
RULE = "─" * 80
SESSION = "9acc83fe-b97d-430d-8e89-a86e48e7fafe"
DIALOG = (
    "╭" + "─" * 40 + "╮",
    "│" + " " * 40 + "│",
    "│ Usage limit reached for all Pro models.",
    "│ Access resets at 4:37 PM UTC.",
    "│ ● 1. Keep trying",
    "│   2. Stop",
    "╰" + "─" * 40 + "╯",
)


def painted(*rows: tuple[str, str] | str) -> Screen:
    """A screen with these rows, each in one colour, if it has one."""
    screen = Screen(80, 24)
    for number, row in enumerate(rows, 1):
        colour, text = ("0", row) if isinstance(row, str) else row
        screen.feed(f"\x1b[{number};1H\x1b[{colour}m{text}\x1b[0m".encode())
    return screen


def conversation(*rows: tuple[str, str] | str, draft: str = "  Type your message or @path/to/file") -> Look:
    """What is read of a prompt, these rows, and the composer."""
    return gemini.look(
        painted("", " > go on", "▀" * 80, *rows, "", RULE, " YOLO Ctrl+Y", "▄" * 80, f" * {draft}", "▀" * 80)
    )


# --- what a frame shows ------------------------------------------------------------------------------------------------


def test_a_cross_in_column_0_is_an_error_and_goes_on_indented() -> None:
    look = conversation((ROSE, "✕ [API Error: exception TypeError: fetch failed"), (ROSE, "  sending request]"))
    assert look.banner is not None
    assert look.banner.text == "[API Error: exception TypeError: fetch failed sending request]"
    assert not look.answered


def test_words_of_another_colour_than_their_cross_are_no_error() -> None:
    assert conversation((ROSE, f"✕ \x1b[{WHITE}m[API Error: terminated]")).banner is None


def test_a_cross_in_an_answer_or_a_box_is_quoted() -> None:
    for row in (
        (WHITE, "✦ ✕ [API Error: terminated]"),
        (ROSE, "│ ✕ [API Error: terminated]"),
        (ROSE, "  ✕ [API Error]"),
    ):
        assert conversation(row).banner is None


def test_an_error_whose_beginning_has_left_a_short_window() -> None:
    screen = Screen(40, 4)
    rows = [(ROSE, "✕ [API Error: {"), (ROSE, "  one"), (ROSE, "  two"), (ROSE, "  terminated]"), ("0", "")]
    screen.feed("\r\n".join(f"\x1b[{colour}m{text}\x1b[0m" for colour, text in rows).encode())
    assert screen.text(0) == "  one"
    banner = gemini.look(screen).banner
    assert banner is not None
    assert banner.squashed == "[APIError:{onetwoterminated]"


def test_an_answer_whose_beginning_has_left_a_short_window_is_none() -> None:
    screen = Screen(40, 4)
    rows = [
        (ROSE, "✕ [API Error: {"),
        ("0", ""),
        (WHITE, "✦ One"),
        (WHITE, "  two"),
        (WHITE, "  three"),
        ("0", ""),
        ("0", ""),
    ]
    screen.feed("\r\n".join(f"\x1b[{colour}m{text}\x1b[0m" for colour, text in rows).encode())
    assert screen.text(0) == "  two"
    assert gemini.look(screen).banner is None


def test_a_note_below_an_error_leaves_it_the_last() -> None:
    look = conversation((ROSE, "✕ [API Error: terminated]"), "", "ℹ This request failed. Press F12 for diagnostics")
    assert look.banner is not None


def test_an_answer_or_a_prompt_below_an_error_has_passed_it() -> None:
    for below in ("✦ I went on.", " > go"):
        look = conversation((ROSE, "✕ [API Error: terminated]"), "", below)
        assert look.banner is None
        assert len(look.passed) == 1


def test_a_dialog_stands_in_the_composers_place() -> None:
    look = gemini.look(painted("", " > go on", "▀" * 80, "", *DIALOG))
    assert look.draft is None
    assert look.popup is not None
    found = gemini.find(look)
    assert found is not None
    assert (found.cause, found.until) == ("limit.usage", "4:37PM")


def test_the_same_box_above_a_composer_is_what_a_tool_printed() -> None:
    assert conversation(*DIALOG).popup is None


def test_the_live_row_counts_its_seconds() -> None:
    look = conversation("", " ⠦ Thinking... (esc to cancel, 2m 17s)          ? for shortcuts")
    assert (look.live, look.seconds) == (Live.WORKING, 137)
    assert conversation("", "✦ Press it (esc to cancel, 2m 17s)").live is None


def test_a_placeholder_is_no_draft() -> None:
    assert conversation().draft == ""
    assert conversation(draft="please look").draft == "please look"


def test_a_prompt_of_two_rows() -> None:
    look = gemini.look(painted("", " > please look", "   at the parser", "▀" * 80, "✦ I look."))
    assert (look.prompt, look.prompts, look.answered) == ("pleaselookattheparser", 1, True)


@pytest.mark.parametrize(("columns", "lines"), [(1, 1), (2, 3), (9, 1), (10, 1), (300, 2)])
def test_a_window_of_any_size_is_read(columns: int, lines: int) -> None:
    screen = Screen(columns, lines)
    screen.feed("✕ a\r\n● b\r\n  ⎿  c\r\n────\r\n❯ d\r\n > e".encode())
    assert gemini.look(screen).page is not Page.LOGIN


# --- what the words mean -----------------------------------------------------------------------------------------------


def api_error(code: int, message: str, status: str) -> str:
    return f'[API Error: {{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}]'


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            api_error(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"),
            "auth.api_key_rejected",
        ),
        (api_error(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED"), "auth.unauthorized"),
        (api_error(403, "The caller does not have permission", "PERMISSION_DENIED"), "provider.forbidden"),
        (api_error(429, "You exceeded your current quota", "RESOURCE_EXHAUSTED"), "limit.usage"),
        (api_error(429, "Resource has been exhausted", "RESOURCE_EXHAUSTED"), "limit.rate"),
        (api_error(503, "The model is overloaded.", "UNAVAILABLE"), "provider.overloaded"),
        (api_error(500, "An internal error has occurred", "INTERNAL"), "provider.server_error"),
        ("[API Error: You have exhausted your daily quota on this model.]", "limit.usage"),
        ("The model returned an empty response with no text or thoughts.", "provider.stream_lost"),
    ],
)
def test_words_and_their_causes(text: str, cause: str) -> None:
    found = gemini.explain(text)
    assert found is not None
    assert found.cause == cause


def test_words_that_nobody_knows_mean_nothing() -> None:
    assert gemini.explain("[API Error: the moon is in the wrong house]") is None
    assert gemini.explain("The log says: [API Error: terminated]") is None


def test_an_unknown_command_is_harmless() -> None:
    text = "Unknown command: /frobnicate"
    assert gemini.harmless(Banner(0, text, squash(text)))


# --- without a screen --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ('{"type":"init"}', Line(Turning.BEGAN)),
        ('{"type":"result","status":"success"}', Line(Turning.WELL)),
        (
            '{"type":"result","status":"error","error":{"message":"[API Error: terminated]"}}',
            Line(Turning.FAILED, "[API Error: terminated]"),
        ),
        (
            "Error when talking to Gemini API [API Error: terminated]",
            Line(Turning.COMPLAINED, "[API Error: terminated]"),
        ),
        ("All is well.", None),
        ("{broken", None),
    ],
)
def test_lines_without_a_screen(line: str, read: Line | None) -> None:
    assert gemini.read_line(line) == read


# --- how it is started -------------------------------------------------------------------------------------------------


def test_it_is_known_by_its_programs_name() -> None:
    assert agents.of_program("/usr/local/bin/gemini") is gemini


@pytest.mark.parametrize("arguments", [["-p", "go"], ["--prompt", "go"], ["--prompt=go"], ["-m", "flash", "-p", "go"]])
def test_a_prompt_option_has_no_screen(arguments: list[str]) -> None:
    assert not gemini.has_screen(arguments)


def test_the_value_of_an_option_is_none() -> None:
    assert gemini.has_screen(["-m", "-p"])
    assert gemini.starts_session(["-m", "mcp"])


@pytest.mark.parametrize(
    "arguments", [["mcp", "list"], ["--help"], ["-v"], ["--list-sessions"], ["extensions", "list"]]
)
def test_what_opens_no_conversation(arguments: list[str]) -> None:
    assert not gemini.starts_session(arguments)


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["-m", "gemini-2.5-pro", "please look"], ["-m", "gemini-2.5-pro"]),
        (["--resume", "latest", "--yolo"], ["--yolo"]),
        (["-i", "go", "--approval-mode", "auto_edit"], ["--approval-mode", "auto_edit"]),
        (["-p", "go", "-o", "json"], []),
    ],
)
def test_a_resumed_seat_keeps_its_options_and_loses_its_prompt(arguments: list[str], kept: list[str]) -> None:
    assert gemini.resume(arguments, "s") == [*kept, "--resume", "s"]
    assert gemini.begin(arguments, "go on") == [*kept, "--prompt-interactive", "go on"]


# --- what it keeps -----------------------------------------------------------------------------------------------------


def written(home: Path, *records: dict[str, Any], session: str = SESSION, cwd: str = "/seat") -> Path:
    path = home / ".gemini/tmp/project/chats" / f"session-2026-11-22T19-17-{session[:8]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"sessionId": session, "projectHash": hashlib.sha256(cwd.encode()).hexdigest(), "kind": "main"}
    lines = [{**head, "startTime": "2026-11-22T19:17:26.498Z"}, *records]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines) + "{torn")
    return path


def said(text: str) -> dict[str, Any]:
    return {"type": "user", "content": [{"text": text}]}


def test_a_session_tells_its_prompt_and_how_it_failed(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        said("an older prompt"),
        {"type": "gemini", "content": "an older answer"},
        said("please look"),
        {
            "type": "gemini",
            "content": "I look.",
            "toolCalls": [{"name": "run_shell_command", "args": {"command": "ls"}}],
        },
        {"$set": {"lastUpdated": "2026-11-22T19:17:28.816Z"}},
        {"type": "error", "content": "[API Error: terminated]"},
        {"type": "info", "content": "This request failed."},
        said("<session_context>\nThis is the Gemini CLI."),
    )
    story = gemini.read_session(path)
    assert (story.prompt, story.words) == ("please look", "I look.")
    assert story.actions == ("run_shell_command: ls",)
    assert story.failure == Failure("[API Error: terminated]", "")
    assert story.meta is not None
    assert story.meta.id == SESSION


def test_a_session_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert gemini.read_session(tmp_path / "none.jsonl").prompt == ""
    assert not gemini.has_session(tmp_path, SESSION)


def seat(home: Path, prompt: str = "", since: float = 0) -> Running:
    return Running(home, 1, (), "/seat", since, prompt)


def test_the_session_is_the_one_that_was_written_for_this_directory_since_the_seat_began(tmp_path: Path) -> None:
    old = written(tmp_path, said("go"), session=SESSION.replace("9a", "9b"))
    os.utime(old, (1000, 1000))
    written(tmp_path, said("go"), session=SESSION.replace("9a", "9c"), cwd="/elsewhere")
    path = written(tmp_path, said("go"))
    assert gemini.find_session(seat(tmp_path, since=2000)) == Session(SESSION, path)
    assert gemini.has_session(tmp_path, SESSION)


def test_of_several_sessions_it_is_the_one_whose_prompt_is_on_the_screen(tmp_path: Path) -> None:
    written(tmp_path, said("another prompt"), session=SESSION.replace("9a", "9b"))
    path = written(tmp_path, said("please look"))
    assert gemini.find_session(seat(tmp_path, "pleaselook")) == Session(SESSION, path)
    assert gemini.find_session(seat(tmp_path)) is None


def test_the_account_is_a_hash(tmp_path: Path) -> None:
    assert gemini.account(tmp_path) == ""
    (tmp_path / ".gemini").mkdir()
    (tmp_path / ".gemini/google_accounts.json").write_text('{"active": "seat@example.com", "old": []}')
    assert gemini.account(tmp_path) == "", "nobody is signed in"
    (tmp_path / ".gemini/oauth_creds.json").write_text("{}")
    assert len(gemini.account(tmp_path)) == 16
    assert "seat" not in gemini.account(tmp_path)
