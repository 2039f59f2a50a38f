"""Rules about Anthropic's Claude Code.

What it draws when its provider session dies was seen on versions 2.1.197 and 2.1.330 of the real program. Every error is
one of three cells at the end of the conversation: an amber `●` in column 0 with amber words; a `⎿` in column 2 with words
in the colour of errors from column 5 on, right below a prompt or below another `⎿`; or, for a few sentences, an answer's
own plain `●`. The output of a tool stands below the `●` of its call, whatever colour it has, and an answer is white. An
answer that begins with the words of an error is drawn as one; since 2.1.330 what tells them apart is the row that closes
a turn which ended well (`✻ Baked for 3s · done 1:46 PM`): a turn that failed has none.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from codexwrap.agents.look import Banner, Finding, Line, Live, Look, Page, Running, Turning, join, squash

if TYPE_CHECKING:  # the launch path asks how Claude is started, and must not pay for a renderer
    from codexwrap.screen.screen import Screen
    from codexwrap.story import Session, Story

name = "claude"
home_variable = "CLAUDE_CONFIG_DIR"
default_home = "~/.claude"
credential_file = ".credentials.json"
sign_in = "at the seat (`/login`)"
new_thread = "/clear"

# --- what the words mean ------------------------------------------------------------------------------------------

# Squashed beginnings of an error, the first that matches wins. The words do not tell a login that was revoked from one
# that ran out: when the refresh is refused, they say the same.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (r"Notloggedin·", "auth.login_required"),
    (r"Loginexpired·", "auth.unauthorized"),
    (r"OAuthtokenrevoked·", "auth.token_revoked"),
    (r"(?:Pleaserun/login·|Failedtoauthenticate\.)APIError:40[13].*revoked", "auth.token_revoked"),
    (r"(?:Pleaserun/login·|Failedtoauthenticate\.)", "auth.unauthorized"),
    (r"YouraccountdoesnothaveaccesstoClaude", "auth.unauthorized"),
    (r"InvalidAPIkey", "auth.api_key_rejected"),
    (r"YourANTHROPIC_API_KEYbelongstoadisabledorganization", "credits.workspace_deactivated"),
    (r"YourorganizationhasdisabledClaudesubscriptionaccess", "credits.not_in_plan"),
    (r"ClaudeCodecan'tuseyourClaudesubscription", "credits.not_in_plan"),
    (r"Yourseattypedoesn'tincludeusage", "credits.not_in_plan"),
    (r"Creditbalance(?:is)?toolow", "credits.quota_exceeded"),
    (r"APIError:400YouhavereachedyourspecifiedAPIusagelimits", "credits.spend_cap"),
    (r"You'vehityourorg'smonthlyspendlimit", "credits.spend_cap"),
    (r"Yourorgisoutofusage", "credits.workspace_depleted"),
    (r"You've(?:hit|reached)your.*limit", "limit.usage"),
    (r"You'reoutof(?:extrausage|usagecredits)", "limit.usage"),
    (r"(?:Session|Weekly|Opus|Sonnet|5-hour)limitreached", "limit.usage"),
    (r"APIError:(?:Serveristemporarilylimitingrequests|Requestrejected\(429\)|429)", "limit.rate"),
    (r"APIError:.*(?:529|[Oo]verloaded)", "provider.overloaded"),
    (r"APIError:(?:5\d\d|Internalservererror)", "provider.server_error"),
    (r"APIError:403", "provider.forbidden"),
    (r"APIError:401", "auth.unauthorized"),
    (
        r"APIError:(?:UnabletoconnecttoAPI\(ECONNRESET\)|Connection(?:dropped|closed|totheAPIwaslost))",
        "provider.stream_lost",
    ),
    (r"APIError:(?:UnabletoconnecttoAPI|Connectionrefused|Connectionerror)", "network.unreachable"),
    (r"Requesttimedout", "network.unreachable"),
    (r"Contextlimitreached|Contextlow|Promptistoolong|Requesttoolarge", "context.window_exceeded"),
)

# Errors that are drawn as an answer is.
_PLAIN = re.compile(
    r"YourorganizationhasdisabledClaudesubscriptionaccess|ClaudeCodecan'tuseyourClaudesubscription|Requesttoolarge\(max"
    r"|There'sanissuewiththeselectedmodel"
)
# Cells in the shape of an error that end no session.
_HARMLESS = re.compile(r"Interrupted|Unknown(?:slash)?command|Unknownskill|Tip:|Nocontent|\(nocontent\)")
# The times in the words come behind these.
_UNTIL = re.compile(r"(?i)(?:resets|regain\s*access\s*on)\s*(.+)")


@cache
def _fatal() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), cause) for pattern, cause in _MEANINGS)


def find(look: Look) -> Finding | None:
    """What the error of a frame means; None where its words are not known or mean nothing."""
    return explain(look.banner.text) if look.banner else None


def explain(message: str) -> Finding | None:
    """What the message of a failed turn means: the screen, the transcript and `--print` have the same sentences."""
    squashed = squash(message)
    cause = next((cause for pattern, cause in _fatal() if pattern.match(squashed)), None)
    if cause is None:
        return None
    until = _UNTIL.search(message)
    return Finding(cause, message, until[1] if until else "")


def harmless(banner: Banner) -> bool:
    """A cell in the shape of an error that Claude draws for something that ends no session."""
    return bool(_HARMLESS.match(banner.squashed))


# --- what a frame shows -------------------------------------------------------------------------------------------

# `error` and `warning` of its themes: dark, light, both for the colour-blind, and those of sixteen colours.
_ERROR = ("ff6b80", "ab2b3f", "ff6666", "cc0000")
_WARNING = ("ffc107", "966c1e", "ffcc00", "ff9900")
_STEPS = ("00", "5f", "87", "af", "d7", "ff")  # of the 256-colour palette, to which a colour is rounded

_MARKS = "·✢✳✶✻✽✺∗*+"  # one after the other in front of a live row
_LIVE = re.compile(rf"^[{re.escape(_MARKS)}]\s\S.*(?:…|\bretry(?:ing)?\b)")
_RETRYING = re.compile(r"\bretry(?:ing)?\b")
_DONE = re.compile(rf"^[{re.escape(_MARKS)}]\s\S.*\bfor\b.*·\s*done\b")
_COUNTED = re.compile(r"\(((?:\d+[dhms]\s*)+)")
_SPAN = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_STATUS = re.compile(r"^●\s(?:Usage limit reached ·|Automatic continue)")
_HINT = re.compile(r"(?i)Entertoconfirm|Esctocancel|Entertocontinue|Entertoselect")
_RULE = "────"
_NARROWEST = 10  # columns in which something can be read
_PROMPTS = "❯>"
_SUMMARY = "summary"


class _Start(NamedTuple):
    """A row with something in column 0, with the `⎿` of a result in column 2, or a summary: where a cell starts."""

    row: int
    glyph: str
    text: str


def look(screen: "Screen") -> Look:
    """Reads one frame of Claude Code."""
    if screen.columns < _NARROWEST:
        return Look()
    composer = _composer(screen)
    popup = None if composer is not None else _popup(screen)
    end = composer - 1 if composer is not None else _last_rule(screen) if popup else screen.lines
    cells = list(_starts(screen, end))
    if composer is None and popup is None and (page := _page(cells)):
        return Look(page=page)
    live = next((cell for cell in reversed(cells) if _LIVE.match(cell.text)), None)
    prompts = [cell for cell in cells if cell.glyph in _PROMPTS]
    prompt_row = prompts[-1].row if prompts else -1
    banners = [] if popup == "" else list(_banners(screen, cells, end))
    last = banners[-1] if banners and _at_the_end(banners[-1], screen, cells) else None
    live_text = live.text if live else ""
    return Look(
        banner=last,
        passed=tuple(banners[:-1] if last else banners),
        live=None if live is None else Live.RETRYING if _RETRYING.search(live_text) else Live.WORKING,
        live_text=live_text,
        seconds=_seconds(live_text),
        draft=_draft(screen, composer) if composer is not None else None,
        prompt=squash(_paragraph(screen, prompt_row)[1:]) if prompts else None,
        prompts=len(prompts),
        answered=any(cell.row > prompt_row and cell.glyph == "●" and not _is_status(screen, cell) for cell in cells),
        tool=any("Running…" in cell.text for cell in cells[-2:]),
        body=hash(tuple(cell.text for cell in cells if not _LIVE.match(cell.text))),
        popup=popup,
    )


def _composer(screen: "Screen") -> int | None:
    """The composer's first row: between two rules, with a mark of its own."""
    for row in range(screen.lines - 1, 0, -1):
        if screen.cell(row, 0).data in "❯>!#" and screen.text(row - 1).startswith(_RULE):
            return row
    return None


