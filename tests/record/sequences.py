"""Deaths with more of a story."""

import signal

from codexwrap.drill.answers import Shell, Text
from tests.record import wordings
from tests.record.deaths import (
    CUT,
    HOUR,
    RATE_LIMIT,
    SERVER_ERROR,
    TOKEN_REVOKED,
    UNREACHABLE,
    bare_usage_limit,
    usage_limit,
    workspace,
)
from tests.record.scenario import Scenario
from tests.record.single import MEMBER, SHARED
from tests.record.steps import (
    CTRL_T,
    ESC,
    again,
    begins_to_die,
    dies,
    goes_online,
    is_dead,
    kills_codex,
    kills_server,
    loses_network,
    mends,
    presses,
    replays,
    resizes,
    signs_in,
    starts_anew,
    types,
    waits,
    works,
)

LIMIT = usage_limit("plus")
SOON = usage_limit("plus", 20 * 60)
CREDITS = workspace(MEMBER)
_IN_PLACE = (0, 98)  # since then, or before, a running Codex rereads its credentials

SEQUENCES = (
    Scenario("relogin", (works(), dies(TOKEN_REVOKED), signs_in(), works()), since=_IN_PLACE),
    Scenario("relogin-dies-again", (works(), dies(TOKEN_REVOKED), signs_in(), works(), dies(LIMIT)), since=_IN_PLACE),
    Scenario("limit-passes", (works(), dies(SOON), waits(1), mends(), works())),
    Scenario("limit-passes-revoked", (works(), dies(SOON), mends(), works(), dies(TOKEN_REVOKED))),
    Scenario("limit-twice", (works(), dies(SOON), mends(), works(), works(), dies(usage_limit("plus", 26 * HOUR)))),
    Scenario("zombie-revoked", (works(), dies(TOKEN_REVOKED), again("go"), again("check feed and go"), again("go"))),
    Scenario("zombie-limit", (works(), dies(LIMIT), again("go"), again("go"), again("please go on"))),
    Scenario("stall-passes", (works(), dies(SERVER_ERROR), mends(), works())),
    Scenario("cut-passes", (works(), dies(CUT), mends(), works(prompt="go on"))),
    Scenario("rate-passes", (works(), dies(RATE_LIMIT), mends(), works(prompt="again please"))),
    Scenario("network-passes", (works(), loses_network(UNREACHABLE), waits(40), goes_online(), works())),
    Scenario("resized-limit", (works(), dies(LIMIT), resizes(60, 18), resizes(100, 30))),
    Scenario("resized-revoked", (works(), dies(TOKEN_REVOKED), resizes(44, 16))),
    Scenario("draft-limit", (works(), dies(LIMIT), types(wordings.NOTE.replace("\n", " ")))),
    Scenario("draft-revoked", (works(), dies(TOKEN_REVOKED), types("please go on, " * 25))),
    Scenario("transcript-limit", (works(), dies(LIMIT), presses(CTRL_T))),
    Scenario("transcript-closed-revoked", (works(), dies(TOKEN_REVOKED), presses(CTRL_T), presses("q"))),
    Scenario("bang-limit", (works(), dies(LIMIT), types("!ls; date", enter=True), waits(1.5))),
    Scenario("bang-revoked", (works(), dies(TOKEN_REVOKED), types("!git status", enter=True), waits(1.5))),
    Scenario("status-limit", (works(), dies(LIMIT), types("/status", enter=True), waits(1.5))),
    Scenario("escape-limit", (works(), dies(LIMIT), presses(ESC, ESC))),
    Scenario(
        "popup-closed", (works(), dies(CREDITS), presses(ESC), types("is anybody there")), plan="team", since=(0, 150)
    ),
    Scenario("slash-popup-limit", (works(), dies(LIMIT), types("/"))),
    Scenario("model-popup-revoked", (works(), dies(TOKEN_REVOKED), types("/model", enter=True), waits(1))),
    Scenario(
        "queued-limit",
        (
            works(),
            begins_to_die(LIMIT, Shell("sleep 5"), prompt="run the slow command"),
            waits(1.5),
            types("and then tell me about 401 Unauthorized", enter=True),
            types("and after that go on", enter=True),
            is_dead(LIMIT),
        ),
    ),
    Scenario("compact-limit", (works(), works(), begins_to_die(LIMIT, prompt="/compact"), is_dead(LIMIT))),
    Scenario("new-thread", (works(), dies(LIMIT), mends(), starts_anew(), works())),
    Scenario(
        "resumed-dies", (works(), dies(TOKEN_REVOKED), replays(TOKEN_REVOKED.says, "resume", "{id}"), dies(LIMIT))
    ),
    Scenario(
        "resumed-dies-same",
        (works(), dies(LIMIT), replays(LIMIT.says, "resume", "{id}"), works(), dies(bare_usage_limit("pro"))),
    ),
    Scenario("prose-dies", (works(Text(wordings.PROSE)), dies(TOKEN_REVOKED))),
    Scenario("tool-dies", (works(), dies(LIMIT, Shell("cat deaths.txt"), Shell("cat note.md")))),
    Scenario("long-dies", (*[works() for _ in range(5)], dies(CREDITS)), plan="team"),
    Scenario("killed", (works(), kills_codex(signal.SIGKILL, "process.killed"))),
    Scenario("killed-working", (works(), types("think", enter=True), kills_codex(signal.SIGKILL, "process.killed"))),
    Scenario("killed-dead", (works(), dies(LIMIT), kills_codex(signal.SIGKILL, None))),
    Scenario(
        "server-killed", (*SHARED, kills_server({"Reconnectingtoserver": None}), waits(20)), daemon=True, since=(0, 160)
    ),
)
