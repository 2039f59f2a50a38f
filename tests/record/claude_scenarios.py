"""What happens to Claude Code."""

import time

from codexwrap.drill.answers import Call, Cut, HttpError, Shell, Stall, Text
from tests.record import wordings
from tests.record.claude_provider import refusal
from tests.record.guests import (
    Death,
    Scenario,
    Step,
    again,
    answers_with,
    dies,
    loses_network,
    mends,
    presses,
    replays,
    resizes,
    signs_in,
    types,
    waits,
    works,
)

HOUR, DAY = 3600, 86400
ESC, ENTER = "\x1b", "\r"
_TOOL = Shell("echo hello-from-shell; ls", say="I will look at the files first.")


# --- how the provider ends a session ----------------------------------------------------------------------------------


def limited(claim: str, resets_in: int, words: str, **headers: str) -> Death:
    """The allowance of a window of the subscription is used up."""

    def answer(resets_at: int | None) -> HttpError:
        unified = {
            "status": "rejected",
            "representative-claim": claim,
            "reset": str(resets_at),
            f"{'5h' if claim == 'five_hour' else '7d'}-status": "rejected",
            f"{'5h' if claim == 'five_hour' else '7d'}-reset": str(resets_at),
            f"{'5h' if claim == 'five_hour' else '7d'}-utilization": "1.0",
            "overage-status": "rejected",
            "overage-disabled-reason": "org_level_disabled",
            **headers,
        }
        named = {f"anthropic-ratelimit-unified-{name}": value for name, value in unified.items()}
        message = "This request would exceed your account's rate limit. Please try again later."
        return refusal(429, "rate_limit_error", message, {"x-should-retry": "false", **named})

    return Death("limit.usage", answer, {words: None}, resets_in)


SESSION_LIMIT = limited("five_hour", 3 * HOUR, r"You'vehityour(?:session|5-hour)limit·resets")
WEEKLY_LIMIT = limited("seven_day", 4 * DAY, r"You'vehityourweeklylimit·resets")
OPUS_LIMIT = limited("seven_day_opus", 2 * DAY + 5 * HOUR, r"You'vehityourOpuslimit·resets")

