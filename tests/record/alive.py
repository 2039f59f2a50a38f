"""Sessions that live, however dead they look."""

import shlex

from codexwrap.drill import refusals
from codexwrap.drill.answers import Call, Cut, Patch, Shell, Text
from codexwrap.drill.codexhome import Retries
from tests.record import wordings
from tests.record.deaths import TOKEN_REVOKED, usage_limit, workspace
from tests.record.scenario import Scenario
from tests.record.single import MEMBER, SHARED
from tests.record.steps import (
    CTRL_C,
    CTRL_T,
    ESC,
    GOOD,
    dies,
    ends,
    goes_offline,
    goes_online,
    is_busy,
    pastes,
    presses,
    replays,
    resizes,
    sees,
    sets,
    types,
    waits,
    works,
)

LIMIT = usage_limit("plus")
_RED = "printf '\\033[31m%s\\033[0m\\n' "
_QUOTA = "■ Quota exceeded. Check your plan and billing details."  # so short that it fits in one row
# Back in column 0, in red, and with a blank row above and below, as a real one.
_ALONE = f"printf 'checking\\n\\n\\r\\033[31m{_QUOTA}\\033[0m\\n\\nchecked\\n'"
_RETURN = "printf 'checking\\n'; printf '\\r\\033[38;5;1m%s\\033[0m\\n' "


def _tool(name: str, command: str, words: str = "That is what the command printed, as expected.") -> Scenario:
    return Scenario(name, (works(Shell(command), Text(words)),))


def _warned(percent: int, words: str, **headers: str) -> Text:
    return Text(words, headers={**refusals.limit_headers(used_percent=percent, weekly_percent=76), **headers})


_PLAN = {
    "explanation": "The work in three steps.",
    "plan": [
        {"step": "Read the parser", "status": "completed"},
        {"step": "Handle '401 Unauthorized: token_revoked'", "status": "in_progress"},
        {"step": 'Show "You\'ve hit your usage limit" in the status line', "status": "pending"},
    ],
}
_ESCALATED = {
    "cmd": "cat deaths.txt",
    "sandbox_permissions": "require_escalated",
    "justification": "401 Unauthorized: token_revoked. You've hit your usage limit?",
}

