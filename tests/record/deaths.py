"""Every way in which a provider session ends."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from codexwrap.drill import refusals
from codexwrap.drill.answers import Cut, Failed, HttpError, Incomplete, Stall
from codexwrap.drill.tokens import Login
from tests.record.steps import Death, Says

HOUR, DAY = 3600, 86400


def _sentence(*patterns: str) -> Says:
    return dict.fromkeys(patterns)


# --- auth: the access token is refused, and what becomes of the attempt to get another -------------------------------

_NO_REFRESH = "Youraccesstokencouldnotberefreshed"
_OLD_401: dict[str, str | None] = {
    "■exceededretrylimit,laststatus:401Unauthorized": "auth.unauthorized"
}  # 0.47 says no more
_AGAIN = r"Pleaselogoutandsigninagain\."

TOKEN_REVOKED = Death(
    "auth.token_revoked",
    lambda _: refusals.TOKEN_REVOKED,
    {f"{_NO_REFRESH}becauseyourrefreshtokenwasrevoked\\.{_AGAIN}": None, **_OLD_401},
    refresh=refusals.REFRESH_REVOKED,
    revokes=True,
)
REFRESH_REUSED = Death(
    "auth.refresh_reused",
    lambda _: refusals.TOKEN_INVALIDATED,
    {f"{_NO_REFRESH}becauseyourrefreshtokenwasalreadyused\\.{_AGAIN}": None, **_OLD_401},
    refresh=refusals.REFRESH_REUSED,
    revokes=True,
)
REFRESH_EXPIRED = Death(
    "auth.refresh_expired",
    lambda _: refusals.TOKEN_EXPIRED,
    {f"{_NO_REFRESH}becauseyourrefreshtokenhasexpired\\.{_AGAIN}": None, **_OLD_401},
    refresh=refusals.REFRESH_EXPIRED,
    revokes=True,
)
REFRESH_REFUSED = Death(
    "auth.refresh_failed",
    lambda _: refusals.TOKEN_EXPIRED,
    _sentence(f"{_NO_REFRESH}\\.{_AGAIN}"),
    refresh=refusals.REFRESH_REFUSED,
    revokes=True,
)
REFRESH_BROKEN = Death(
    "auth.refresh_failed",
    lambda _: refusals.TOKEN_EXPIRED,
    _sentence("■Failedtorefreshtoken:500InternalServerError"),
    refresh=refusals.REFRESH_BROKEN,
    revokes=True,
)
_STILL_401: dict[str, str | None] = {
    "■unexpectedstatus401Unauthorized:Encounteredinvalidatedoauthtokenforuser,failingrequest": None,
    "■unexpectedstatus401Unauthorized:": "auth.unauthorized",
    "■exceededretrylimit,laststatus:401Unauthorized": "auth.unauthorized",
}
STILL_401 = Death(
    "auth.token_revoked",
    lambda _: refusals.TOKEN_REVOKED,
    _STILL_401,
    refresh=Login(token="access-of-no-use"),
    revokes=True,
)
# The form of the words in which people have reported it: the code of the error comes in a header.
_CODED = base64.b64encode(json.dumps({"error": {"code": "token_revoked"}}).encode()).decode()
CODED_401 = Death(
    "auth.token_revoked",
    lambda _: HttpError(
        401,
        {"error": {"message": "Unauthorized", "code": "token_revoked"}},
        {"x-openai-authorization-error": "token_revoked", "x-error-json": _CODED},
    ),
    {
        "■unexpectedstatus401Unauthorized:.*token_revoked": None,
        "■unexpectedstatus401Unauthorized": "auth.unauthorized",
        "■exceededretrylimit,laststatus:401Unauthorized": "auth.unauthorized",
    },
    refresh=Login(token="access-of-no-use"),
    revokes=True,
)
EXPIRED_401 = Death(
    "auth.unauthorized",
    lambda _: refusals.TOKEN_EXPIRED,
    _sentence("■unexpectedstatus401Unauthorized:", "■exceededretrylimit,laststatus:401Unauthorized"),
    refresh=Login(token="access-of-no-use"),
    revokes=True,
)
ACCOUNT_CHANGED = Death(
    "auth.account_changed",
    lambda _: refusals.TOKEN_REVOKED,
    {
        f"{_NO_REFRESH}becauseyouhavesinceloggedoutorsignedintoanotheraccount\\.Pleasesigninagain\\.": None,
        _NO_REFRESH: "auth.*",
        "■unexpectedstatus401Unauthorized": "auth.*",
        "■exceededretrylimit,laststatus:401Unauthorized": "auth.*",
    },
    refresh=refusals.REFRESH_REVOKED,
    revokes=True,
)
BAD_API_KEY = Death(
    "auth.api_key_rejected",
    lambda _: refusals.BAD_API_KEY,
    {
        "■unexpectedstatus401Unauthorized:IncorrectAPIkeyprovided": None,
        "■unexpectedstatus401Unauthorized:": "auth.unauthorized",
        "■exceededretrylimit,laststatus:401Unauthorized": "auth.unauthorized",
    },
    auth="apikey",
    revokes=True,
)

# --- limit and credits -----------------------------------------------------------------------------------------------

_LIMIT = "You'vehityourusagelimit"
_WHEN = r"(at\w[\w,:]*?[AP]M|later|in\w+?)\."


def usage_limit(plan: str, resets_in: int | None = 3 * HOUR, **headers: Any) -> Death:
    """The plan's allowance is used up."""

    def answer(resets_at: int | None) -> HttpError:
        limits = refusals.limit_headers(used_percent=100, resets_at=resets_at, **headers)
        return refusals.usage_limit(plan if plan != "none" else None, resets_at=resets_at, headers=limits)

    says = {f"{_LIMIT}.*?ryagain{_WHEN}": None, f"{_LIMIT}\\.UpgradetoPlustocontinueusingCodex": "limit.usage"}
    return Death("limit.usage", answer, says, resets_in=resets_in, plan=plan if plan != "none" else "plus")


