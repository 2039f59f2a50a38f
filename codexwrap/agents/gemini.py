"""Rules about Google's Gemini CLI.

What it draws when its provider session dies was seen on version 0.61.0 of the real program: a cell that begins with `✕` in
column 0, its words in the same colour and indented by two; or, for a quota, a dialog in the composer's place: a box that
begins with an empty row and holds a choice, `● 1.`. Nothing else puts a `✕` into column 0: an answer is indented behind its
`✦`, and what a tool prints stands in a box. What it tries again without end (429 by the minute, 500, 503) it does not show
at all: only its live row counts the seconds.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from codexwrap.agents.look import Banner, Finding, Line, Live, Look, Running, Turning, join, squash

if TYPE_CHECKING:  # the launch path asks how Gemini is started, and must not pay for a renderer
    from codexwrap.screen.cells import Row
    from codexwrap.screen.screen import Screen
    from codexwrap.story import Session, Story

name = "gemini"
home_variable = "GEMINI_CLI_HOME"  # the folder that holds its `.gemini`
default_home = "~"
credential_file = ".gemini/oauth_creds.json"
sign_in = "at the seat (`/auth`)"
new_thread = "/clear"

# --- what the words mean ------------------------------------------------------------------------------------------

# What a squashed error holds, behind its beginning; the first that matches wins. Most errors show the provider's own
# JSON, with its code and its status.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (r"APIkeynotvalid|API_KEY_INVALID|APIkeyexpired|APIkeywasreportedasleaked", "auth.api_key_rejected"),
    (r'"code":401|UNAUTHENTICATED|invalid_grant', "auth.unauthorized"),
    (r"billing", "credits.quota_exceeded"),
    (r"exhaustedyour(?:daily)?(?:quota|capacity)|[Qq]uotaexceeded|exceededyourcurrentquota", "limit.usage"),
    (r'"code":429|RESOURCE_EXHAUSTED', "limit.rate"),
    (r"inputtokencount.*exceeds", "context.window_exceeded"),
    (r'"code":403|PERMISSION_DENIED', "provider.forbidden"),
    (r'"code":503|UNAVAILABLE|overloaded', "provider.overloaded"),
    (r'"code":5\d\d|INTERNAL', "provider.server_error"),
    (r"fetchfailed", "network.unreachable"),
    (r"terminated|streamended|emptyresponse|Prematureclose|socketconnectionwasclosed", "provider.stream_lost"),
)
_ERROR = re.compile(r"\[?APIError:|Themodelreturnedanempty|Modelstreamended|Failedtogenerate|Erroroccurred")
_DIALOGS: tuple[tuple[str, str], ...] = (
    (r"Usagelimitreached", "limit.usage"),
    (r"Furtheractionisrequiredtousethisservice", "auth.login_required"),
    (r"Itseemslikeyoudon'thaveaccessto", "credits.not_in_plan"),
)
# Cells in the shape of an error that end no session: what it says of a command that it does not know, and the like.
_HARMLESS = re.compile(r"Unknowncommand|Unrecognizedcommand|Usage:|Pathdoesnotexist|Nosuch|Invalid")
_UNTIL = re.compile(r"(?i)Access\s*resets\s*at\s*(.+?[AP]M)")


@cache
def _compiled(table: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), cause) for pattern, cause in table)


def find(look: Look) -> Finding | None:
    """What the error or the dialog of a frame means; None where its words are not known or mean nothing."""
    if look.popup:
        cause = next((cause for pattern, cause in _compiled(_DIALOGS) if pattern.search(look.popup)), None)
        until = _UNTIL.search(look.popup)
        return Finding(cause, look.popup, until[1] if until else "") if cause else None
    return explain(look.banner.text) if look.banner else None


def explain(message: str) -> Finding | None:
    """What the message of a failed turn means: the screen, the session's file and stderr have the same words."""
    squashed = squash(message)
    if not _ERROR.match(squashed):
        return None
    cause = next((cause for pattern, cause in _compiled(_MEANINGS) if pattern.search(squashed)), None)
    return Finding(cause, message) if cause else None


def harmless(banner: Banner) -> bool:
    """A cell in the shape of an error that Gemini draws for something that ends no session."""
    return bool(_HARMLESS.match(banner.squashed))


# --- what a frame shows -------------------------------------------------------------------------------------------

