"""Word the provider's refusals."""

import time
from collections.abc import Mapping
from typing import Any

from codexwrap.drill.answers import Failed, HttpError

# The bodies are OpenAI's as far as the Codex CLI reads them: it acts on `code` or `type`, and shows some messages.


def refusal(status: int, code: str, message: str, *, kind: str = "invalid_request_error") -> HttpError:
    """An HTTP error in the form of OpenAI's API."""
    return HttpError(status, {"error": {"message": message, "type": kind, "code": code, "param": None}})


def failure(code: str, message: str) -> Failed:
    """An error that comes within a stream that began well."""
    return Failed({"code": code, "message": message})


# The access token is no good any more; Codex then asks the token endpoint for another.
TOKEN_REVOKED = refusal(401, "token_revoked", "Encountered invalidated oauth token for user, failing request")
TOKEN_INVALIDATED = refusal(
    401, "token_invalidated", "Your authentication token has been invalidated. Please try signing in again."
)
TOKEN_EXPIRED = refusal(401, "token_expired", "Provided authentication token is expired. Please try signing in again.")
BAD_API_KEY = refusal(
    401,
    "invalid_api_key",
    "Incorrect API key provided: sk-drill-***-key. You can find your API key at"
    " https://platform.openai.com/account/api-keys.",
)

# What the token endpoint answers to that.
REFRESH_REVOKED = refusal(401, "refresh_token_invalidated", "Your session has ended. Please log in again.")
REFRESH_REUSED = refusal(
    401, "refresh_token_reused", "Your refresh token has already been used to generate a new access token."
)
REFRESH_EXPIRED = refusal(401, "refresh_token_expired", "Your refresh token has expired.")
REFRESH_REFUSED = refusal(401, "sign_in_not_possible", "You cannot sign in at the moment.")
REFRESH_BROKEN = refusal(500, "server_error", "The token endpoint had an error.")

RATE_LIMIT = refusal(
    429, "rate_limit_exceeded", "Rate limit reached on requests per min (RPM): Limit 3, Used 3.", kind="requests"
)
QUOTA_EXCEEDED = failure("insufficient_quota", "You exceeded your current quota, please check your plan.")
CONTEXT_FULL = failure("context_length_exceeded", "Your input exceeds the context window of this model.")
SERVER_ERROR = refusal(
    500, "server_error", "The server had an error while processing your request.", kind="server_error"
)
BAD_GATEWAY = HttpError(502, "<html><body>502 Bad Gateway</body></html>")
OVERLOADED = refusal(503, "server_is_overloaded", "The server is overloaded.", kind="server_error")
FORBIDDEN = HttpError(403, {"detail": "Forbidden"})
BLOCKED = HttpError(403, "<html>Sorry, you have been blocked. Cloudflare</html>", {"cf-ray": "8f0c2d-FRA"})
WORKSPACE_DEACTIVATED = HttpError(402, {"detail": {"code": "deactivated_workspace"}})
NOT_IN_PLAN = HttpError(
    429, {"error": {"type": "usage_not_included", "message": "Usage is not included in your plan."}}
)


def usage_limit(
    plan: str | None = "plus", *, resets_at: int | None = None, headers: Mapping[str, str] | None = None
) -> HttpError:
    """The plan's allowance is used up, until the epoch second `resets_at` where the server says so."""
    error: dict[str, Any] = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": plan,
    }
    if resets_at is not None:
        error |= {"resets_at": resets_at, "resets_in_seconds": max(0, resets_at - int(time.time()))}
    return HttpError(429, {"error": error}, headers or {})


def workspace_limit(reached: str, *, plan: str = "team", resets_at: int | None = None) -> HttpError:
    """A workspace's credits are used up or its spend cap is reached: `reached` is what the header of that name says.

    Known: workspace_{member,owner}_credits_depleted, workspace_{member,owner}_usage_limit_reached, rate_limit_reached.
    """
    return usage_limit(plan, resets_at=resets_at, headers=limit_headers(used_percent=100, reached=reached))


def limit_headers(
    *,
    used_percent: int,
    weekly_percent: int = 40,
    resets_at: int | None = None,
    limit: str = "codex",
    name: str | None = None,
    reached: str | None = None,
    credits_left: str | None = None,
) -> dict[str, str]:
    """The headers by which answers tell how much of which limit is used.

    `credits_left` is a balance; "0" means that there are none.
    """
    now = int(time.time())
    prefix = f"x-{limit}"
    headers = {
        f"{prefix}-primary-used-percent": str(used_percent),
        f"{prefix}-primary-window-minutes": "300",
        f"{prefix}-primary-reset-at": str(resets_at or now + 3 * 3600),
        f"{prefix}-secondary-used-percent": str(weekly_percent),
        f"{prefix}-secondary-window-minutes": "10080",
        f"{prefix}-secondary-reset-at": str(now + 4 * 86400),
    }
    if name is not None:
        headers[f"{prefix}-limit-name"] = name
    if reached is not None:
        headers["x-codex-rate-limit-reached-type"] = reached
        credits_left = credits_left or "0"
    if credits_left is not None:
        headers |= {
            "x-codex-credits-has-credits": str(credits_left != "0"),
            "x-codex-credits-unlimited": "False",
            "x-codex-credits-balance": credits_left,
        }
    return headers