def _popup(screen: "Screen") -> str | None:
    """The squashed text of a menu: a rule begins it, a row of key hints ends it."""
    rule = _last_rule(screen)
    text = squash(" ".join(screen.text(row) for row in range(rule + 1, screen.lines)))
    return text if rule < screen.lines and _HINT.search(text) else None


def _last_rule(screen: "Screen") -> int:
    rules = [row for row in range(screen.lines) if screen.text(row).startswith((_RULE, "▔▔▔▔"))]
    return rules[-1] if rules else screen.lines


def _page(cells: Sequence[_Start]) -> Page | None:
    """Neither composer nor menu: the transcript, the settings, a picker. While it starts there is nothing at all."""
    return Page.OVERLAY if cells else None


def _starts(screen: "Screen", end: int) -> Iterator[_Start]:
    for row in range(end):
        glyph, text = screen.cell(row, 0).data, screen.text(row)
        if text.startswith("  ⎿"):
            glyph = "⎿"
        elif _is_summary(screen, row, end):
            glyph = _SUMMARY
        if glyph not in ("", " "):
            yield _Start(row, glyph, text)


def _is_summary(screen: "Screen", row: int, end: int) -> bool:
    """A row that stands for the tools that ran (`  Ran 2 shell commands`), right above a `⎿` and of its colour."""
    if row + 1 >= end or not screen.text(row + 1).startswith("  ⎿") or (row and screen.text(row - 1)):
        return False
    text = screen.text(row)
    return text[:2] == "  " and text[2:3] != " " and screen.cell(row, 2).fg == screen.cell(row + 1, 2).fg