_LIVE = re.compile(r"^\s?[⠀-⣿]\s.*\(esc to cancel(?:, ((?:\d+[dhms]\s*)+))?")
_SPAN = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_RULE = "────"
_TOLD = "✦✕╭>"  # what cells of the conversation begin with
_NARROWEST = 10  # columns in which something can be read
_ABOVE = 30  # rows that are looked at of those that have left the window
_MARK = re.compile(r"^\s?[>!*]\s")
_PROMPT = re.compile(r"^ [>!*] ")
_BOX = re.compile(r"^│\s*│$")
_CHOICE = re.compile(r"^│\s+●\s1\.\s")


class _Start(NamedTuple):
    """A row with something in column 0: where a cell starts. A prompt has its mark in column 1, without colours in 0."""

    row: int
    glyph: str


def look(screen: "Screen") -> Look:
    """Reads one frame of Gemini CLI."""
    if screen.columns < _NARROWEST:
        return Look()
    composer = _composer(screen)
    dialog = _dialog(screen) if composer is None else None
    end = dialog if dialog is not None else _end(screen, composer)
    live = next((row for row in range(end - 1, -1, -1) if _LIVE.match(screen.text(row))), None)
    starts = [*_starts(screen, end)]
    if not screen.alternate and not any(start.glyph in _TOLD for start in starts):
        starts = [*_above(screen), *starts]
    prompts = [start for start in starts if start.glyph == ">"]
    prompt_row = prompts[-1].row if prompts else -_ABOVE - 1
    banners = list(_banners(screen, starts, end))
    last = banners[-1] if banners and _at_the_end(banners[-1], starts) else None
    live_text = screen.text(live).strip() if live is not None else ""
    return Look(
        banner=last,
        passed=tuple(banners[:-1] if last else banners),
        live=Live.WORKING if live is not None else None,
        live_text=live_text,
        seconds=_seconds(live_text),
        draft=_draft(screen, composer) if composer is not None else None,
        prompt=squash(_words(screen, prompt_row)) if prompts else None,
        prompts=len(prompts),
        answered=any(start.row > prompt_row and start.glyph == "✦" for start in starts),
        tool=any("⊷" in screen.text(row) for row in range(max(0, prompt_row), end)),
        body=hash(tuple(_text(screen, start.row) for start in starts)),
        popup=_dialog_text(screen, dialog) if dialog is not None else None,
    )


def _composer(screen: "Screen") -> int | None:
    """The composer's first row: the last row with a mark, below the rule that ends the conversation, or a placeholder."""
    for row in range(screen.lines - 1, 0, -1):
        if screen.text(row).startswith(_RULE):
            return None
        if _PROMPT.match(screen.text(row) + " ") and _rule_above(screen, row):
            return row
    return None


def _rule_above(screen: "Screen", row: int) -> bool:
    """The rule, the row of the mode and the composer's upper edge stand right above it."""
    return any(screen.text(above).startswith(_RULE) for above in range(max(0, row - 5), row))


def _end(screen: "Screen", composer: int | None) -> int:
    if composer is None:
        return screen.lines
    return next(row for row in range(composer - 1, -1, -1) if screen.text(row).startswith(_RULE))


def _dialog(screen: "Screen") -> int | None:
    """The first row of a dialog: a box that is empty at first, and then holds a choice; None where there is none."""
    tops = (row for row in range(screen.lines - 2, -1, -1) if screen.text(row).startswith("╭"))
    top = next(tops, None)
    if top is None or not _BOX.match(screen.text(top + 1)):
        return None
    return top if any(_CHOICE.match(screen.text(row)) for row in range(top, screen.lines)) else None


def _dialog_text(screen: "Screen", top: int) -> str:
    return squash(" ".join(screen.text(row).strip("│") for row in range(top + 1, screen.lines)))


def _starts(screen: "Screen", end: int) -> Iterator[_Start]:
    for row in range(end):
        glyph = screen.cell(row, 0).data
        if glyph in ("", " "):
            if screen.text(row).startswith(" > "):
                yield _Start(row, ">")
        else:
            yield _Start(row, glyph)


def _above(screen: "Screen") -> Iterator[_Start]:
    """The last cell of the conversation that has left the window, in a row below 0: on a short one that soon happens."""
    for row in range(-1, -min(_ABOVE, len(screen.scrollback)) - 1, -1):
        text = _text(screen, row)
        if text.startswith((" > ", *_TOLD)):
            yield _Start(row, text.lstrip()[0])
            return


def _row(screen: "Screen", row: int) -> "Row":
    """A row of the screen, or, below 0, one of those that have left it."""
    return screen.scrollback[row] if row < 0 else screen.buffer[row]


def _text(screen: "Screen", row: int) -> str:
    return "".join([cell.data for cell in _row(screen, row)]).rstrip()


def _colour(screen: "Screen", row: int, column: int) -> str:
    cells = _row(screen, row)
    return cells[column].fg if column < len(cells) else ""  # it left a window that was narrower