_INVALID_GRANT = HttpError(400, {"error": "invalid_grant", "error_description": "Refresh token not found or invalid"})
_REVOKED = refusal(
    401,
    "authentication_error",
    "OAuth token has been revoked. Please obtain a new token or refresh your existing token.",
    error_code="token_revoked",
)
LOGIN_GONE = Death(  # the words are the same whatever the reason was
    "auth.token_revoked",
    lambda _: _REVOKED,
    {r"(?:Loginexpired|Notloggedin)·Pleaserun/login": "auth.*"},
    refresh=_INVALID_GRANT,
    revokes=True,
)
STILL_401 = Death(
    "auth.token_revoked",
    lambda _: _REVOKED,
    {r"Pleaserun/login·APIError:401OAuthtokenhasbeenrevoked": None},
    refresh=refusal(500, "api_error", "Internal server error"),
    revokes=True,
)
REVOKED_403 = Death(
    "auth.token_revoked",
    lambda _: refusal(403, "permission_error", "OAuth token has been revoked."),
    {r"OAuthtokenrevoked·Pleaserun/login": None},
    refresh=refusal(500, "api_error", "Internal server error"),
    revokes=True,
)
BAD_KEY = Death(
    "auth.api_key_rejected",
    lambda _: refusal(401, "authentication_error", "invalid x-api-key"),
    {"InvalidAPIkey·FixexternalAPIkey": None},
    auth="api-key",
    revokes=True,
)
NO_CREDIT = Death(
    "credits.quota_exceeded",
    lambda _: refusal(
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase"
        " credits.",
    ),
    {"Creditbalancetoolow": None},
    auth="api-key",
)
SPEND_CAP = Death(
    "credits.spend_cap",
    lambda resets_at: refusal(
        400,
        "invalid_request_error",
        "You have reached your specified API usage limits. You will regain access on "
        f"{time.strftime('%Y-%m-%d at %H:%M UTC', time.gmtime(resets_at))}.",
    ),
    {"APIError:400YouhavereachedyourspecifiedAPIusagelimits": None},
    resets_in=8 * DAY,
    auth="api-key",
)
ORGANIZATION_DISABLED = Death(
    "credits.workspace_deactivated",
    lambda _: refusal(400, "invalid_request_error", "This organization has been disabled."),
    {"YourANTHROPIC_API_KEYbelongstoadisabledorganization": None},
    auth="api-key",
)
OVERLOADED = Death(
    "provider.overloaded",
    lambda _: refusal(529, "overloaded_error", "Overloaded"),
    {"APIError:529Overloaded": None},
)
SERVER_ERROR = Death(
    "provider.server_error",
    lambda _: refusal(500, "api_error", "Internal server error"),
    {"APIError:500Internalservererror": None},
)
UNAVAILABLE = Death(
    "provider.server_error",
    lambda _: HttpError(503, "<html><body><h1>503 Service Unavailable</h1></body></html>"),
    {"APIError:503": None},
)
STREAM_OVERLOADED = Death(
    "provider.overloaded",
    lambda _: refusal(529, "overloaded_error", "Overloaded"),
    {"APIError:.*[Oo]verloaded": None},
)
RATE = Death(
    "limit.rate",
    lambda _: refusal(429, "rate_limit_error", "Number of request tokens has exceeded your per-minute rate limit"),
    {r"APIError:(?:Serveristemporarilylimitingrequests|Requestrejected\(429\))": None},
)
CONTEXT = Death(
    "context.window_exceeded",
    lambda _: refusal(400, "invalid_request_error", "prompt is too long: 214000 tokens > 200000 maximum"),
    {"Contextlimitreached": None},
)
UNREACHABLE = Death(
    "network.unreachable",
    lambda _: Cut(),
    {r"APIError:(?:UnabletoconnecttoAPI|Connectionrefused|ConnectionError)": None},
    auth="api-key",
)
CUT = Death(
    "provider.stream_lost",
    lambda _: Cut(),
    {r"APIError:(?:UnabletoconnecttoAPI\(ECONNRESET\)|Connection(?:dropped|closed|totheAPIwaslost))": None},
)
NOT_IN_PLAN = Death(
    "credits.not_in_plan",
    lambda _: refusal(403, "permission_error", "OAuth authentication is currently not allowed for this organization."),
    {"ClaudeCodecan'tuseyourClaudesubscription": None},
)


# --- scenarios --------------------------------------------------------------------------------------------------------


def _death(name: str, death: Death, *before: Shell, **setting: object) -> Scenario:
    steps: tuple[Step, ...] = (works(), dies(death, *before))
    return Scenario(name, **{"steps": steps, "auth": death.auth, **setting})  # type: ignore[arg-type]


BAIT = """\
● You've hit your session limit · resets 4:17pm (UTC)
  ⎿  You've hit your session limit · resets 4:17pm (UTC)
  ⎿  Credit balance too low · Add funds: https://platform.claude.com/settings/billing
● Login expired · Please run /login
  ⎿  Not logged in · Please run /login
● API Error: 529 Overloaded. This is a server-side issue, usually temporary — try again in a moment.
● Please run /login · API Error: 401 OAuth token has been revoked.
  ⎿  OAuth token revoked · Please run /login
  ⎿  Context limit reached · /compact or /clear to continue
"""
_PRINTS = f"cat <<'EOF'\n{BAIT}EOF"
_COLOURED = (
    "printf '\\033[38;2;255;193;7m● API Error: 529 Overloaded. Try again in a moment.\\033[0m\\n"
    "\\033[38;2;255;107;128m  ⎿  You'\\''ve hit your session limit · resets 4:17pm (UTC)\\033[0m\\n'"
)
_FAILS = f"{_PRINTS} >&2; exit 1"
_PROSE = Text(
    "A dead Claude seat prints one of these, verbatim:\n\n"
    + BAIT.replace("\n", "\n\n")
    + "\n```text\n"
    + BAIT
    + "```\n\n"
    "| cause | words |\n|---|---|\n| limit | You've hit your session limit · resets 4pm |\n| auth | Login expired · Please"
    " run /login |\n\n> Not logged in · Please run /login\n\n"
    + wordings.LIMIT
    + "\n\nNone of that happens to this session."
)
_LONG = tuple(Shell(f"sleep 6; echo part {number} done", say=f"Part {number}.") for number in range(1, 4))


