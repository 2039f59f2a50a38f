"""Rules about OpenAI's Codex CLI.

What it draws when its provider session dies was seen on versions 0.46 to 0.169 of the real program: every fatal error is
one cell of the conversation that starts with a red `■` in column 0 and goes on, unindented and red, to the next blank
row. Nothing else puts a red `■` there with a blank row or a prompt above it: prose, tool output, diffs and lists are
indented, a tool that writes a bare carriage return stands right below its own output.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from codexwrap.agents.look import Banner, Finding, Line, Live, Look, Page, Running, Turning, join, squash

if TYPE_CHECKING:  # the launch path asks how Codex is started, and must not pay for a renderer
    from codexwrap.screen.screen import Screen
    from codexwrap.story import Session, Story

name = "codex"
home_variable = "CODEX_HOME"
default_home = "~/.codex"
credential_file = "auth.json"
sign_in = "in this seat's CODEX_HOME (`codex login`)"
new_thread = "/new"

# --- what the words mean ------------------------------------------------------------------------------------------

# Squashed beginnings of a fatal cell, the first that matches wins. Where one sentence serves several causes, the more
# telling words stand first.
_MEANINGS: tuple[tuple[str, str], ...] = (
    (r"Youraccesstokencouldnotberefreshedbecauseyourrefreshtokenwasrevoked", "auth.token_revoked"),
    (r"Youraccesstokencouldnotberefreshedbecauseyourrefreshtokenwasalreadyused", "auth.refresh_reused"),
    (r"Youraccesstokencouldnotberefreshedbecauseyourrefreshtokenhasexpired", "auth.refresh_expired"),
    (r"Youraccesstokencouldnotberefreshedbecauseyouhavesinceloggedout", "auth.account_changed"),
    (r"Youraccesstokencouldnotberefreshed", "auth.refresh_failed"),
    (r"Failedtorefreshtoken", "auth.refresh_failed"),
    (
        r"unexpectedstatus401.*(?:token_revoked|token_invalidated|invalidatedoauthtoken|tokenhasbeeninvalidated)",
        "auth.token_revoked",
    ),
    (r"unexpectedstatus401.*(?:IncorrectAPIkey|invalid_api_key|invalidAPIkey)", "auth.api_key_rejected"),
    (r"unexpectedstatus401", "auth.unauthorized"),
    (r"exceededretrylimit,laststatus:401", "auth.unauthorized"),
    (r"(?:unexpectedstatus|exceededretrylimit,laststatus:)402", "credits.workspace_deactivated"),
    (r"(?:unexpectedstatus|exceededretrylimit,laststatus:)403", "provider.forbidden"),
    (r"AccessblockedbyCloudflare", "provider.forbidden"),
    (r"(?:unexpectedstatus429|exceededretrylimit,laststatus:429)", "limit.rate"),
    (r"(?:unexpectedstatus|exceededretrylimit,laststatus:)5\d\d", "provider.server_error"),
    (r"(?:You'vehityourusagelimit|You'vereachedyourusagelimit)", "limit.usage"),
    (r"Yourworkspaceisoutofcredits", "credits.workspace_depleted"),
    (r"You'reoutofcredits", "credits.workspace_depleted"),
    (r"You'vereachedyourworkspacecreditlimit", "credits.workspace_depleted"),
    (r"Youhityourspendcap", "credits.spend_cap"),
    # Drawn for an owner whose credits or whose cap ran out alike; never for a limit that ends by itself.
    (r"Usagelimitreached\.You'vereachedyourusagelimit\.Increaseyourlimits", "credits.workspace_depleted"),
    (r"TouseCodexwithyourChatGPTplan", "credits.not_in_plan"),
    (r"Quotaexceeded", "credits.quota_exceeded"),
    (r"Codexranoutofroominthemodel'scontextwindow", "context.window_exceeded"),
    (r"Errorrunning(?:remote|local)compacttask", "context.window_exceeded"),
    (r"ratelimitexceeded", "limit.rate"),
    (r"Selectedmodelisatcapacity", "provider.overloaded"),
    (r"We'recurrentlyexperiencinghighdemand", "provider.server_error"),
    (r"streamdisconnectedbeforecompletion:.*exceededyourcurrentquota", "credits.quota_exceeded"),
    (r"streamdisconnectedbeforecompletion:.*Theusagelimithasbeenreached", "limit.usage"),
    (r"streamdisconnectedbeforecompletion:.*Ratelimitreached", "limit.rate"),
    (r"streamdisconnectedbeforecompletion:.*errorsendingrequest", "network.unreachable"),
    (r"(?:errorsendingrequest|Connectionfailed)", "network.unreachable"),
    (r"streamdisconnectedbeforecompletion|Incompleteresponsereturned", "provider.stream_lost"),
)


@cache
def _fatal() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), cause) for pattern, cause in _MEANINGS)


_COMPACTING = re.compile(r"^Errorrunning(?:remote|local)compacttask:")

# A popup in the composer's place, by its title.
_POPUPS = {
    "You'vereachedyourworkspacecreditlimit": "credits.workspace_depleted",
    "Usagelimitreached": "credits.workspace_depleted",  # or a spend cap; what stands above it, if it is in sight, says which
}

# Cells in the shape of an error that end no session: what Codex answers to Esc and to its own commands.
_HARMLESS = re.compile(
    r"Conversationinterrupted|Unrecognizedcommand|'/\w+'isdisabledwhile|MCPclientfor|MCPstartup|Failedtoopen"
    r"|Failedtocopy|Failedtopaste|Usage:/|Nopreviousmessage"
)

# The times in the words come behind these.
_UNTIL = re.compile(r"(?i)again((?:at|in).+)")

_EXIT = re.compile(r"Error:account/readfailed:(?:account/readfailed:)?(.*)")
_RUNNING = re.compile(r"^[•◦]\s*(?:Running|Waiting|Exploring|Searching)\b")
# The choices of the sign-in screen, or the row below them: a short window has cut off either.
_RAN = re.compile(r"^• You ran ")  # with `!`: no word of the agent's
_LOGIN = re.compile(r"(?i)1\.signinwithchatgpt|signinwithchatgpt.*pressentertocontinue")


def find(look: Look) -> Finding | None:
    """What the banner, the popup or the page of a frame means; None where its words are not known or mean nothing."""
    if look.page is Page.LOGIN:
        return Finding("auth.login_required", "the sign-in screen")
    if look.page is Page.EXIT:
        cause, rule = _cause(look.page_text) or ("process.startup_failed", "")
        return Finding(cause, look.page_text, rule=rule)
    found = _words(look.banner) if look.banner else None
    for title, cause in _POPUPS.items():
        if look.popup and look.popup.startswith(title) and (found is None or found.cause == "limit.rate"):
            return Finding(cause, look.banner.text if look.banner else "a popup: " + title)
    return found


def harmless(banner: Banner) -> bool:
    """A cell in the shape of an error that Codex draws for something that ends no session."""
    return bool(_HARMLESS.match(banner.squashed))


def _words(banner: Banner) -> Finding | None:
    found = _cause(banner.squashed)
    if found is None:
        return None
    until = _UNTIL.search(banner.squashed)
    return Finding(found[0], banner.text, until[1] if until else "", found[1])


def _cause(squashed: str) -> tuple[str, str] | None:
    """The cause, and the rule that knew it."""
    reason = _COMPACTING.sub("", squashed)  # which failed for the reason behind it, or for one that it does not know
    return next(
        ((cause, rule.pattern) for text in (reason, squashed) for rule, cause in _fatal() if rule.match(text)), None
    )


# --- what a frame shows -------------------------------------------------------------------------------------------

_RED = frozenset({"cd0000", "red", "brightred", "ff0000"})
_YELLOW = frozenset({"cdcd00", "brown", "yellow", "brightyellow", "brightbrown"})
_LIVE = re.compile(r"^(?:[•◦∙·⠀-⣿]\s*)?(\S.*?)\s*\((?:(?:\d+[dhms]\s*)+[•·]\s*)?esc to interrupt", re.IGNORECASE)
_SERVER = re.compile(r"^(?:[•◦]\s*)?Reconnecting to server")
_COUNTED = re.compile(r"\(((?:\d+[dhms]\s*)+)")
_SPAN = re.compile(r"(\d+)([dhms])")
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_POPUP_HINT = re.compile(r"(?i)enterselect|enterto(?:confirm|select)|esc(?:toclose|togoback|back)|Pressentertoconfirm")
_OVERLAY = re.compile(r"^/?(?:TRANSCRIPT|DIFF)/")


class _Start(NamedTuple):
    """A row with something in column 0: where a cell of the conversation, the composer or a live row starts."""

    row: int
    glyph: str
    text: str


def look(screen: "Screen") -> Look:
    """Reads one frame of Codex."""
    starts = [
        _Start(row, glyph, screen.text(row))
        for row in range(screen.lines)
        if (glyph := screen.cell(row, 0).data) not in ("", " ")
    ]
    if page := _page(screen, starts):
        return page
    composer = _composer(screen, starts)
    end = composer.row if composer else screen.lines
    popup = None if composer else _popup(screen)
    live, live_text = _live(starts, end)
    cells = [start for start in starts if start.row < end and not _is_live(start.text)]
    prompts = [start for start in cells if start.glyph == "›" and screen.cell(start.row, 0).faint]
    banners = list(_banners(screen, cells))
    last = banners[-1] if banners and _at_the_end(banners[-1], cells, popup is not None) else None
    queued = None if last or not banners else _overtaken(banners[-1], cells)
    prompt_row = prompts[-1].row if prompts else -1
    return Look(
        banner=last,
        passed=tuple(banners[:-1] if last else banners),
        overtaken=banners[-1] if queued else None,
        overtaken_prompt=squash(_paragraph(screen, queued.row)[1:]) if queued else "",
        live=live,
        live_text=live_text,
        seconds=_seconds(live_text),
        draft=_draft(screen, composer.row) if composer else None,
        prompt=squash(_paragraph(screen, prompt_row)[1:]) if prompts else None,
        prompts=len(prompts),
        answered=any(cell.row > prompt_row and cell.glyph == "•" and not _RAN.match(cell.text) for cell in cells),
        tool=bool(cells) and bool(_RUNNING.match(cells[-1].text)),
        body=hash(tuple(text for row in range(end) if not _is_live(text := screen.text(row)))),
        popup=popup,
    )


def _page(screen: "Screen", starts: Sequence[_Start]) -> Look | None:
    top = squash("".join(screen.text(row) for row in range(min(2, screen.lines))))
    if _OVERLAY.match(top):
        return Look(page=Page.OVERLAY)
    squashed = squash("".join(screen.rows()))
    if not screen.alternate and (last_words := _EXIT.search(squashed)):
        return Look(page=Page.EXIT, page_text=last_words[1])
    if any(start.glyph == "›" and not screen.cell(start.row, 0).faint for start in starts):
        return None
    if _LOGIN.search(squashed):
        return Look(page=Page.LOGIN)
    return None


def _composer(screen: "Screen", starts: Sequence[_Start]) -> _Start | None:
    """The composer's first row: its `›` is bold and not faint, as those of sent prompts are; `!` in shell mode."""
    for start in reversed(starts):
        if start.glyph in "›!▌" and not screen.cell(start.row, 0).faint and screen.cell(start.row, 1).data == " ":
            return None if _popup(screen) else start
    return None