def bare_usage_limit(plan: str, resets_in: int | None = 3 * HOUR) -> Death:
    """The same without the headers that say how much of what is used."""
    says = _sentence(f"{_LIMIT}.*?ryagain{_WHEN}")
    return Death(
        "limit.usage", lambda at: refusals.usage_limit(plan, resets_at=at), says, resets_in=resets_in, plan=plan
    )


def _other_limit(resets_at: int | None) -> HttpError:
    headers = refusals.limit_headers(used_percent=100, resets_at=resets_at, limit="codex-other", name="codex_other")
    return refusals.usage_limit("pro", resets_at=resets_at, headers={**headers, "x-codex-active-limit": "codex_other"})


def _promo(resets_at: int | None) -> HttpError:
    promo = {"x-codex-promo-message": "To get more access now, visit https://chatgpt.com/promo"}
    headers = refusals.limit_headers(used_percent=100, resets_at=resets_at)
    return refusals.usage_limit("plus", resets_at=resets_at, headers={**headers, **promo})


NAMED_LIMIT = Death(
    "limit.usage", _other_limit, _sentence(f"{_LIMIT}.*?ryagain{_WHEN}"), resets_in=2 * HOUR, plan="pro"
)
PROMO_LIMIT = Death("limit.usage", _promo, _sentence(f"{_LIMIT}.*?ryagain{_WHEN}"), resets_in=5 * HOUR)
STREAM_LIMIT = Death(
    "limit.usage",
    lambda _: refusals.failure("usage_limit_reached", "The usage limit has been reached"),
    _sentence("■streamdisconnectedbeforecompletion:Theusagelimithasbeenreached"),
)
RATE_LIMIT = Death(
    "limit.rate",
    lambda _: refusals.RATE_LIMIT,
    _sentence("■exceededretrylimit,laststatus:429TooManyRequests"),
)
STREAM_RATE_LIMIT = Death(
    "limit.rate",
    lambda _: refusals.failure("rate_limit_exceeded", "Rate limit reached for this model. Please try again in 0.2s."),
    _sentence(
        r"■ratelimitexceeded:Ratelimitreachedforthismodel\.Pleasetryagainin0\.2s\.",
        r"■streamdisconnectedbeforecompletion:Ratelimitreachedforthismodel\.Pleasetryagainin0\.2s\.",
    ),
)
_OLD_WORDS = {f"{_LIMIT}.*?ryagain{_WHEN}": "limit.usage"}


def workspace(reached: str, *, plan: str = "team", page: bool = False) -> Death:
    """A workspace's credits or its spend cap; with `page` the usage page says so too."""
    cause = "credits.spend_cap" if "usage_limit" in reached else "credits.workspace_depleted"
    owner: dict[str, str | None] = {
        # One sentence for both: that it is the credits, or the cap, it does not say.
        r"■Usagelimitreached\.You'vereachedyourusagelimit\.Increaseyourlimitstocontinueusing[Cc]odex\.": "credits.*",
    }
    says: Mapping[str, str | None] = {
        r"■Yourworkspaceisoutofcredits\.(Askyourworkspaceownertorefillinordertocontinue|Addcreditstocontinue)\.": None,
        r"■Youhityourspendcap(setbytheownerofyourworkspace\.Askanownertoincreaseyourspendcap"
        r"|setinyourworkspace\.Increaseyourspendcap)tocontinue\.": None,
        **owner,
        **_OLD_WORDS,
    }
    return Death(
        cause,
        lambda at: refusals.workspace_limit(reached, plan=plan, resets_at=at),
        says,
        resets_in=None,
        plan=plan,
        reached=reached if page else None,
    )


