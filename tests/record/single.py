"""One death each."""

from typing import Any

from codexwrap.drill.answers import HttpError, Shell, Text
from codexwrap.drill.codexhome import Retries
from tests.record import deaths
from tests.record.deaths import HOUR, SIMPLE, TOKEN_REVOKED, UNREACHABLE, popup, usage_limit, workspace
from tests.record.scenario import Scenario
from tests.record.steps import (
    Death,
    dies,
    fails_to_start,
    known_limit,
    loses_network,
    no_progress,
    sees,
    signed_out,
    signs_in_elsewhere,
    signs_out,
    waits,
    works,
)

MEMBER, OWNER = "workspace_member_credits_depleted", "workspace_owner_credits_depleted"
LIMIT = usage_limit("plus")
ROUTED = (0, 157)  # since then Codex asks the backend for the workspace before it starts


def _scenario(name: str, death: Death, *before: Any, **setting: Any) -> Scenario:
    steps = (works(), dies(death, *before))
    return Scenario(name, **{"steps": steps, "plan": death.plan, "auth": death.auth, **setting})


def _first(name: str, death: Death, **setting: Any) -> Scenario:
    return _scenario(name, death, steps=(dies(death, prompt="please look at the parser"),), **setting)


SHARED = (sees("permissions:YOLOmode"), waits(2), works())  # the background server takes its time
PATIENT = Retries(idle_timeout_ms=3_600_000)
_TOOL = Shell("echo hello-from-shell; ls", say="I will look at the files first.")
_FAR_EAST = Text(
    "我看了代码库。解析器在 src/parse.py 中，测试通过。\n\n"
    "- 第一步完成\n- 日本語の要約：テストは成功しました 🎉\n- 한국어 요약"
)

_REFUSED_START = Death(
    "auth.token_revoked",
    TOKEN_REVOKED.answer,
    dict.fromkeys([r"Error:account/readfailed:.*Youraccesstokencouldnotberefreshedbecauseyourrefreshtokenwasrevoked"]),
    refresh=TOKEN_REVOKED.refresh,
    revokes=True,
)
_NO_WORKSPACE = Death(
    "process.startup_failed",
    lambda _: HttpError(404, {"detail": "Not Found"}),
    dict.fromkeys(["Error:account/readfailed:.*workspaceroutingdiscoveryfailed"]),
)

SINGLE = (
    *(_scenario(name, death) for name, death in SIMPLE.items() if name != "silent"),
    _scenario("silent", SIMPLE["silent"], retries=Retries(idle_timeout_ms=2500)),
    *(
        _scenario(f"popup-{name}", popup(reached), steps=(known_limit(reached), dies(popup(reached))), reached=reached)
        for name, reached in (("member", MEMBER), ("owner", OWNER))
    ),
    # In the first turn of all, and in the middle of one.
    _first("first-revoked", TOKEN_REVOKED),
    _first("first-limit", LIMIT),
    _first("first-credits", workspace(MEMBER)),
    _first("first-api-key", deaths.BAD_API_KEY),
    _scenario("midturn-revoked", TOKEN_REVOKED, _TOOL),
    _scenario("midturn-limit", LIMIT, _TOOL),
    _scenario("midturn-credits", workspace(OWNER), _TOOL, _TOOL),
    _scenario("midturn-rate", deaths.RATE_LIMIT, _TOOL),
    # With Codex's own numbers of retries.
    _scenario("retries-still-401", deaths.STILL_401, retries=Retries(4, 5)),
    _scenario("retries-server-error", deaths.SERVER_ERROR, retries=Retries(4, 5)),
    _scenario("retries-cut", deaths.CUT, retries=Retries(4, 5)),
    # In other surroundings.
    _scenario("no-color-limit", LIMIT, env={"NO_COLOR": "1"}),
    _scenario("no-color-revoked", TOKEN_REVOKED, env={"NO_COLOR": "1"}),
    _scenario("tmux-limit", usage_limit("pro", 26 * HOUR), env={"TERM": "tmux-256color", "COLORTERM": ""}),
    _scenario("screen-revoked", TOKEN_REVOKED, env={"TERM": "screen-256color", "COLORTERM": ""}),
    _scenario("dumb-limit", LIMIT, env={"TERM": "dumb", "COLORTERM": ""}),
    _scenario("xterm-limit", usage_limit("team"), env={"TERM": "xterm", "COLORTERM": ""}),
    _scenario("inline-limit", LIMIT, arguments=("--no-alt-screen",), since=(0, 98)),
    _scenario("inline-credits", workspace(MEMBER), arguments=("--no-alt-screen",), since=(0, 98)),
    _scenario("mute-revoked", TOKEN_REVOKED, answers=False),
    _scenario("mute-limit", LIMIT, answers=False),
    _scenario("daemon-limit", LIMIT, steps=(*SHARED, dies(LIMIT)), daemon=True, since=(0, 160)),
    _scenario("daemon-revoked", TOKEN_REVOKED, steps=(*SHARED, dies(TOKEN_REVOKED)), daemon=True, since=(0, 160)),
    _scenario("named-model-limit", usage_limit("pro", 5 * HOUR), model="gpt-5.4"),
    _scenario(
        "far-east-limit", LIMIT, steps=(works(_FAR_EAST, prompt="请看一下解析器 🙏"), dies(LIMIT, prompt="下一步 →"))
    ),
    _scenario(
        "far-east-revoked", TOKEN_REVOKED, steps=(works(_FAR_EAST), dies(TOKEN_REVOKED, prompt="次をお願いします"))
    ),
    Scenario("account-changed", (works(), signs_in_elsewhere(), dies(deaths.ACCOUNT_CHANGED))),
    Scenario("logged-out", (works(), signs_out(), dies(deaths.ACCOUNT_CHANGED))),
    # Where no turn can start, or none can end.
    _scenario("start-revoked", _REFUSED_START, steps=(fails_to_start(_REFUSED_START, status=1),), since=ROUTED),
    _scenario("start-no-workspace", _NO_WORKSPACE, steps=(fails_to_start(_NO_WORKSPACE, status=1),), since=ROUTED),
    Scenario("signed-out", (signed_out({"SigninwithChatGPT": None}),)),
    Scenario("silent-for-long", (works(), no_progress(960)), retries=PATIENT),
    Scenario("refused", (works(), loses_network(UNREACHABLE), waits(45))),
)