def _banners(screen: "Screen", starts: Sequence[_Start], end: int) -> Iterator[Banner]:
    for start in starts:
        colour = _colour(screen, start.row, 0)
        if _text(screen, start.row).startswith("✕ ") and _colour(screen, start.row, 2) == colour:
            yield _banner(screen, start.row, end, colour)


def _banner(screen: "Screen", row: int, end: int, colour: str) -> Banner:
    rows = [_text(screen, row)[2:]]
    for below in range(row + 1, end):
        text = _text(screen, below)
        if not text.startswith("  ") or _colour(screen, below, 2) != colour:
            break
        rows.append(text[2:])
    text = join(rows, screen.columns - 2)
    return Banner(row, text, squash(text))


def _at_the_end(banner: Banner, starts: Sequence[_Start]) -> bool:
    """Nothing of the conversation stands below: no prompt, no answer, no tool."""
    return not any(start.row > banner.row and start.glyph in ">✦╭" for start in starts)


def _seconds(live_text: str) -> int:
    counted = _LIVE.match(live_text)
    return sum(int(count) * _UNITS[unit] for count, unit in _SPAN.findall(counted[1] or "")) if counted else 0


def _words(screen: "Screen", row: int) -> str:
    """The text from a row with a mark to its lower edge."""
    rows = [_MARK.sub("", _text(screen, row), count=1)]
    for below in range(row + 1, screen.lines):
        text = _text(screen, below)
        if not text.startswith("  "):
            break
        rows.append(text)
    return " ".join(part.strip() for part in rows)


def _draft(screen: "Screen", row: int) -> str:
    """What stands in the composer; a placeholder is grey, as nothing is that somebody typed."""
    text = _words(screen, row)
    if text.startswith("Type your message"):
        return ""
    return f"!{text}" if screen.cell(row, 1).data == "!" else text


def local(draft: str) -> bool:
    """A line that Gemini answers by itself, without its provider (`!ls`, `/stats`)."""
    return draft.startswith(("!", "/"))


# --- without a screen ---------------------------------------------------------------------------------------------


def has_screen(arguments: Sequence[str]) -> bool:
    """False for `gemini --prompt`."""
    return not any(option[0].partition("=")[0] in ("-p", "--prompt", "--acp") for option in _parse(arguments)[0])


def read_line(text: str) -> Line | None:
    """A line of `gemini --prompt`: an error on stderr, or JSON by `--output-format stream-json`."""
    if not text.startswith("{"):
        error = text[text.find("[API Error") :] if "[API Error" in text else text
        return Line(Turning.COMPLAINED, error) if explain(error) else None
    import json

    try:
        record = json.loads(text)
    except ValueError:
        return None
    if record.get("type") == "init":
        return Line(Turning.BEGAN)
    if record.get("type") != "result":
        return None
    error = record.get("error")
    if record.get("status") == "error":
        return Line(Turning.FAILED, str(error.get("message", "")) if isinstance(error, dict) else "")
    return Line(Turning.WELL)


# --- what it keeps ------------------------------------------------------------------------------------------------

# .gemini/tmp/<project>/chats/session-<time>-<first eight of its id>.jsonl: a head with the id and the hash of the
# working directory's path, then one JSON object a message.
_TAIL = 4 << 20  # bytes of a session's file that are read
_HEAD = 1 << 16
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def account(home: Path) -> str:
    """Who signed in with Google, as a hash, or `api-key`; empty where that cannot be learnt."""
    import hashlib
    import json

    try:
        active = json.loads((home / ".gemini/google_accounts.json").read_bytes())["active"]
        if active and (home / credential_file).is_file():
            return hashlib.sha256(str(active).encode()).hexdigest()[:16]
    except (OSError, ValueError, TypeError, KeyError):
        return ""
    return ""


def has_session(home: Path, session: str) -> bool:
    """Whether a session's file is there."""
    return any(_head(path).get("sessionId") == session for path in _chats(home) if session[:8] in path.name)


def find_session(seat: Running) -> "Session | None":
    """The session of a running Gemini: the one that was written for its working directory since it began.

    Where several were, it is the one whose last prompt is on the screen.
    """
    import hashlib

    from codexwrap.story import Session

    here = hashlib.sha256(seat.cwd.encode()).hexdigest()
    found = [
        (str(head["sessionId"]), path)
        for path in _chats(seat.home)
        if _written(path) >= seat.since and (head := _head(path)).get("projectHash") == here and head.get("sessionId")
    ]
    if len(found) > 1 and seat.prompt:
        found = [each for each in found if squash(read_session(each[1]).prompt).startswith(seat.prompt[:200])]
    return Session(*found[0]) if len(found) == 1 else None


