"""What is read of a snapshot, in the forms that versions of Codex give it."""

from typing import Any

import pytest

from codexwrap.usage import limits
from codexwrap.usage.limits import Snapshot, Window

AT = 1_795_000_000.0
PRIMARY = {"used_percent": 17.0, "window_minutes": 300, "resets_at": 1_795_010_000}


def test_a_snapshot_of_0_169() -> None:
    told = {
        "limit_id": "codex",
        "limit_name": None,
        "primary": PRIMARY,
        "secondary": {"used_percent": 41.0, "window_minutes": 10080, "resets_at": 1_795_300_000},
        "credits": {"has_credits": True, "unlimited": False, "balance": "12.5"},
        "individual_limit": None,
        "spend_control_reached": True,
        "plan_type": "team",
        "rate_limit_reached_type": "workspace_member_usage_limit_reached",
    }
    windows = (Window("codex", 300, 17.0, 1_795_010_000), Window("codex", 10080, 41.0, 1_795_300_000))
    assert limits.read(told, AT) == Snapshot(
        AT, windows, "team", "12.5", "reached", "workspace_member_usage_limit_reached"
    )


def test_a_snapshot_of_0_58_names_no_limit_and_one_of_the_app_server_is_in_camel_case() -> None:
    assert limits.read({"primary": PRIMARY}, AT).windows == (Window("codex", 300, 17.0, 1_795_010_000),)
    told = {
        "limitId": "codex",
        "limitName": "codex_other",
        "primary": {"usedPercent": 5, "windowDurationMins": 300, "resetsAt": 1_795_010_000},
        "credits": {"hasCredits": False, "unlimited": False, "balance": None},
        "planType": "plus",
        "rateLimitReachedType": {"type": "rate_limit_reached"},
    }
    assert limits.read(told, AT) == Snapshot(
        AT, (Window("codex_other", 300, 5.0, 1_795_010_000),), "plus", "none", None, "rate_limit_reached"
    )


def test_a_reset_in_seconds_is_from_when_it_was_told() -> None:
    primary = {"used_percent": 1, "window_minutes": 300, "resets_in_seconds": 60}
    assert limits.read({"primary": primary}, AT).windows[0].resets_at == AT + 60
    assert limits.read({"primary": {**primary, "resets_in_seconds": None}}, AT).windows[0].resets_at is None


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"primary": None, "secondary": []},
        {"primary": {"used_percent": "x", "window_minutes": 300}},
        {"primary": {"used_percent": True, "window_minutes": 300}},
        {"primary": {"used_percent": 3, "window_minutes": 0}},
        {"primary": {"used_percent": float("nan"), "window_minutes": 300}},
        {"plan_type": 3, "credits": "many", "rate_limit_reached_type": []},
    ],
)
def test_what_has_another_shape_is_not_told(told: dict[str, Any]) -> None:
    assert limits.read(told, AT) == Snapshot(AT)


def test_credits() -> None:
    def credits_of(**told: object) -> str | None:
        return limits.read({"credits": told}, AT).credits

    assert credits_of(unlimited=True, has_credits=True, balance="3") == "unlimited"
    assert credits_of(has_credits=True, balance="3") == "3"
    assert credits_of(has_credits=True) == "some"
    assert credits_of(has_credits=False, balance="0") == "none"
    assert credits_of() is None