def _popup(screen: "Screen") -> str | None:
    """The squashed text of a popup: a row of key hints ends it, above its choices stands a bold title, indented by two."""
    rows = screen.rows()
    while rows and not rows[-1]:
        rows.pop()
    if not rows or not _POPUP_HINT.search(squash(" ".join(rows[-2:]))):
        return None
    choices = next((row for row in range(len(rows) - 1, -1, -1) if rows[row].startswith("›")), len(rows))
    for row in range(choices - 1, -1, -1):
        if rows[row].startswith("  ") and screen.cell(row, 2).bold and (row == 0 or not rows[row - 1].strip()):
            return squash(" ".join(rows[row:]))
    return None


def _is_live(text: str) -> bool:
    return bool(_LIVE.match(text) or _SERVER.match(text))


def _live(starts: Sequence[_Start], end: int) -> tuple[Live | None, str]:
    """The live row stands right above the composer: nothing of the conversation is below it."""
    above = [start for start in starts if start.row < end]
    if not above or not _is_live(above[-1].text):
        return None, ""
    text = above[-1].text
    if _SERVER.match(text):
        return Live.NO_SERVER, text
    if "waiting for network" in text:
        return Live.NO_NETWORK, text
    return (Live.RETRYING if re.match(r"^(?:\W\s*)?Re-?(?:connecting|trying)", text) else Live.WORKING), text


