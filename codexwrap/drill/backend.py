"""Answer for the ChatGPT backend."""

import time
from typing import Any

Json = dict[str, Any]


def answer(path: str, *, plan: str, accounts: list[str], usage: Json) -> Json | None:
    """What the backend says to GET `path`, None for a page that it does not have.

    These are the pages that some version of the real CLI asks for and does not start without.
    """
    if path.endswith("/models"):
        return {"models": []}
    if path.endswith("/wham/usage"):
        return usage
    if path.endswith(("/config/bundle", "/config/requirements")):  # what a workspace prescribes: nothing
        return {}
    if path.endswith("/wham/accounts/check"):
        return {
            "accounts": [_account(account, plan) for account in accounts],
            "account_ordering": accounts,
            "default_account_id": accounts[0],
        }
    return None


def usage(plan: str, *, used_percent: int = 5, reached: str | None = None) -> Json:
    """The page about used and remaining credits; `reached` names the limit that is reached, as the backend names it."""
    now = int(time.time())
    page: Json = {
        "plan_type": plan,
        "rate_limit": {
            "allowed": reached is None,
            "limit_reached": reached is not None,
            "primary_window": _window(used_percent, 5 * 3600, now + 9000, now),
            "secondary_window": _window(10, 7 * 86400, now + 400_000, now),
        },
        "credits": {"has_credits": False, "unlimited": False, "balance": None},
    }
    if reached is not None:
        page["rate_limit_reached_type"] = {"type": reached}
        page["spend_control"] = {"reached": "usage_limit" in reached}
    return page


def _window(used_percent: int, seconds: int, reset_at: int, now: int) -> Json:
    return {
        "used_percent": used_percent,
        "limit_window_seconds": seconds,
        "reset_after_seconds": reset_at - now,
        "reset_at": reset_at,
    }


def _account(account: str, plan: str) -> Json:
    return {
        "id": account,
        "account_id": account,
        "name": "Seat",
        "structure": "workspace",
        "plan_type": plan,
        "profile_picture_url": None,
        "is_deactivated": False,
        "can_access_with_session": True,
        "sso_connection_name": None,
        "is_fedramp_compliant_workspace": False,
        "workspace_backend_origin": "https://127.0.0.1",  # 0.157 and later want https here, and do not call it
        "account_routing_override": "NO_CONSTRAINT",
    }
