"""Judge a stored recording."""

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from codexwrap import cast
from codexwrap.agents.look import Agent
from codexwrap.cast import Header, Record
from codexwrap.errors import UserError
from codexwrap.verdict import resettime
from codexwrap.verdict.causes import State
from codexwrap.verdict.verdict import Change
from codexwrap.verdict.watch import Watch

# Seconds that are let pass behind a recording's end: what stands there would have stayed.
_AFTERWARDS = 5.0


def judge(header: Header, records: Iterator[Record], agent: Agent) -> dict[str, Any]:
    """What the code that watches a living seat says of a recording, as `codexwrap replay --json` prints it.

    Times of episodes are seconds of the recording's own clock; `notes` say which block was judged by
    which rule, and which was not, and why, each with its time.
    """
    watch = Watch(header, agent)
    changes: list[Change] = []
    now = 0.0
    for record in records:
        now = max(now, record.time)
        changes += watch.feed(record)
    changes += watch.tick(now + _AFTERWARDS)
    episodes = _episodes(changes, header)
    last = episodes[-1] if episodes and episodes[-1]["alive_at"] is None else None
    return {
        "verdict": last["state"] if last else "UNKNOWN" if watch.judge.state in _UNJUDGED else "ALIVE",
        "cause": last["cause"] if last else None,
        "recoverable": last["recoverable"] if last else None,
        "resets_at": last["resets_at"] if last else None,
        "episodes": episodes,
        "notes": [{"at": at, "says": says} for at, says in watch.judge.notes],
        "states": [{"at": change.at, "state": change.state} for change in changes],
    }


_UNJUDGED = (State.UNKNOWN, State.STARTING)


def _episodes(changes: list[Change], header: Header) -> list[dict[str, Any]]:
    """Deaths and stalls, each with its end. Another cause in the same state is the same episode, known better."""
    episodes: list[dict[str, Any]] = []
    for change in changes:
        opened = episodes[-1] if episodes and episodes[-1]["alive_at"] is None else None
        if change.cause is not None:
            if opened is None or opened["state"] != change.state:
                opened = {"dead_at": round(change.at, 6), "alive_at": None}
                episodes.append(opened)
            opened |= {
                "state": change.state,
                "cause": change.cause.name,
                "recoverable": change.cause.recoverable,
                "resets_at": _resets_at(change, header),
                "evidence": [evidence._asdict() for evidence in change.evidence],
            }
        elif opened is not None and change.state in (State.IDLE, State.WORKING):
            opened["alive_at"] = round(change.at, 6)
    return episodes


def _resets_at(change: Change, header: Header) -> int | None:
    if not change.until:
        return None
    return resettime.read(change.until, now=header.timestamp + change.at, tz=resettime.zone(header.env.get("TZ")))


@contextmanager
def opened(path: Path) -> Iterator[tuple[Header, Iterator[Record]]]:
    """A recording's header and events; `.xz` is unpacked. Raises UserError for what is none."""
    try:
        with _open(path) as file:
            yield cast.read(file)
    except cast.BadCastError as error:
        raise UserError(f"{path} is no recording: {error}") from None
    except (OSError, lzma.LZMAError, EOFError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None


def _open(path: Path) -> IO[bytes]:
    return lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb")