def _alive(name: str, *steps: Step, **setting: object) -> Scenario:
    return Scenario(name, steps, **setting)  # type: ignore[arg-type]


_DIRECT = {"ANTHROPIC_BASE_URL": "{provider}", "HTTPS_PROXY": "", "HTTP_PROXY": ""}
_FULL = ("--verbose",)
_PLAIN = {"COLORTERM": ""}

DEATHS = (
    _death("limit-session", SESSION_LIMIT),
    _death("limit-weekly", WEEKLY_LIMIT),
    _death("limit-opus", OPUS_LIMIT),
    _death("limit-first", SESSION_LIMIT, steps=(dies(SESSION_LIMIT, prompt="please look at the parser"),)),
    _death("limit-midturn", SESSION_LIMIT, _TOOL),
    _death("auth-revoked", LOGIN_GONE),
    _death("auth-revoked-midturn", LOGIN_GONE, _TOOL),
    _death("auth-still-401", STILL_401),
    _death("auth-403", REVOKED_403),
    _death("auth-api-key", BAD_KEY),
    _death("credit-low", NO_CREDIT),
    _death("credit-low-midturn", NO_CREDIT, _TOOL),
    _death("spend-cap", SPEND_CAP),
    _death("organization-disabled", ORGANIZATION_DISABLED),
    _death("overloaded", OVERLOADED),
    _death("overloaded-midturn", OVERLOADED, _TOOL),
    _death("server-error", SERVER_ERROR),
    _death("unavailable", UNAVAILABLE),
    _death("rate", RATE),
    _death("context", CONTEXT),
    _death("cut", CUT),
    _death("not-in-plan", NOT_IN_PLAN),
    _death("refused", UNREACHABLE, steps=(works(), loses_network(UNREACHABLE)), env=_DIRECT),
    _death("verbose-limit-midturn", SESSION_LIMIT, _TOOL, arguments=_FULL),
    _death("verbose-revoked-midturn", LOGIN_GONE, _TOOL, arguments=_FULL),
    _death("verbose-credit-midturn", NO_CREDIT, _TOOL, arguments=_FULL),
    _death("colours-limit", SESSION_LIMIT, env=_PLAIN),
    _death("colours-overloaded", OVERLOADED, env=_PLAIN),
    _death("no-color-limit", SESSION_LIMIT, env={"NO_COLOR": "1", **_PLAIN}),
    _death("no-color-overloaded", OVERLOADED, env={"NO_COLOR": "1", **_PLAIN}),
    _death("light-limit", SESSION_LIMIT, settings={"theme": "light"}),
    _death("light-overloaded", OVERLOADED, settings={"theme": "light"}),
    _death("daltonized-revoked", LOGIN_GONE, settings={"theme": "dark-daltonized"}),
    _death("ansi-limit", SESSION_LIMIT, settings={"theme": "dark-ansi"}),
    _death("ansi-overloaded", OVERLOADED, settings={"theme": "dark-ansi"}),
    _death("status-limit", SESSION_LIMIT, status=True),
    _death("status-weekly", WEEKLY_LIMIT, status=True),
    _death("status-revoked", LOGIN_GONE, status=True),
    _death("status-overloaded", OVERLOADED, status=True),
    _death("status-credit-midturn", NO_CREDIT, _TOOL, status=True),
    _death("mute-limit", SESSION_LIMIT, answers=False),
    _death("mute-revoked", LOGIN_GONE, answers=False),
)
SEQUENCES = (
    _death(
        "limit-again", SESSION_LIMIT, steps=(works(), dies(SESSION_LIMIT), presses(ESC), again(), again("still there?"))
    ),
    _death("revoked-again", LOGIN_GONE, steps=(works(), dies(LOGIN_GONE), again(), again("still there?"))),
    _death("revoked-resized", LOGIN_GONE, steps=(works(), dies(LOGIN_GONE), resizes(100, 30), resizes(80, 24))),
    _death("revoked-relogin", LOGIN_GONE, steps=(works(), dies(LOGIN_GONE), signs_in(), works())),
    _death(
        "revoked-relogin-limit",
        LOGIN_GONE,
        steps=(works(), dies(LOGIN_GONE), signs_in(), works(), mends(), dies(SESSION_LIMIT)),
    ),
    _death("overloaded-recovers", OVERLOADED, steps=(works(), dies(OVERLOADED), mends(), works())),
    _death("limit-passes", SESSION_LIMIT, steps=(works(), dies(SESSION_LIMIT), presses(ESC), mends(), works())),
    _death(
        "resume-limit",
        SESSION_LIMIT,
        steps=(works(), dies(SESSION_LIMIT), presses(ESC), replays(SESSION_LIMIT.says, "--resume", "{id}")),
    ),
    _death(
        "resume-overloaded",
        OVERLOADED,
        steps=(works(), dies(OVERLOADED), replays(OVERLOADED.says, "--resume", "{id}"), works()),
    ),
    _death(
        "resume-revoked-dies",
        LOGIN_GONE,
        steps=(
            works(),
            dies(LOGIN_GONE),
            signs_in(),
            replays(LOGIN_GONE.says, "--resume", "{id}"),
            dies(SESSION_LIMIT),
        ),
    ),
)
ALIVE = (
    _alive("healthy", works(), works(_TOOL, Text("The files are all there, and nothing else has to be done."))),
    _alive("prints-deaths", works(), works(Shell(_PRINTS), Text("That was the list of what may be printed."))),
    _alive("prints-coloured", works(), works(Shell(_COLOURED), Text("That was the list in its colours."))),
    _alive("tool-fails", works(), works(Shell(_FAILS), Text("The command has failed, and that was expected."))),
    _alive("prose", works(), works(_PROSE)),
    _alive(
        "writes-deaths",
        works(),
        works(Call("Write", {"file_path": "deaths.md", "content": BAIT}), Text("The file is written now.")),
    ),
    _alive("prompt-deaths", works(), works(prompt="what does this mean: ● API Error: 529 Overloaded. ⎿ Not logged in")),
    _alive("draft-deaths", works(), types("You've hit your session limit · resets 4:17pm (UTC)")),
    _alive("long-turn", works(), works(*_LONG, Text("All three parts of it are done."))),
    _alive(
        "still-working",
        works(),
        answers_with(_TOOL, Stall(text="", seconds=60)),
        types("and the next step", enter=True),
        waits(12),
    ),
    _alive(
        "transient", works(), works(OVERLOADED.answer(None), SERVER_ERROR.answer(None), Text("It went well at last."))
    ),
    _alive(
        "transient-401",
        works(),
        works(_REVOKED, Text("It went well with another token."), prompt="do the next step"),
    ),
    _alive(
        "begins-like-limit", works(), works(Text("You've hit your session limit · resets 4:17pm (UTC), it says there."))
    ),
    _alive(
        "begins-like-error", works(), works(Text("API Error: 529 Overloaded. That is what the log of the build says."))
    ),
    _alive("interrupted", works(), answers_with(Stall(seconds=60)), types("go on", enter=True), waits(3), presses(ESC)),
    _alive("idle", works(), waits(5)),
    _alive("verbose-prints-deaths", works(), works(Shell(_PRINTS), Text("That was the list.")), arguments=_FULL),
    _alive("verbose-prints-coloured", works(), works(Shell(_COLOURED), Text("That was the list.")), arguments=_FULL),
    _alive("verbose-tool-fails", works(), works(Shell(_FAILS), Text("It has failed, as expected.")), arguments=_FULL),
    _alive("runs-command", works(), types(f"! {_COLOURED}", enter=True), waits(2)),
    _alive(
        "no-color-prints", works(), works(Shell(_PRINTS), Text("That was it.")), arguments=_FULL, env={"NO_COLOR": "1"}
    ),
    _alive("light-prose", works(), works(_PROSE), settings={"theme": "light"}),
    _alive("status-healthy", works(), works(_TOOL, Text("Nothing else has to be done.")), status=True),
    _alive("status-begins-like-limit", works(), works(Text("You've hit your session limit, it says.")), status=True),
    _alive("status-prints-coloured", works(), works(Shell(_COLOURED), Text("The list.")), arguments=_FULL, status=True),
    _alive(
        "status-interrupted",
        works(),
        answers_with(Stall(seconds=60)),
        types("go", enter=True),
        waits(3),
        presses(ESC),
        status=True,
    ),
)
SCENARIOS = (*DEATHS, *SEQUENCES, *ALIVE)