def _seconds(live_text: str) -> int:
    counted = _COUNTED.search(live_text)
    return sum(int(count) * _UNITS[unit] for count, unit in _SPAN.findall(counted[1])) if counted else 0


def _banners(screen: "Screen", cells: Sequence[_Start], end: int) -> Iterator[Banner]:
    for index, cell in enumerate(cells):
        column = _words_column(screen, cells, index)
        if column is None:
            continue
        colour = screen.cell(cell.row, column).fg
        rows = [screen.text(cell.row)[column:]]
        for row in range(cell.row + 1, end):
            indented = column if cell.glyph == "⎿" else 2
            below = screen.text(row)
            if below[:indented].strip() or not below or screen.cell(row, indented).fg != colour:
                break
            rows.append(below[indented:])
        text = join(rows, screen.columns)
        banner = Banner(cell.row, text, squash(text))
        if cell.glyph == "●" and colour not in _shades(_WARNING) and not _is_plain_error(banner, screen):
            continue
        if not any(_DONE.match(below.text) for below in _until_prompt(cells, index)):
            yield banner


def _words_column(screen: "Screen", cells: Sequence[_Start], index: int) -> int | None:
    """Where the words of a cell begin that may be an error; None where it is none."""
    cell = cells[index]
    if cell.glyph == "●":
        return 2 if screen.cell(cell.row, 1).data == " " else None
    if cell.glyph != "⎿" or index == 0:
        return None
    colour = screen.cell(cell.row, 5).fg
    above = cells[index - 1]
    joined = all(screen.text(row) for row in range(above.row, cell.row))
    asked = above.glyph in _PROMPTS and joined and not local(above.text[1:].strip())
    if colour not in _shades(_ERROR) and not (colour == "default" and _is_monochrome(screen)):
        return None
    return 5 if asked or above.glyph in ("⎿", _SUMMARY) else None


