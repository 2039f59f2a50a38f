"""Checkpoints of seats that died, as the sidecar would have left them."""

import time
from pathlib import Path

from codexwrap import checkpoint
from codexwrap.git import gitfacts
from codexwrap.paths import State
from codexwrap.story import Story


def died(
    root: State,
    seat: str,
    *,
    cause: str | None = "limit.usage",
    ago: float = 2.1 * 3600,
    ticket: str | None = "HWD-0373",
    cwd: str = "",
    trigger: str = "DEAD",
) -> Path:
    """Save a checkpoint of a seat that died so many seconds ago; its path."""
    record = checkpoint.build(
        checkpoint.Seat(seat, "run", "codex", "codex", [], cwd or str(root.root), ticket),
        trigger=trigger,
        cause=cause if trigger == "DEAD" else None,
        at=time.time() - ago,
        facts=gitfacts.collect(cwd or root.root),
        story=Story(),
        session=None,
        resume=None,
        screen=["■ You've hit your usage limit."],
    )
    return checkpoint.save(root, record)
