"""Keep the incidents that were read already."""

import contextlib
import json
import time
from typing import NamedTuple

from codexwrap import archives, atomic, reading
from codexwrap.archives import START, Cursor
from codexwrap.feed.incidents import DEAD, Incidents
from codexwrap.paths import State

# The feed is the truth; this file spares reading it again from the start. Its first line is for who has no time to parse
# the rest: the byte of the feed up to which it was read, the start of the feed, by which that file is known, and the
# credentials that have an open incident.
FILE = "incidents"
HEAD = 100  # bytes

_VERSION = 1


class Known(NamedTuple):
    """The incidents of a feed, and the place up to which it was read."""

    incidents: Incidents
    cursor: Cursor


def load(root: State) -> Known:
    """All that the feed says by now. Raises OSError where it cannot be read."""
    known = _cached(root)
    read = reading.read(root.feed, known.cursor)
    for event in read.events:
        known.incidents.add(event)
    if read.cursor != known.cursor:
        known = known._replace(cursor=read.cursor)
        with contextlib.suppress(OSError):
            _save(root, known)
    return known


def _cached(root: State) -> Known:
    try:
        _, _, text = (root.root / FILE).read_bytes().partition(b"\n")
        record = json.loads(text)
        if record["version"] != _VERSION:
            raise ValueError(record["version"])
        return Known(Incidents.from_json(record["incidents"]), Cursor(*record["cursor"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Known(Incidents(), START)


def _save(root: State, known: Known) -> None:
    if archives.name(root.feed) != known.cursor.file:
        return  # it was set aside meanwhile; whoever reads next saves
    with root.feed.open("rb") as feed:
        head = feed.read(HEAD)
    dead = [each.key for each in known.incidents.open(time.time()) if each.severity == DEAD and each.key.isalnum()]
    record = {"version": _VERSION, "cursor": known.cursor, "incidents": known.incidents.to_json()}
    first = " ".join([str(known.cursor.offset), head.hex(), *dead])
    atomic.write(root.root / FILE, f"{first}\n{json.dumps(record)}\n".encode(), durable=False)