def _is_plain_error(banner: Banner, screen: "Screen") -> bool:
    if _PLAIN.match(banner.squashed):
        return True
    return _is_monochrome(screen) and explain(banner.text) is not None


def _until_prompt(cells: Sequence[_Start], index: int) -> Iterator[_Start]:
    """The cells below one, up to the next prompt."""
    for cell in cells[index + 1 :]:
        if cell.glyph in _PROMPTS:
            return
        yield cell


@cache
def _shades(colours: tuple[str, ...]) -> frozenset[str]:
    """Colours as they are drawn: as they are, rounded to the 256-colour palette, or by name."""
    named = {"red", "brightred"} if colours == _ERROR else {"yellow", "brown", "brightyellow", "brightbrown"}
    return frozenset(colours) | {_rounded(colour) for colour in colours} | named


def _rounded(colour: str) -> str:
    return "".join(_STEPS[int(int(colour[at : at + 2], 16) / 51 + 0.5)] for at in (0, 2, 4))


def _is_monochrome(screen: "Screen") -> bool:
    return all(
        screen.cell(row, column).fg == "default"
        for row in range(screen.lines)
        for column in range(screen.columns)
        if screen.cell(row, column).data.strip()
    )


def _is_status(screen: "Screen", cell: _Start) -> bool:
    """A remark of the program's own, such as when it will go on: in the colour of what matters less, words and all."""
    if _STATUS.match(cell.text):
        return True
    colour = screen.cell(cell.row, 2).fg
    return colour not in ("default", "ffffff", "000000") and colour == screen.cell(cell.row, 0).fg


def _at_the_end(banner: Banner, screen: "Screen", cells: Sequence[_Start]) -> bool:
    """Nothing of the conversation stands below: no prompt, no answer, no tool."""
    below = [cell for cell in cells if cell.row > banner.row]
    return not any(
        (cell.glyph in _PROMPTS and not local(cell.text[1:].strip()))
        or (cell.glyph == "●" and not _is_status(screen, cell))
        for cell in below
    )


def _paragraph(screen: "Screen", row: int) -> str:
    """The text from a row to the next that is blank or begins a result."""
    rows = []
    while row < screen.lines and (text := screen.text(row)) and not text.lstrip().startswith("⎿"):
        rows.append(text)
        row += 1
    return " ".join(rows)


def _draft(screen: "Screen", row: int) -> str:
    """What stands in the composer; a placeholder is faint but for the cell that is the cursor, and no draft."""
    rows = []
    for below in range(row, screen.lines):
        text = screen.text(below)
        if text.startswith(_RULE):
            break
        rows.append(text if below > row else text[1:])
    words = [screen.cell(row, column) for column in range(2, screen.columns) if screen.cell(row, column).data.strip()]
    if any(cell.faint for cell in words):
        return ""
    glyph = screen.cell(row, 0).data
    text = " ".join(rows).strip()
    return f"{glyph}{text}" if glyph in "!#" else text


def local(draft: str) -> bool:
    """A line that Claude answers by itself, without its provider (`!ls`, `/status`)."""
    return draft.startswith(("!", "/", "#"))


# --- without a screen ---------------------------------------------------------------------------------------------


def has_screen(arguments: Sequence[str]) -> bool:
    """False for `claude --print`."""
    return not any(option[0] in ("-p", "--print") for option in _parse(arguments)[0])


