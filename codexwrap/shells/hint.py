"""Say that a seat died."""

import time
from typing import Any

from codexwrap.paths import State


def line(root: State, seat: str) -> str | None:
    """One line on a death of this seat that nobody has resumed; None where there is none.

    Who has no checkpoint pays for no import; nothing in the line can move a cursor.
    """
    if not root.checkpoints(seat).is_dir():
        return None
    from codexwrap import seats, shelf
    from codexwrap.redact.redact import printable

    saved = shelf.unresumed(root, seat)
    if saved is None:
        return None
    record = saved.record
    item = f", item {record['ticket']}" if record.get("ticket") else ""
    resume = f"`codexwrap resume{_argument(seat)}`"
    way = f"end it where it still runs, then {resume}" if seats.is_held(root, seat) else f"{resume} brings it back"
    return printable(f"seat {seat} died of {record.get('cause') or 'an unknown cause'}{_ago(record)}{item}: {way}")


def _argument(seat: str) -> str:
    """The seat as a word that means the same to bash, zsh and fish; nothing where there is no such word.

    Without a name, resume takes the seat of the directory, or the only one.
    """
    import shlex

    from codexwrap.redact.redact import printable

    if printable(seat) != seat or "\\" in seat:
        return ""
    return (" -- " if seat.startswith("-") else " ") + shlex.quote(seat)


def _ago(record: dict[str, Any]) -> str:
    from datetime import datetime

    try:
        seconds = max(0, int(time.time() - datetime.fromisoformat(str(record.get("time"))).timestamp()))
    except ValueError:
        return ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f" {seconds // size} {unit} ago"
    return f" {seconds} s ago"