def _seconds(live_text: str) -> int:
    counted = _COUNTED.search(live_text)
    return sum(int(count) * _UNITS[unit] for count, unit in _SPAN.findall(counted[1])) if counted else 0


def _banners(screen: "Screen", cells: Sequence[_Start]) -> Iterator[Banner]:
    for cell in cells:
        if cell.glyph not in "■⚠" or screen.cell(cell.row, 1).data != " " or not _stands_free(screen, cell.row):
            continue
        colour = screen.cell(cell.row, 0).fg
        if cell.glyph == "■" and not (colour in _RED or (colour == "default" and _is_monochrome(screen))):
            continue
        if cell.glyph == "⚠" and colour not in _YELLOW:
            continue
        rows = [cell.text]
        for row in range(cell.row + 1, screen.lines):
            below = screen.cell(row, 0)
            if below.data in ("", " ") or below.fg != colour or below.data in "■⚠•›":
                break
            rows.append(screen.text(row))
        # Some versions wrap one column before the edge, and inside words.
        text = join(rows, max(screen.columns - 1, *map(len, rows)) if len(rows) > 1 else screen.columns)[1:].strip()
        banner = Banner(cell.row, text, squash(text))
        if cell.glyph == "■" or (_cause(banner.squashed) or ("",))[0] == "provider.overloaded":
            yield banner