def popup(reached: str) -> Death:
    """An ordinary 429 while it is known that the workspace's credits are used up."""
    headers = refusals.limit_headers(used_percent=100, reached=reached)
    answer = refusals.RATE_LIMIT
    refused = HttpError(answer.status, answer.body, headers)
    says: Mapping[str, str | None] = {
        "You'vereachedyourworkspacecreditlimit.*Yourworkspaceisoutofcredits": None,
        r"■You'reoutofcredits\.Yourworkspaceisoutofcredits\.AddcreditstocontinueusingCodex\.": None,
        "■exceededretrylimit,laststatus:429TooManyRequests": "limit.rate",
    }
    return Death("credits.workspace_depleted", lambda _: refused, says, plan="team", reached=reached)


QUOTA = Death(
    "credits.quota_exceeded",
    lambda _: refusals.QUOTA_EXCEEDED,
    {
        r"■Quotaexceeded\.Checkyourplanandbillingdetails\.": None,
        "■streamdisconnectedbeforecompletion:Youexceededyourcurrentquota": None,
    },
)
HTTP_QUOTA = Death(
    "credits.quota_exceeded",
    lambda _: refusals.refusal(
        429, "insufficient_quota", "You exceeded your current quota.", kind="insufficient_quota"
    ),
    {"■Quotaexceeded": None, "■exceededretrylimit,laststatus:429TooManyRequests": "limit.rate"},
)
NOT_IN_PLAN = Death(
    "credits.not_in_plan",
    lambda _: refusals.NOT_IN_PLAN,
    _sentence(r"■TouseCodexwithyourChatGPTplan,upgradetoPlus:https://[\w./]*?(pricing|plus)\."),
)
DEACTIVATED = Death(
    "credits.workspace_deactivated",
    lambda _: refusals.WORKSPACE_DEACTIVATED,
    _sentence("■unexpectedstatus402PaymentRequired:"),
)

# --- provider, network, context --------------------------------------------------------------------------------------

SERVER_ERROR = Death(
    "provider.server_error",
    lambda _: refusals.SERVER_ERROR,
    _sentence(
        r"■We'recurrentlyexperiencinghighdemand,whichmaycausetemporaryerrors\.",
        "■exceededretrylimit,laststatus:500InternalServerError",
        "■unexpectedstatus500InternalServerError",
    ),
)
BAD_GATEWAY = Death(
    "provider.server_error",
    lambda _: refusals.BAD_GATEWAY,
    _sentence("■unexpectedstatus502BadGateway", "■exceededretrylimit,laststatus:502BadGateway"),
)
OVERLOADED = Death(
    "provider.overloaded",
    lambda _: refusals.OVERLOADED,
    {
        r"[■⚠]Selectedmodelisatcapacity\.Pleasetryadifferentmodel\.": None,
        "■exceededretrylimit,laststatus:503ServiceUnavailable": "provider.server_error",
        "■unexpectedstatus503ServiceUnavailable": "provider.server_error",
    },
)
STREAM_OVERLOADED = Death(
    "provider.overloaded",
    lambda _: refusals.failure("server_is_overloaded", "The server is overloaded."),
    {
        r"[■⚠]Selectedmodelisatcapacity\.Pleasetryadifferentmodel\.": None,
        r"■streamdisconnectedbeforecompletion:Theserverisoverloaded\.": "provider.stream_lost",
    },
)
FORBIDDEN = Death("provider.forbidden", lambda _: refusals.FORBIDDEN, _sentence("■unexpectedstatus403Forbidden:"))
BLOCKED = Death(
    "provider.forbidden",
    lambda _: refusals.BLOCKED,
    _sentence(r"■AccessblockedbyCloudflare\.", "■unexpectedstatus403Forbidden:"),
)
CUT = Death(
    "provider.stream_lost",
    lambda _: Cut(),
    _sentence("■streamdisconnectedbeforecompletion:"),
)
SILENT = Death(
    "provider.stream_lost",
    lambda _: Stall(),
    _sentence("■streamdisconnectedbeforecompletion:idletimeoutwaitingforSSE"),
    wait=90,
)
INCOMPLETE = Death(
    "provider.stream_lost",
    lambda _: Incomplete(text="I am starting to "),
    _sentence("■streamdisconnectedbeforecompletion:", "■Incompleteresponsereturned,reason:max_output_tokens"),
)
CONTEXT_FULL = Death(
    "context.window_exceeded",
    lambda _: refusals.CONTEXT_FULL,
    _sentence(
        r"■Codexranoutofroominthemodel'scontextwindow\.Startanew(thread|conversation)(orclearearlierhistorybeforeretrying)?\."
    ),
)
BAD_REQUEST = Death(
    "unknown.banner",
    lambda _: refusals.refusal(
        400, "unsupported_value", "Unsupported value: 'turbo' is not supported with this model."
    ),
    _sentence("■.*Unsupportedvalue:'turbo'isnotsupportedwiththismodel"),
)
STREAM_UNKNOWN = Death(
    "provider.server_error",
    lambda _: Failed({"code": "server_error", "message": "An error occurred while processing your request."}),
    {"■streamdisconnectedbeforecompletion:Anerroroccurredwhileprocessingyourrequest": "provider.stream_lost"},
)
UNREACHABLE: Says = {
    "■streamdisconnectedbeforecompletion:errorsendingrequest": None,
    "■Connectionfailed:errorsendingrequest": None,
    r"Reconnecting\.\.\.waitingfornetwork": None,
}

