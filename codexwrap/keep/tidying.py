"""Remove old checkpoints."""

import contextlib
import time
from pathlib import Path

from codexwrap import checkpoint, shelf
from codexwrap.config import Config
from codexwrap.git import prune, snapshot
from codexwrap.keep.capture import Rolling
from codexwrap.paths import State as Root
from codexwrap.shelf import Saved
from codexwrap.verdict.causes import State

ROLLING = 10  # of those that were made while all was well, which only the newest makes any use of
_DAY = 86400.0
_BATCH = 20  # snapshots that are worth packing what is left


def tidy(root: Root, seat: str, cwd: str, settings: Config) -> None:
    """Remove what is due of a seat's checkpoints and, in the repository of `cwd`, of its snapshots.

    The newest checkpoint stays, and so do that of a death that nobody has resumed and its snapshot. Never raises.
    """
    found, _ = shelf.all_of(root, seat)
    dead = next((saved for saved in found if saved.record["trigger"] == State.DEAD), None)
    kept = [*found[:1], *([dead] if dead and shelf.claimed(dead.path) is None else [])]
    for saved in _due(found, settings, time.time()):
        if saved not in kept:
            _remove(saved.path)
    if settings.snapshots:
        prune.prune(
            cwd,
            snapshot.folder(seat),
            keep_count=max(1, settings.keep_snapshots),
            keep_seconds=settings.keep_days * _DAY,
            keep_bytes=settings.keep_bytes,
            keep={str(each["ref"]) for saved in kept if (each := saved.record.get("snapshot")) and each.get("ref")},
            batch=_BATCH,
        )


def _due(found: list[Saved], settings: Config, now: float) -> list[Saved]:
    """Of a seat's checkpoints, newest first, those that are too many or too old."""
    rolling = [saved for saved in found if saved.record["trigger"] in list(Rolling)]
    others = [saved for saved in found if saved.record["trigger"] not in list(Rolling)]
    old = [saved for saved in found if now - _made_at(saved, now) > settings.keep_days * _DAY]
    return [*rolling[ROLLING:], *others[settings.keep_checkpoints :], *old]


def _made_at(saved: Saved, now: float) -> float:
    try:
        return checkpoint.made_at(saved.record)
    except ValueError:
        return now


def _remove(path: Path) -> None:
    """The JSON first: without it the others are not looked at."""
    for each in (path, path.with_suffix(".md"), path.with_suffix(shelf.CLAIM)):
        with contextlib.suppress(OSError):
            each.unlink()
