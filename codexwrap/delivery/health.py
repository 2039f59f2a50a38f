"""Say what is wrong with delivery."""

import time
from collections.abc import Mapping

from codexwrap import journal
from codexwrap.delivery import progress
from codexwrap.paths import State
from codexwrap.redact.redact import printable


def troubles(root: State, names: Mapping[str, str]) -> list[str]:
    """One line for each thing that is wrong with a sink or an alert; `names` says by what each keeps its place."""
    lines: list[str] = []
    for shown, name in names.items():
        kept = progress.load(root, name)
        if kept.failures:
            behind = len(journal.read(root.feed, kept.cursor).entries)
            waiting = f"{behind} event{'' if behind == 1 else 's'} not looked past"
            when = "until somebody mends that" if kept.stuck else f"next try in {_time(kept.next_try - time.time())}"
            since = f"for {_time(time.time() - kept.failing_since)}, {kept.failures} tries"
            lines.append(f"{shown}: {kept.error} ({since}; {waiting}; {when})")
        if kept.parked:
            many = f"{kept.parked} event{'' if kept.parked == 1 else 's'}"
            lines.append(f"{shown}: {many} set aside: {_last_reason(root, name)} ({progress.parked_file(root, name)})")
    return [printable(line) for line in lines]


def _last_reason(root: State, name: str) -> str:
    parked = progress.parked(root, name)
    return parked[-1].reason if parked else "its file is gone"


def _time(seconds: float) -> str:
    seconds = max(0.0, seconds)
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