SIMPLE: dict[str, Death] = {
    "auth-revoked": TOKEN_REVOKED,
    "auth-refresh-reused": REFRESH_REUSED,
    "auth-refresh-expired": REFRESH_EXPIRED,
    "auth-refresh-refused": REFRESH_REFUSED,
    "auth-refresh-broken": REFRESH_BROKEN,
    "auth-still-401": STILL_401,
    "auth-coded-401": CODED_401,
    "auth-expired-401": EXPIRED_401,
    "auth-api-key": BAD_API_KEY,
    "limit-plus": usage_limit("plus"),
    "limit-pro": usage_limit("pro", 40 * 60),
    "limit-team": usage_limit("team", 5 * HOUR),
    "limit-business": usage_limit("business", 90 * 60),
    "limit-free": usage_limit("free", 6 * DAY),
    "limit-go": usage_limit("go", 11 * HOUR),
    "limit-enterprise": usage_limit("enterprise", 25 * HOUR),
    "limit-edu": usage_limit("edu", 4 * HOUR),
    "limit-usage-based": usage_limit("self_serve_business_usage_based", 2 * HOUR),
    "limit-no-plan": usage_limit("none", 7 * HOUR),
    "limit-no-reset": usage_limit("plus", None),
    "limit-no-plan-no-reset": usage_limit("none", None),
    "limit-next-day": usage_limit("plus", 19 * HOUR),
    "limit-weekly": usage_limit("plus", 4 * DAY),
    "limit-bare": bare_usage_limit("plus", 3 * HOUR),
    "limit-bare-team": bare_usage_limit("team", 2 * DAY),
    "limit-named": NAMED_LIMIT,
    "limit-promo": PROMO_LIMIT,
    "limit-stream": STREAM_LIMIT,
    "rate-limit": RATE_LIMIT,
    "rate-limit-stream": STREAM_RATE_LIMIT,
    "credits-member": workspace("workspace_member_credits_depleted"),
    "credits-owner": workspace("workspace_owner_credits_depleted"),
    "credits-member-page": workspace("workspace_member_credits_depleted", page=True),
    "credits-owner-page": workspace("workspace_owner_credits_depleted", page=True),
    "credits-usage-based": workspace("workspace_member_credits_depleted", plan="self_serve_business_usage_based"),
    "spend-cap-member": workspace("workspace_member_usage_limit_reached"),
    "spend-cap-owner": workspace("workspace_owner_usage_limit_reached"),
    "spend-cap-member-page": workspace("workspace_member_usage_limit_reached", plan="business", page=True),
    "quota": QUOTA,
    "quota-http": HTTP_QUOTA,
    "not-in-plan": NOT_IN_PLAN,
    "deactivated": DEACTIVATED,
    "server-error": SERVER_ERROR,
    "bad-gateway": BAD_GATEWAY,
    "overloaded": OVERLOADED,
    "overloaded-stream": STREAM_OVERLOADED,
    "forbidden": FORBIDDEN,
    "blocked": BLOCKED,
    "cut": CUT,
    "silent": SILENT,
    "incomplete": INCOMPLETE,
    "stream-unknown": STREAM_UNKNOWN,
    "context-full": CONTEXT_FULL,
    "bad-request": BAD_REQUEST,
}