def read_line(text: str) -> Line | None:
    """A line of `claude --print`: a sentence, or JSON by `--output-format`. It calls a failed turn a success, in error."""
    if not text.startswith("{"):
        return Line(Turning.COMPLAINED, text) if explain(text) else None
    import json

    try:
        record = json.loads(text)
    except ValueError:
        return None
    kind = record.get("type")
    if kind == "result":
        return Line(Turning.FAILED, str(record.get("result", ""))) if record.get("is_error") else Line(Turning.WELL)
    if kind == "system" and record.get("subtype") == "api_retry":
        return Line(Turning.RETRYING, str(record.get("error", "")))
    return Line(Turning.BEGAN) if kind == "system" and record.get("subtype") == "init" else None


# --- what it keeps ------------------------------------------------------------------------------------------------

# projects/<working directory, anything but letters and digits as a dash>/<session>.jsonl, one JSON object a line.
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9]")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAIL = 4 << 20  # bytes of a session's file that are read


def account(home: Path) -> str:
    """The account's id, as its state file has it; empty where that cannot be learnt."""
    import json

    for path in (home / ".claude.json", home.parent / ".claude.json"):
        try:
            return str(json.loads(path.read_bytes())["oauthAccount"]["accountUuid"])
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return ""


def has_session(home: Path, session: str) -> bool:
    """Whether a session's file is there."""
    return any((home / "projects").glob(f"*/{session}.jsonl"))


def find_session(seat: Running) -> "Session | None":
    """The session of a running Claude: named on its command line, else the one that was written here since it began.

    Where several were, it is the one whose last prompt is on the screen.
    """
    from codexwrap.story import Session

    folder = seat.home / "projects" / _NOT_IN_NAME.sub("-", seat.cwd)
    named = next((argument for argument in seat.arguments if _UUID.fullmatch(argument)), None)
    if named and "--fork-session" not in seat.arguments:
        path = folder / f"{named}.jsonl"
        return Session(named, path if path.is_file() else None)
    paths = [path for path in folder.glob("*.jsonl") if _UUID.fullmatch(path.stem) and _written(path) >= seat.since]
    if len(paths) > 1 and seat.prompt:
        paths = [path for path in paths if squash(read_session(path).prompt).startswith(seat.prompt[:200])]
    return Session(paths[0].stem, paths[0]) if len(paths) == 1 else None


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def read_session(path: Path) -> "Story":
    """What the end of a session's file tells; what cannot be read is left out."""
    from codexwrap.story import Story

    story = Story()
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
                if isinstance(record, dict) and not record.get("isSidechain"):
                    yield record
    except OSError:
        return


def _told(story: "Story", record: dict[str, Any]) -> "Story":
    from codexwrap import events
    from codexwrap.story import Failure, Meta

    message = record.get("message")
    if not isinstance(message, dict) or record.get("isMeta"):
        return story
    if story.meta is None:
        text = {key: str(record.get(key) or "") for key in ("sessionId", "cwd", "version", "timestamp")}
        try:
            started = events.epoch(text["timestamp"])
        except ValueError:
            started = 0.0
        story = story._replace(meta=Meta(text["sessionId"], text["cwd"], text["version"], started, "claude"))
    content = message.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    parts = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    text_of = "\n".join(str(part["text"]) for part in parts if part.get("type") == "text" and part.get("text"))
    if record.get("type") == "user":
        return story._replace(prompt=text_of, words="", actions=(), failure=None) if text_of else story
    if record.get("isApiErrorMessage"):
        return story._replace(failure=Failure(text_of, str(record.get("error") or "")))
    calls = tuple(_called(part) for part in parts if part.get("type") == "tool_use")
    plan = next((_plan(part) for part in reversed(parts) if part.get("name") == "TodoWrite"), story.plan)
    return story._replace(words=text_of or story.words, actions=story.actions + calls, plan=plan, failure=None)


def _called(part: dict[str, Any]) -> str:
    arguments = part.get("input")
    values = list(arguments.values()) if isinstance(arguments, dict) else []
    return f"{part.get('name')}: {values[0] if values else ''}"