def _chats(home: Path) -> Iterator[Path]:
    return (home / ".gemini/tmp").glob("*/chats/session-*.jsonl")


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _head(path: Path) -> dict[str, Any]:
    import json

    try:
        with path.open("rb") as file:
            head = json.loads(file.readline(_HEAD))
    except (OSError, ValueError):
        return {}
    return head if isinstance(head, dict) else {}


def read_session(path: Path) -> "Story":
    """What the end of a session's file tells; what cannot be read is left out."""
    from codexwrap import events
    from codexwrap.story import Meta, Story

    head = _head(path)
    try:
        started = events.epoch(str(head.get("startTime")))
    except ValueError:
        started = 0.0
    story = Story(meta=Meta(str(head.get("sessionId", "")), "", "", started, "gemini") if head else None)
    for record in _records(path):
        story = _told(story, record)
    return story


def _records(path: Path) -> Iterator[dict[str, Any]]:
    import json

    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            for line in file.readlines()[bool(size > _TAIL) :]:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict) and record.get("type"):
                    yield record
    except OSError:
        return


def _told(story: "Story", record: dict[str, Any]) -> "Story":
    from codexwrap.story import Failure

    content = record.get("content")
    parts = content if isinstance(content, list) else [{"text": content}]
    text = "\n".join(str(part["text"]) for part in parts if isinstance(part, dict) and part.get("text"))
    match record["type"]:
        case "user" if text and not text.startswith("<session_context>"):
            return story._replace(prompt=text, words="", actions=(), failure=None)
        case "gemini":
            calls = record.get("toolCalls")
            calls = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
            actions = story.actions + tuple(_called(call) for call in calls)
            return story._replace(words=text or story.words, actions=actions, failure=None)
        case "error":
            return story._replace(failure=Failure(text, ""))
    return story


def _called(call: dict[str, Any]) -> str:
    arguments = call.get("args")
    values = list(arguments.values()) if isinstance(arguments, dict) else []
    return f"{call.get('name')}: {values[0] if values else ''}"


# --- how it is started --------------------------------------------------------------------------------------------

# Options of `gemini` that take a value (gemini --help, 0.61.0).
_VALUED = frozenset(
    {
        *("-m", "--model", "-p", "--prompt", "-i", "--prompt-interactive", "-w", "--worktree", "--approval-mode"),
        *("--policy", "--admin-policy", "--allowed-mcp-server-names", "--allowed-tools", "-e", "--extensions"),
        *("-r", "--resume", "--session-file", "--session-id", "--delete-session", "--include-directories"),
        *("-o", "--output-format"),
    }
)
_OF_THE_SESSION = frozenset(
    {
        *("-p", "--prompt", "-i", "--prompt-interactive", "-r", "--resume", "--session-file", "--session-id", "-o"),
        "--output-format",
    }
)
_ASKS_ONLY = frozenset(
    {
        *("-h", "--help", "-v", "--version", "-l", "--list-extensions", "--list-sessions", "--delete-session"),
    }
)
_COMMANDS = frozenset({"mcp", "extensions", "extension", "skills", "skill", "hooks", "hook", "gemma"})


def starts_session(arguments: Sequence[str]) -> bool:
    """False for `--help`, `mcp` and the like, which open no conversation."""
    options, words = _parse(arguments)
    return not any(option[0] in _ASKS_ONLY for option in options) and not (words and words[0] in _COMMANDS)


def resume(arguments: Sequence[str], session: str) -> list[str]:
    """`gemini [OPTIONS] --resume SESSION`, with the options that the seat was started with; its prompt is gone."""
    return [*_options(arguments), "--resume", session]


def begin(arguments: Sequence[str], prompt: str) -> list[str]:
    """`gemini [OPTIONS] --prompt-interactive PROMPT`, with the same options."""
    return [*_options(arguments), "--prompt-interactive", prompt]


def _options(arguments: Sequence[str]) -> list[str]:
    options, _ = _parse(arguments)
    return [part for option in options if option[0].partition("=")[0] not in _OF_THE_SESSION for part in option]


def _parse(arguments: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Options, each with its value, and the words between them: a command, a prompt."""
    options: list[tuple[str, ...]] = []
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words.extend(rest)
        elif argument in _VALUED:
            options.append((argument, *[value for value in [next(rest, None)] if value is not None]))
        elif argument.startswith("-") and argument != "-":
            options.append((argument,))
        else:
            words.append(argument)
    return options, words
