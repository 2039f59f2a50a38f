"""Name seats in the feed."""

import os
from collections.abc import Mapping
from urllib.parse import unquote

from codexwrap import events, processes, seats
from codexwrap.paths import State


def host_of(source: str) -> str:
    """The host in an event's source, `//host/seat`."""
    return source.removeprefix("//").partition("/")[0]


def seat_of(source: str) -> str:
    """The seat's name in an event's source: of another host's seat with that host's name."""
    host, _, seat = source.removeprefix("//").partition("/")
    name = unquote(seat, errors="surrogateescape")
    return name if host == events.host() else f"{name}@{host}"


def own_seat(state: State, environ: Mapping[str, str]) -> str:
    """The seat in which this process runs: the one that the environment names, or whose wrapper started it; else empty."""
    if named := environ.get("CODEXWRAP_SEAT"):
        return named
    above = {str(pid) for pid in processes.ancestors(os.getpid())}
    for lock in (state.root / "seats").glob("*/lock"):
        name = lock.parent.name
        if lock.read_text(errors="replace") not in above:
            continue
        if "~" in name:  # no file name: only the file within says it in full
            name = next(
                (each["seat"] for each in seats.load_all(state)[0] if state.seat(each["seat"]) == lock.parent), ""
            )
        if seats.is_held(state, name):
            return name
    return ""