def _plan(part: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    arguments = part.get("input")
    steps = arguments.get("todos") if isinstance(arguments, dict) else None
    return tuple(
        (str(step.get("content", "")), str(step.get("status", "")))
        for step in (steps if isinstance(steps, list) else ())
        if isinstance(step, dict)
    )


# --- how it is started --------------------------------------------------------------------------------------------

# Options of `claude` that take a value (claude --help, 2.1.330); the last two groups take several, or one or none.
_VALUED = frozenset(
    {
        *(
            "--agent",
            "--agents",
            "--append-system-prompt",
            "--autocompact",
            "--debug-file",
            "--effort",
            "--environment",
        ),
        *("--fallback-model", "--input-format", "--json-schema", "--max-budget-usd", "--model", "-n", "--name"),
        *("--output-format", "--permission-mode", "--permission-prompts", "--plugin-dir", "--plugin-url"),
        *("--remote-control-session-name-prefix", "--session-id", "--setting-sources", "--settings", "--system-prompt"),
        *("--system-prompt-snapshot", "--max-turns", "--permission-prompt-tool"),
    }
)
_SEVERAL = frozenset(
    {
        *("--add-dir", "--allowedTools", "--allowed-tools", "--betas", "--disallowedTools", "--disallowed-tools"),
        *("--file", "--mcp-config", "--tools"),
    }
)
_PERHAPS = frozenset(
    {
        *("--cloud", "-d", "--debug", "--from-pr", "--prompt-suggestions", "--remote-control", "-r", "--resume"),
        *("--teleport", "-w", "--worktree"),
    }
)
_OF_THE_SESSION = frozenset(
    {
        *("-r", "--resume", "-c", "--continue", "--session-id", "--fork-session", "--from-pr", "--teleport", "--cloud"),
        *("-p", "--print", "--output-format", "--input-format", "--include-partial-messages", "--json-schema"),
        *(
            "--replay-user-messages",
            "--include-hook-events",
            "--no-session-persistence",
            "--max-budget-usd",
            "--max-turns",
        ),
        *("--file", "-n", "--name"),
    }
)
_COMMANDS = frozenset(
    {
        *("agents", "attach", "auth", "auto-mode", "config", "doctor", "gateway", "import", "install", "logs", "mcp"),
        *("plugin", "plugins", "purge", "respawn", "rm", "setup-token", "stop", "kill", "ultrareview", "update"),
        "upgrade",
    }
)


def starts_session(arguments: Sequence[str]) -> bool:
    """False for `--help`, `mcp` and the like, which open no conversation."""
    options, words = _parse(arguments)
    asks_only = any(option[0] in ("-h", "--help", "-v", "--version", "--bg", "--background") for option in options)
    return not asks_only and not (words and words[0] in _COMMANDS)


def resume(arguments: Sequence[str], session: str) -> list[str]:
    """`claude [OPTIONS] --resume SESSION`, with the options that the seat was started with; its prompt is gone."""
    return [*_options(arguments), "--resume", session]


def begin(arguments: Sequence[str], prompt: str) -> list[str]:
    """`claude [OPTIONS] -- PROMPT`, with the same options: some of them would take the prompt for one more value."""
    return [*_options(arguments), "--", prompt]


def _options(arguments: Sequence[str]) -> list[str]:
    options, _ = _parse(arguments)
    return [part for option in options if option[0].partition("=")[0] not in _OF_THE_SESSION for part in option]


def _parse(arguments: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Options, each with its values, and the words between them: a command, a prompt."""
    options: list[tuple[str, ...]] = []
    words: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            words.extend(rest)
            break
        if not argument.startswith("-") or argument == "-":
            words.append(argument)
            continue
        most = 1 if argument in _VALUED | _PERHAPS else len(rest) if argument in _SEVERAL else 0
        values: list[str] = []
        while rest and len(values) < most and (argument in _VALUED or not rest[0].startswith("-")):
            values.append(rest.pop(0))
        options.append((argument, *values))
    return options, words
