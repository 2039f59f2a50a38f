"""Decide whom to tell when."""

import fnmatch
import re
import time
from collections.abc import Sequence
from typing import NamedTuple

from codexwrap.errors import UsageError
from codexwrap.feed.incidents import DEAD, STALLED, WARNING, Incident

_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class Rules(NamedTuple):
    """When an alert tells of what. Patterns are of causes, such as "auth.*".

    `quiet` are hours of the local clock in which only `urgent` causes are told, the others when they end. At most
    `per_hour` messages are sent, and one that sums up those that were held back. A stall is told when it lasts
    `stalled_minutes`. What nobody acts upon in `escalate_minutes` is told once more (0: it is not). With `after_minutes`
    all is told only when nobody acted in that time: an alert for who is called second.
    """

    causes: list[str] = ["*"]  # noqa: RUF012 - never written to
    severity: list[str] = [DEAD, STALLED, WARNING]  # noqa: RUF012
    quiet: str = ""
    urgent: list[str] = []  # noqa: RUF012
    per_hour: int = 12
    stalled_minutes: float = 5.0
    escalate_minutes: float = 0.0
    after_minutes: float = 0.0


def check(where: str, rules: Rules) -> None:
    """Raises UsageError."""
    if rules.quiet and not _QUIET.fullmatch(rules.quiet):
        raise UsageError(f'{where}quiet must look like "22:00-07:00"')
    if wrong := [each for each in rules.severity if each not in (DEAD, STALLED, WARNING)]:
        raise UsageError(f"{where}severity knows {DEAD}, {STALLED} and {WARNING}, not {wrong[0]!r}")
    if rules.per_hour < 1 or min(rules.stalled_minutes, rules.escalate_minutes, rules.after_minutes) < 0:
        raise UsageError(f"{where}per_hour must be at least 1, and no minutes less than 0")


def concerns(rules: Rules, incident: Incident) -> bool:
    """Whether an incident is told at all."""
    return incident.severity in rules.severity and _matches(incident.cause, rules.causes)


def quiet_until(rules: Rules, incident: Incident, now: float) -> float | None:
    """When an incident may be told, if not now."""
    match = _QUIET.fullmatch(rules.quiet)
    if match is None or _matches(incident.cause, rules.urgent):
        return None
    start, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
    local = time.localtime(now)
    minute = local.tm_hour * 60 + local.tm_min
    inside = start <= minute < end if start <= end else minute >= start or minute < end
    if not inside:
        return None
    days = 0 if minute < end else 1
    return time.mktime((local.tm_year, local.tm_mon, local.tm_mday + days, end // 60, end % 60, 0, 0, 0, -1))


def _matches(cause: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(cause, pattern) for pattern in patterns)