ALIVE = (
    Scenario("healthy", (works(), works(Shell("ls"), Text("These are the files.")), works())),
    Scenario("idle", ()),
    Scenario("prose", (works(Text(wordings.PROSE)),)),
    Scenario("prose-slow", (works(Text(wordings.PROSE, pause=0.03)),)),
    Scenario("prose-first-line", (works(Text(wordings.LIMIT + "\n\n" + wordings.REVOKED)),)),
    Scenario("only-banner", (works(Text(wordings.LIMIT), shows="ryagainat3:04PM"),)),
    Scenario("far-east", (works(Text("日本語：" + wordings.LIMIT + "\n\n한국어 🎉 已完成"), prompt="请继续 🙏"),)),
    _tool("tool-cat", "cat note.md", "I read the note. It describes how a seat dies."),
    _tool("tool-fails", "cat deaths.txt; exit 1", "The command failed, but I go on."),
    _tool("tool-red", f"{_RED}{shlex.quote(wordings.LIMIT)}; {_RED}{shlex.quote(wordings.REVOKED)}; exit 22"),
    _tool("tool-return", f"{_RETURN}{shlex.quote(wordings.LIMIT)}; {_RETURN}{shlex.quote(wordings.REVOKED)}"),
    _tool("tool-return-alone", _ALONE),
    _tool("tool-return-last", _ALONE.replace("checked", "") + "; sleep 2"),
    _tool("tool-curl", 'echo \'HTTP/1.1 401 Unauthorized\'; echo \'{"error":{"code":"token_revoked"}}\'; exit 22'),
    _tool("tool-grep", "grep -rn 'usage limit\\|token_revoked\\|workspace' . | head -20"),
    _tool("tool-diff", "cp deaths.txt old.md; git diff"),
    _tool("tool-log", "for n in 1 2 3 4; do cat deaths.txt; sleep 0.4; done"),
    _tool("tool-erases", "printf '\\033[2J\\033[H\\033[31m'; cat deaths.txt; printf '\\033[0m'"),
    _tool("tool-slow", 'for n in 1 2 3 4 5 6; do echo "Reconnecting... $n/5"; sleep 0.5; done'),
    Scenario("patch", (works(Patch(wordings.PATCH), Text("I added the document and removed the old lines.")),)),
    Scenario("plan", (works(Call("update_plan", _PLAN), Text("That is the plan.")),)),
    Scenario("prompt", (works(prompt=f"{wordings.LIMIT} and 401 Unauthorized token_revoked: please explain"),)),
    Scenario("draft", (works(), types(wordings.LIMIT + " " + wordings.REVOKED))),
    Scenario("paste", (works(), pastes(wordings.DEATHS))),
    Scenario("paste-sent", (pastes(wordings.LIMIT + "\n" + wordings.REVOKED), works(prompt=" what is that?"))),
    Scenario("rate-warning", (works(_warned(91, "Working as usual.")), works(_warned(96, "Still working.")))),
    Scenario(
        "rate-warning-full",
        (
            works(_warned(100, "Working as usual.")),
            works(_warned(100, "Still working on credits.", **{"x-codex-credits-has-credits": "True"})),
        ),
    ),
    Scenario(
        "transient",
        (
            works(),
            works(refusals.SERVER_ERROR, Cut("I am star"), refusals.BAD_GATEWAY, Text("Recovered after some retries.")),
        ),
        retries=Retries(1, 5),
    ),
    Scenario("transient-cut", (works(Cut("I am star"), Cut("I am star"), Text("Back again.")),), retries=Retries(1, 5)),
    Scenario(
        "transient-overloaded", (works(refusals.OVERLOADED, Text("There was room after all.")),), retries=Retries(4, 5)
    ),
    Scenario(
        "network-back",
        (works(), goes_offline(), types("go on", enter=True), waits(4), is_busy(), goes_online(), works()),
    ),
    Scenario("token-refreshed", (works(), works(refusals.TOKEN_EXPIRED, Text("The token was refreshed and I go on.")))),
    Scenario("slow", (works(Text("That took some thought.", delay=15)),)),
    Scenario(
        "interrupted",
        (works(), sets(default=Text("never read", delay=30)), types("go on", enter=True), waits(2), presses(ESC)),
    ),
    Scenario(
        "interrupted-midway",
        (
            works(),
            sets(default=Text(wordings.PROSE, pause=0.2)),
            types("tell me more", enter=True),
            waits(3),
            presses(ESC),
            sees("Conversationinterrupted|interrupted"),
        ),
    ),
    Scenario(
        "interrupted-goes-on",
        (
            sets(default=Text("never read", delay=30)),
            types("go on", enter=True),
            waits(2),
            presses(ESC),
            sets(default=GOOD),
            works(),
        ),
    ),
    Scenario("bad-command", (works(), types("/nosuchcommand", enter=True))),
    Scenario("status", (works(), types("/status", enter=True), waits(1))),
    Scenario("bang", (works(), types("!cat deaths.txt", enter=True), waits(1.5))),
    Scenario("bang-red", (works(), types(f"!{_RED}{shlex.quote(wordings.LIMIT)}", enter=True), waits(1.5))),
    Scenario("bang-return", (works(), types(f"!{_RETURN}{shlex.quote(wordings.REVOKED)}", enter=True), waits(1.5))),
    Scenario("bang-return-alone", (works(), types(f"!{_ALONE}", enter=True), waits(1.5))),
    Scenario("transcript", (works(Text(wordings.PROSE)), presses(CTRL_T))),
    Scenario("transcript-closed", (works(Text(wordings.PROSE)), presses(CTRL_T), presses("q"))),
    Scenario("diff", (works(Shell("cp deaths.txt old.md"), GOOD), types("/diff", enter=True), waits(1.5))),
    Scenario("resized", (works(Text(wordings.PROSE)), resizes(60, 18), resizes(100, 30))),
    Scenario("resized-working", (types("think", enter=True), waits(2), resizes(61, 20), works())),
    Scenario("leaves", (works(), ends("/quit", "\r"))),
    Scenario("leaves-by-key", (works(), ends(CTRL_C, CTRL_C))),
    Scenario("directory", (works(Shell("pwd"), GOOD),), directory="401 Unauthorized token_revoked usage limit"),
    Scenario("no-color", (works(Text(wordings.PROSE)), works()), env={"NO_COLOR": "1"}),
    Scenario("tmux", (works(Text(wordings.PROSE)),), env={"TERM": "tmux-256color", "COLORTERM": ""}),
    Scenario("dumb", (works(Text(wordings.PROSE)),), env={"TERM": "dumb", "COLORTERM": ""}),
    Scenario("inline", (works(Text(wordings.PROSE)), works()), arguments=("--no-alt-screen",), since=(0, 98)),
    Scenario("mute", (works(Text(wordings.PROSE)), works()), answers=False),
    Scenario("daemon", (*SHARED, works(Text(wordings.PROSE)), works()), daemon=True, since=(0, 160)),
    _tool("tool-status", "printf '\\033]7501;state=error:app=codex\\033\\\\'; printf '\\033]0;401 Unauthorized\\007'"),
    Scenario("slow-for-long", (works(Text("That took very long.", delay=240)),)),
    Scenario("reached-at-start", (works(),), plan="team", reached=MEMBER),
    Scenario(
        "compacted",
        (
            works(),
            works(),
            sets(default=Text("A summary.")),
            types("/compact", enter=True),
            sees("ontextcompacted|taskcompleted"),
        ),
    ),
    Scenario("broken-tool-server", (works(),), config='[mcp_servers.broken]\ncommand = "/no/such/program"\n'),
    Scenario(
        "asks-approval",
        (
            works(),
            sets(default=Shell(_RED + shlex.quote(wordings.LIMIT))),
            types("run it", enter=True),
            sees("Wouldyouliketorun|Allowcommand"),
            waits(1),
        ),
        arguments=("--ask-for-approval", "untrusted", "--sandbox", "read-only"),
        before=(0, 150),
    ),
    Scenario(
        "asks-approval-of-escalation",
        (
            works(),
            sets(default=Call("exec_command", _ESCALATED)),
            types("run it", enter=True),
            sees("Wouldyouliketorun|Allowcommand"),
            waits(1),
        ),
        model="gpt-5.4",
        arguments=("--ask-for-approval", "on-request", "--sandbox", "read-only"),
        since=(0, 144),
    ),
    Scenario(
        "websocket-falls-back",
        (sets(websocket=401), works(shows="steptwoisnext"), works()),
        arguments=("-c", 'model_provider="openai"', "-c", 'openai_base_url="{provider}/v1"'),
        since=(0, 110),
    ),
    Scenario(
        "model-nudge",
        (works(_warned(92, "Working as usual.")), waits(3)),
        without="hide_rate_limit_model_nudge = true",
    ),
    Scenario("resumed-revoked", (works(), dies(TOKEN_REVOKED), replays(TOKEN_REVOKED.says, "resume", "{id}"))),
    Scenario("resumed-limit", (works(), dies(LIMIT), replays(LIMIT.says, "resume", "{id}"))),
    Scenario("resumed-limit-works", (works(), dies(LIMIT), replays(LIMIT.says, "resume", "{id}"), works())),
    Scenario(
        "resumed-credits",
        (dies(workspace(MEMBER)), replays(workspace(MEMBER).says, "resume", "{id}"), works()),
        plan="team",
    ),
    Scenario("forked-limit", (works(), dies(LIMIT), replays(LIMIT.says, "fork", "{id}")), since=(0, 92)),
)
