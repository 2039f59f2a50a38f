"""Keep records of watched seats."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import config, events, seats, shelf
from codexwrap.agents.look import Agent
from codexwrap.config import Config
from codexwrap.keep.about import About, Scene
from codexwrap.keeper import Keeper
from codexwrap.paths import State as Root
from codexwrap.verdict.causes import State
from codexwrap.verdict.verdict import Change
from codexwrap.watchdog.lost import WATCHED

_TOLD = (State.DEAD, State.STALLED)
_WAITS = ("network", "stall")  # classes of causes that are over when nothing waits any more
_DAY = 86400.0


class Subject(NamedTuple):
    """A seat that has no wrapper: what its records say of it. `by` is who sees it, `place` where, in words."""

    seat: str
    run: str
    agent: Agent
    argv: tuple[str, ...]
    cwd: str
    pid: int
    started: float
    environ: Mapping[str, str]
    by: str
    place: str


class Verdict(NamedTuple):
    """What was seen of it: a death or stall if there is one, else its state; `well` is when a turn last ended well, as far
    as that is known, in epoch seconds; `why` says why words of an error are none.
    """

    state: State
    change: Change | None = None
    well: float = 0.0
    why: str = ""


def told(record: Mapping[str, Any] | None, run: str) -> str | None:
    """The cause of the death or stall that is on record for this run, if one is."""
    if record is None or record.get("run") != run or record["state"] not in _TOLD:
        return None
    return str(record.get("cause"))


def settle(
    root: Root,
    subject: Subject,
    record: Mapping[str, Any] | None,
    verdict: Verdict,
    scene: Scene,
    *,
    caller: Mapping[str, str],
    now: float,
) -> Keeper | None:
    """Bring what is on record, from whichever pass, to the verdict: each death is told once, and so is its end.

    `caller` is the environment by which the settings are found. Returns who kept the records where something was told.
    """
    settings = config.load(caller, subject.seat)
    known = record if record is not None and record.get("run") == subject.run else None
    before = told(record, subject.run)
    change = verdict.change
    if change is not None and change.cause is not None:
        said = (known or {}).get(WATCHED, {}).get("said")
        better = known is not None and not (known["state"] == State.DEAD and change.state is State.STALLED)
        if before is None or (better and change.cause.name not in (before, said)):
            keeper = _keeper(root, settings, subject, record, said=change.cause.name)
            keeper.died(change, change.at, scene)
            return keeper
        return None
    if before is not None:
        waits = before.partition(".")[0] in _WAITS
        since = _epoch((known or {}).get("since"))
        if verdict.well > since or (waits and verdict.state in (State.IDLE, State.WORKING)):
            keeper = _keeper(root, settings, subject, record)
            keeper.recovered(verdict.state, max(verdict.well, since) if not waits else now)
            return keeper
        return None
    if known is None or known["state"] != verdict.state:
        _keeper(root, settings, subject, record).calm(verdict.state, now)
    return None


def end(root: Root, record: Mapping[str, Any], now: float) -> None:
    """Note that a watched seat is no more; one that never died leaves nothing. Raises OSError."""
    if record.get("checkpoint"):
        seats.save(root, record["seat"], {**record, "state": State.EXITED, "since": events.timestamp(now)})
    else:
        _remove(root, record["seat"])


def prune(root: Root, records: Mapping[str, Mapping[str, Any]], days: float, now: float) -> None:
    """Forget watched seats that ended long ago; those that somebody resumed have ended. Raises OSError."""
    for name, record in records.items():
        if not record.get(WATCHED):
            continue
        if record["state"] == State.EXITED:
            if now - _epoch(record.get("since")) > days * _DAY:
                _remove(root, name)
        elif record["state"] in _TOLD and record.get("checkpoint") and shelf.claimed(Path(record["checkpoint"])):
            end(root, record, now)
        elif record[WATCHED].get("by") == "file" and now - _epoch(record.get("since")) > days * _DAY:
            end(root, record, now)  # its process, if there was one, does not tell when it is gone


def _keeper(
    root: Root, settings: Config, subject: Subject, record: Mapping[str, Any] | None, *, said: str = ""
) -> Keeper:
    about = About(
        seat=subject.seat,
        run=subject.run,
        argv=subject.argv,
        cwd=subject.cwd,
        pid=subject.pid,
        started=subject.started,
        ticket=subject.environ.get("CODEXWRAP_TICKET", ""),
    )
    keeper = Keeper(about, subject.agent, root, settings, subject.environ)
    keeper.record[WATCHED] = {"by": subject.by, "place": subject.place, "said": said or None}
    if record is not None and record.get("run") == subject.run:
        keeper.record[WATCHED]["said"] = said or (record.get(WATCHED) or {}).get("said")
        keeper.resume_record(dict(record))
    elif record is not None and record.get("blocked"):
        keeper.started()  # what is here now is not what died here
    return keeper


def by_name(root: Root) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What is on record of every seat, and one line for each record that cannot be read."""
    found, broken = seats.load_all(root)
    return {record["seat"]: record for record in found}, broken


def of(records: Mapping[str, dict[str, Any]], by: str) -> Iterator[dict[str, Any]]:
    """The watched seats that somebody sees, and that have not ended."""
    for record in records.values():
        if (record.get(WATCHED) or {}).get("by") == by and record["state"] != State.EXITED:
            yield record


def _remove(root: Root, name: str) -> None:
    folder = root.seat(name)
    (folder / "seat.json").unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody keeps something else in it
        folder.rmdir()


def _epoch(text: object) -> float:
    try:
        return events.epoch(str(text))
    except ValueError:
        return 0.0
