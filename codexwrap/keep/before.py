"""Know what is still open."""

import time
from typing import Any, TypedDict

from codexwrap import events, journal, seats
from codexwrap.errors import UserError
from codexwrap.feed import gate, known
from codexwrap.feed.incidents import DEAD
from codexwrap.feed.items import BLOCKED
from codexwrap.keep.about import About
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import State

_SLACK = 60.0  # seconds that the clocks of an event and of who looks for it may differ


class Death(TypedDict):
    """What was never posted to be over: of which cause, since when (RFC 3339), and the item that it blocked."""

    cause: str
    since: str
    item: str | None


def left_open(root: Root, about: About) -> Death | None:
    """What the run of this seat before this one died of, or one before that, with no turn since that ended well."""
    try:
        record = seats.load(root, about.seat)
    except UserError:
        return None
    if record is None or record.get("run") == about.run:
        return None
    earlier: Death | None = record.get("before")
    return earlier if record["state"] == State.EXITED else of(record)


def of(record: dict[str, Any]) -> Death | None:
    """What a seat that has not ended yet has died of, or had before it was started, by what is kept of it."""
    earlier: Death | None = record.get("before")
    if not record.get("cause"):
        return earlier
    blocked = record.get("ticket") if record.get("blocked") else None
    return Death(
        cause=record["cause"],
        since=earlier["since"] if earlier else record.get("since") or "",
        item=blocked or (earlier["item"] if earlier else None),
    )


def incident(root: Root, credential: str | None, *, started: float, login: float | None) -> Death | None:
    """What others died of on a credential, where a turn that ends well in this seat shows that it lives.

    That is a turn of a seat that `started` since, or on a newer `login`, both epoch seconds; of a sign-in that was
    refused, only the latter proves anything.
    """
    if credential is None or not gate.suspected(root, credential):
        return None
    try:
        found = known.load(root).incidents.open(time.time())
    except Exception:  # noqa: BLE001 - whatever is wrong with the feed, the seat goes on
        return None
    for each in found:
        if each.key != credential or each.severity != DEAD:
            continue
        newer = login is not None and login > (each.login_at or each.last_at)
        if newer or (started > each.last_at and not each.cause.startswith("auth.")):
            return Death(cause=each.cause, since=events.timestamp(each.opened_at), item=None)
    return None


def is_blocked(root: Root, item: str | None, since: str) -> bool:
    """Whether the last that the feed says of an item, since a time in RFC 3339, is that a death blocks it."""
    if not item:
        return False
    try:
        for event in journal.backwards(root.feed):
            moved = event.data.get("item")
            if event.type == "codexwrap.item.changed" and isinstance(moved, dict) and moved.get("id") == item:
                return bool(moved.get("to") == BLOCKED)
            if events.made_at(event.id) < events.epoch(since) - _SLACK:
                return False
    except (OSError, ValueError):
        return False
    return False