def _stands_free(screen: "Screen", row: int) -> bool:
    """A cell has a blank row or a prompt above it. Red text that a tool threw into column 0 has the tool's output there."""
    return row == 0 or not screen.text(row - 1) or screen.cell(row - 1, 0).data == "›"


def _is_monochrome(screen: "Screen") -> bool:
    return all(
        screen.cell(row, column).fg == "default"
        for row in range(screen.lines)
        for column in range(screen.columns)
        if screen.cell(row, column).data.strip()
    )


def _at_the_end(banner: Banner, cells: Sequence[_Start], popup: bool) -> bool:
    """Nothing of the conversation stands below: no prompt, no answer. A popup draws a `›` of its own."""
    below = [cell for cell in cells if cell.row > banner.row and cell.glyph in "›•╭■" and not _RAN.match(cell.text)]
    return not below or (popup and all(cell.glyph == "›" for cell in below))


def _overtaken(banner: Banner, cells: Sequence[_Start]) -> _Start | None:
    """The prompt above a banner below which nothing stands but one other prompt."""
    below = [cell.glyph for cell in cells if cell.row > banner.row and cell.glyph in "›•╭■"]
    above = [cell for cell in cells if cell.row < banner.row and cell.glyph == "›"]
    return above[-1] if below == ["›"] and above else None


def _paragraph(screen: "Screen", row: int) -> str:
    """The text from a row to the next blank one."""
    rows = []
    while row < screen.lines and (text := screen.text(row)):
        rows.append(text)
        row += 1
    return " ".join(rows)


def _draft(screen: "Screen", row: int) -> str:
    """What stands in the composer; a placeholder is faint and no draft."""
    first = next(
        (screen.cell(row, column) for column in range(2, screen.columns) if screen.cell(row, column).data.strip()), None
    )
    if first is None or first.faint:
        return ""
    glyph = screen.cell(row, 0).data
    text = _paragraph(screen, row)[1:].strip()
    return f"!{text}" if glyph == "!" else text


def local(draft: str) -> bool:
    """A line that Codex answers by itself, without its provider (`!ls`, `/status`)."""
    return draft.startswith(("!", "/"))


# --- without a screen ---------------------------------------------------------------------------------------------

# `codex exec --json` (types of events) and `codex app-server` (methods of notifications), seen on 0.144 and 0.169. An
# `error` by itself is a retry; what ends a turn says so.
_TURNINGS = {
    "turn.started": Turning.BEGAN,
    "turn/started": Turning.BEGAN,
    "turn.completed": Turning.WELL,
    "turn.failed": Turning.FAILED,
}


def has_screen(arguments: Sequence[str]) -> bool:
    """False for `codex exec` and `codex app-server`."""
    _, words = _parse(arguments)
    return not (words and words[0] in _HEADLESS)


def read_line(text: str) -> Line | None:
    """A line of `codex exec`, plain or JSON, or of `codex app-server`."""
    if text.startswith("ERROR: "):
        return Line(Turning.COMPLAINED, text.removeprefix("ERROR: "))
    if not text.startswith("{"):
        return None
    import json

    try:
        record = json.loads(text)
    except ValueError:
        return None
    return _read_notification(record.get("method"), record.get("params") or {}) or _read_event(record)


