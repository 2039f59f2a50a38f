"""Read a snapshot of rate limits."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

_NEVER = 1e11  # epoch seconds; what is later is no time


class Window(NamedTuple):
    """How much of one window of a limit is used, in percent; `minutes` is its length, `resets_at` in epoch seconds.

    Codex 0.47 and older say when it resets in seconds from then, or not at all.
    """

    limit: str
    minutes: int
    used: float
    resets_at: int | None


class Snapshot(NamedTuple):
    """What one answer of the provider told, `at` in epoch seconds; None is what it did not tell.

    `credits` is the balance as the provider words it, or `unlimited`, or `none`; `spend_cap` what it says of the cap that
    an owner of the workspace set; `reached` which limit is reached, as the provider names it.
    """

    at: float
    windows: tuple[Window, ...] = ()
    plan: str | None = None
    credits: str | None = None
    spend_cap: str | None = None
    reached: str | None = None


def read(limits: Mapping[str, Any], at: float) -> Snapshot:
    """The snapshot in `rate_limits` of a session's file (seen on 0.47 to 0.169), or in the answer of the app-server.

    The same names, there in snake_case and here in camelCase. Whatever has another shape counts as not told.
    """
    name = _text(_get(limits, "limit_name", "limitName")) or _text(_get(limits, "limit_id", "limitId")) or "codex"
    windows = [_window(name, limits.get(which), at) for which in ("primary", "secondary")]
    return Snapshot(
        at,
        tuple(window for window in windows if window is not None),
        _text(_get(limits, "plan_type", "planType")),
        _credits(limits.get("credits")),
        _spend_cap(limits),
        _reached(_get(limits, "rate_limit_reached_type", "rateLimitReachedType")),
    )


def seconds(timestamp: object) -> float | None:
    """Epoch seconds of the time that a line of a session's file carries; None for what is none."""
    try:
        moment = datetime.fromisoformat(str(timestamp))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _get(values: Mapping[str, Any], snake: str, camel: str) -> Any:
    return values.get(snake, values.get(camel))


def _window(limit: str, raw: Any, at: float) -> Window | None:
    if not isinstance(raw, dict):
        return None
    used = _number(_get(raw, "used_percent", "usedPercent"))
    minutes = _number(_get(raw, "window_minutes", "windowDurationMins"))
    if used is None or minutes is None or minutes <= 0:
        return None
    resets_at, wait = _number(_get(raw, "resets_at", "resetsAt")), _number(raw.get("resets_in_seconds"))
    if resets_at is None and wait is not None:
        resets_at = at + wait
    known = resets_at is not None and 0 < resets_at < _NEVER
    return Window(limit, int(minutes), used, int(resets_at) if known and resets_at else None)


def _credits(raw: Any) -> str | None:
    if not isinstance(raw, dict):
        return None
    if raw.get("unlimited") is True:
        return "unlimited"
    has = _get(raw, "has_credits", "hasCredits")
    if has is False:
        return "none"
    return _text(raw.get("balance")) or ("some" if has is True else None)


def _spend_cap(limits: Mapping[str, Any]) -> str | None:
    reached = _get(limits, "spend_control_reached", "spendControlReached")
    own = _get(limits, "individual_limit", "individualLimit")
    if isinstance(own, dict):
        parts = [f"{key} {value}" for key, value in sorted(own.items()) if isinstance(value, str | int | float)]
        return "; ".join([*(["reached"] if reached is True else []), *parts]) or None
    if "usage_limit" in (_reached(_get(limits, "rate_limit_reached_type", "rateLimitReachedType")) or ""):
        return "reached"
    return {True: "reached", False: "not reached"}.get(reached) if isinstance(reached, bool) else None


def _reached(raw: Any) -> str | None:
    return _text(raw.get("type")) if isinstance(raw, dict) else _text(raw)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and value == value and abs(value) < 1e15
    return float(value) if fits else None
