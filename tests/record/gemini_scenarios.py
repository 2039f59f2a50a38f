"""What happens to Gemini CLI."""

from codexwrap.drill.answers import Call, Cut, HttpError, Shell, Stall, Text
from tests.record import wordings
from tests.record.gemini_provider import refusal
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
    types,
    waits,
    works,
)

HOUR = 3600
ESC, ENTER = "\x1b", "\r"
_TOOL = Shell("echo hello-from-shell; ls", say="I will look at the files first.")


# --- how the provider ends a session ----------------------------------------------------------------------------------

_PER_DAY = {
    "@type": "QuotaFailure",
    "violations": [
        {
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            "quotaValue": "50",
        }
    ],
}
_EXCEEDED = "You exceeded your current quota, please check your plan and billing details."
_DIALOG: dict[str, str | None] = {r"Usagelimitreachedfor.*1\.Keeptrying": None}

DAILY = Death(
    "limit.usage",
    lambda _: refusal(429, "RESOURCE_EXHAUSTED", _EXCEEDED, _PER_DAY),
    _DIALOG,
    auth="api-key",
)
SUBSCRIBED = Death(
    "limit.usage",
    lambda _: refusal(
        429,
        "RESOURCE_EXHAUSTED",
        "Quota exceeded for quota metric 'Gemini 2.5 Pro Requests' and limit 'requests per day'.",
        {
            "@type": "ErrorInfo",
            "reason": "QUOTA_EXHAUSTED",
            "domain": "cloudcode-pa.googleapis.com",
            "metadata": {"model": "gemini-2.5-pro"},
        },
        {"@type": "RetryInfo", "retryDelay": f"{3 * HOUR}s"},
    ),
    _DIALOG,
    resets_in=3 * HOUR,
)
_KEY_INVALID = {"@type": "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
BAD_KEY = Death(
    "auth.api_key_rejected",
    lambda _: refusal(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", _KEY_INVALID),
    {"APIkeynotvalid|API_KEY_INVALID": None},
    auth="api-key",
)
EXPIRED_KEY = Death(
    "auth.api_key_rejected",
    lambda _: refusal(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", _KEY_INVALID),
    {"APIkeyexpired": None},
    auth="api-key",
)
LEAKED_KEY = Death(
    "auth.api_key_rejected",
    lambda _: refusal(403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."),
    {"reportedasleaked": None},
    auth="api-key",
)
REVOKED = Death(
    "auth.token_revoked",
    lambda _: refusal(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
        " authentication credential.",
    ),
    {"invalidauthenticationcredentials|othervalidauthenticationcredential": "auth.unauthorized"},
    refresh=HttpError(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
)
BILLING = Death(
    "credits.quota_exceeded",
    lambda _: refusal(
        400,
        "FAILED_PRECONDITION",
        "This API method requires billing to be enabled. Please enable billing on project #1 and then retry.",
    ),
    {"requiresbillingtobeenabled": None},
    auth="api-key",
)
CONTEXT = Death(
    "context.window_exceeded",
    lambda _: refusal(
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    ),
    {"inputtokencount": None},
    auth="api-key",
)
CUT = Death("provider.stream_lost", lambda _: Cut(), {r"APIError:terminated": None}, auth="api-key")
OVERLOADED = refusal(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
RETRIED = Death(
    "provider.overloaded",
    lambda _: OVERLOADED,
    {r"\(esctocancel": "stall.no_progress"},
    auth="api-key",
    by_age=True,
)
UNREACHABLE = Death("network.unreachable", lambda _: Cut(), {"APIError:.*fetchfailed": None}, auth="api-key")


# --- scenarios --------------------------------------------------------------------------------------------------------


def _scenario(name: str, *steps: Step, **setting: object) -> Scenario:
    fixed = {"auth": "api-key", "arguments": ("--yolo", "-m", "gemini-2.5-pro")}
    return Scenario(name, steps, **{**fixed, **setting})  # type: ignore[arg-type]


def _death(name: str, death: Death, *before: Shell, **setting: object) -> Scenario:
    return _scenario(name, works(), dies(death, *before), auth=death.auth, **setting)


BAIT = """\
✕ [API Error: {"error":{"code":400,"message":"API key not valid. Please pass a valid API key."}}]
✕ [API Error: You have exhausted your daily quota on this model.]
╭──────────────────────────────────────────╮
│                                          │
│ Usage limit reached for all Pro models.  │
│ ● 1. Keep trying                         │
│   2. Stop                                │
╰──────────────────────────────────────────╯
ℹ This request failed. Press F12 for diagnostics
"""
_PRINTS = f"cat <<'EOF'\n{BAIT}EOF"
_COLOURED = (
    "printf '\\033[38;2;255;135;175m✕ [API Error: You have exhausted your daily quota on this model.]\\033[0m\\n'"
)
_FAILS = f"{_PRINTS} >&2; exit 1"
_PROSE = Text(
    "A dead Gemini seat prints one of these, verbatim:\n\n"
    + BAIT.replace("\n", "\n\n")
    + "\n```text\n"
    + BAIT
    + "```\n\n"
    "| cause | words |\n|---|---|\n| limit | Usage limit reached for all Pro models. |\n\n"
    "> ✕ [API Error: terminated]\n\n" + wordings.LIMIT + "\n\nNone of that happens to this session."
)
_BEGINS = Text("✕ [API Error: You have exhausted your daily quota on this model.] is what the log says.")
_LONG = tuple(Shell(f"sleep 6; echo part {number} done", say=f"Part {number}.") for number in range(1, 4))

DEATHS = (
    _death("limit-daily", DAILY),
    _scenario("limit-first", dies(DAILY, prompt="please look at the parser")),
    _death("limit-midturn", DAILY, _TOOL),
    _death("limit-subscribed", SUBSCRIBED),
    _death("auth-bad-key", BAD_KEY),
    _death("auth-bad-key-midturn", BAD_KEY, _TOOL),
    _death("auth-expired-key", EXPIRED_KEY),
    _death("auth-leaked-key", LEAKED_KEY),
    _death("auth-revoked", REVOKED),
    _death("billing", BILLING),
    _death("context", CONTEXT),
    _death("cut", CUT),
    _scenario("refused", works(), loses_network(UNREACHABLE)),
    _death("mute-limit", DAILY, answers=False),
    _death("mute-bad-key", BAD_KEY, answers=False),
    _death("colours-bad-key", BAD_KEY, env={"COLORTERM": ""}),
    _death("colours-limit", DAILY, env={"COLORTERM": ""}),
    _death("no-color-bad-key", BAD_KEY, env={"NO_COLOR": "1", "COLORTERM": ""}),
    _death("light-bad-key", BAD_KEY, settings={"theme": "Google Code"}),
    _death("github-bad-key", BAD_KEY, settings={"theme": "GitHub"}),
)
_BAD_KEY_AGAIN = {"APIError|API_KEY_INVALID": None}
SEQUENCES = (
    _scenario("limit-stopped", works(), dies(DAILY), types("2"), presses(ENTER), waits(2)),
    _scenario("bad-key-again", works(), dies(BAD_KEY), again(), again("still there?")),
    _scenario("bad-key-resized", works(), dies(BAD_KEY), resizes(100, 30), resizes(80, 24)),
    _scenario("bad-key-recovers", works(), dies(BAD_KEY), mends(), works()),
    _scenario("bad-key-recovers-limit", works(), dies(BAD_KEY), mends(), works(), dies(DAILY)),
    _scenario("limit-passes", works(), dies(DAILY), types("2"), presses(ENTER), mends(), works()),
    _scenario("resume-bad-key", works(), dies(BAD_KEY), replays(_BAD_KEY_AGAIN, "--resume", "{id}")),
    _scenario(
        "resume-bad-key-works",
        works(),
        dies(BAD_KEY),
        replays(_BAD_KEY_AGAIN, "--resume", "{id}"),
        works(),
    ),
    _scenario(
        "resume-bad-key-dies",
        works(),
        dies(BAD_KEY),
        replays(_BAD_KEY_AGAIN, "--resume", "{id}"),
        dies(LEAKED_KEY),
    ),
)
ALIVE = (
    _scenario("healthy", works(), works(_TOOL, Text("The files are all there, and nothing else has to be done."))),
    _scenario("prints-deaths", works(), works(Shell(_PRINTS), Text("That was the list of what may be printed."))),
    _scenario("prints-coloured", works(), works(Shell(_COLOURED), Text("That was the list in its colours."))),
    _scenario("tool-fails", works(), works(Shell(_FAILS), Text("The command has failed, as was expected."))),
    _scenario("prose", works(), works(_PROSE)),
    _scenario("begins-like-error", works(), works(_BEGINS)),
    _scenario(
        "writes-deaths",
        works(),
        works(Call("write_file", {"file_path": "deaths.md", "content": BAIT}), Text("The file is written now.")),
    ),
    _scenario("prompt-deaths", works(), works(prompt="what is ✕ [API Error: terminated] and Usage limit reached")),
    _scenario("draft-deaths", works(), types("✕ [API Error: terminated] Usage limit reached for all Pro models.")),
    _scenario("long-turn", works(), works(*_LONG, Text("All three parts of it are done."))),
    _scenario(
        "still-working",
        works(),
        answers_with(_TOOL, Stall(text="", seconds=90)),
        types("and the next step", enter=True),
        waits(12),
    ),
    _scenario("transient", works(), works(OVERLOADED, Text("It went well at last."))),
    _scenario("transient-twice", works(), works(OVERLOADED, OVERLOADED, Text("It went well at last.")), retries=None),
    _scenario(
        "interrupted", works(), answers_with(Stall(seconds=60)), types("go on", enter=True), waits(3), presses(ESC)
    ),
    _scenario("runs-command", works(), types("!"), types(_COLOURED, enter=True), waits(3)),
    _scenario("idle", works(), waits(5)),
    _scenario("subscribed-healthy", works(), works(_TOOL, Text("Nothing else has to be done.")), auth="oauth"),
)
# A quarter of an hour each: to be asked for by name.
SLOW = (_scenario("slow-overloaded", works(), dies(RETRIED), waits(960)),)
SCENARIOS = (*DEATHS, *SEQUENCES, *ALIVE, *SLOW)