def _read_event(record: dict[str, Any]) -> Line | None:
    kind = record.get("type")
    if kind == "error":
        return Line(Turning.RETRYING, str(record.get("message", "")))
    turning = _TURNINGS.get(str(kind))
    return Line(turning, _message(record.get("error"))) if turning else None


def _read_notification(method: object, params: dict[str, Any]) -> Line | None:
    if method == "error":
        return Line(Turning.RETRYING if params.get("willRetry") else Turning.FAILED, _message(params.get("error")))
    turn = params.get("turn")
    if method == "turn/completed" and isinstance(turn, dict):
        if turn.get("status") == "completed":
            return Line(Turning.WELL)
        return Line(Turning.FAILED, _message(turn.get("error"))) if turn.get("status") == "failed" else None
    return Line(Turning.BEGAN) if method == "turn/started" else None


def _message(error: object) -> str:
    return str(error.get("message", "")) if isinstance(error, dict) else ""


# --- what it keeps ------------------------------------------------------------------------------------------------


def account(home: Path) -> str:
    """The account id of the sign-in, or `api-key`; empty where that cannot be learnt."""
    import json

    try:
        auth = json.loads((home / credential_file).read_bytes())
        return (
            str(auth["tokens"]["account_id"]) if auth.get("tokens") else "api-key" if auth.get("OPENAI_API_KEY") else ""
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ""


def has_session(home: Path, session: str) -> bool:
    """Whether a session's rollout file is there, and begins as one."""
    from codexwrap import rollout

    path = rollout.file_of(home, session)
    return path is not None and rollout.read_meta(path) is not None


def find_session(seat: Running) -> "Session | None":
    """The session that a running Codex has open."""
    from codexwrap import rollout

    return rollout.find(seat)


def explain(message: str) -> Finding | None:
    """What the message of a failed turn means: it is the sentence that the screen shows, or would."""
    return _words(Banner(0, message, squash(message)))


def read_session(path: Path) -> "Story":
    """What a rollout file tells."""
    from codexwrap import rollout

    return rollout.read(path)


# --- how it is started --------------------------------------------------------------------------------------------

# Options of `codex` that take a value (codex --help, 0.46 to 0.169).
_VALUED = frozenset(
    {
        *("-c", "--config", "-m", "--model", "-i", "--image", "-p", "--profile", "-s", "--sandbox", "-a"),
        *("--ask-for-approval", "-C", "--cd", "--add-dir", "--enable", "--disable", "--local-provider", "--remote"),
        *("--color", "--output-schema", "-o", "--output-last-message", "--listen", "--remote-auth-token-env"),
    }
)
_OF_THE_PROMPT = frozenset({"-i", "--image", "--last", "--all", "--include-non-interactive"})
_HEADLESS = frozenset({"exec", "e", "review", "app-server"})
_COMMANDS = frozenset(
    {
        *(
            "login",
            "logout",
            "mcp",
            "mcp-server",
            "proto",
            "completion",
            "sandbox",
            "debug",
            "execpolicy",
            "apply",
            "a",
        ),
        *(
            "cloud",
            "cloud-tasks",
            "responses-api-proxy",
            "stdio-to-uds",
            "features",
            "help",
            "update",
            "doctor",
            "plugin",
        ),
        *("generate-ts", "app", "remote-control", "exec-server", "archive", "delete", "unarchive"),
    }
)


def starts_session(arguments: Sequence[str]) -> bool:
    """False for `--help`, `login` and the like, which open no conversation."""
    options, words = _parse(arguments)
    asks_only = any(option[0] in ("-h", "--help", "-V", "--version") for option in options)
    return not asks_only and not (words and words[0] in _COMMANDS)


def resume(arguments: Sequence[str], session: str) -> list[str]:
    """`codex [OPTIONS] resume SESSION`, with the options that the seat was started with; its prompt and images are gone.

    Options of `codex exec` are its own: the conversation goes on with none of them.
    """
    return [*_options(arguments), "resume", session]


def begin(arguments: Sequence[str], prompt: str) -> list[str]:
    """`codex [OPTIONS] PROMPT`, with the same options."""
    return [*_options(arguments), prompt]


def _options(arguments: Sequence[str]) -> list[str]:
    options, words = _parse(arguments)
    if words and words[0] in _HEADLESS:
        return []
    return [part for option in options if option[0] not in _OF_THE_PROMPT for part in option]


def _parse(arguments: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Options, each with its value, and the words between them: a command, a session, a prompt."""
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
