"""Say what a recording holds, from what the provider answered."""

import re
from typing import TYPE_CHECKING, Any

from codexwrap.drill.driver import squash
from codexwrap.screen.screen import Screen
from tests.record.stage import Episode, NotAsPlannedError

if TYPE_CHECKING:
    from tests.record import guests
    from tests.record.recorder import Take
    from tests.record.scenario import Scenario

# By class, as the design says: what ends the session, and what mends it.
_RECOVERABLE = {
    "auth": "relogin",
    "credits": "billing",
    "limit": "wait",
    "provider": "retry",
    "network": "wait",
    "context": "new_thread",
    "stall": "retry",
    "process": "restart",
    "unknown": "look",
}
_DRAWN = 0.3  # seconds in which a fatal cell is drawn to its end
_BEFORE = 0.05  # that the clocks of the provider and of the recording may be apart
_DEAD = ("auth", "credits", "limit", "process")


def label(
    version: str, scenario: "Scenario | guests.Scenario", take: "Take", episodes: list[Episode]
) -> dict[str, Any]:
    """The label of a recording. Times are seconds of the recording. Raises NotAsPlannedError where a banner is not in it."""
    entries = [_episode(episode, take) for episode in episodes]
    last = entries[-1] if entries and entries[-1]["alive_at"] is None else None
    return {
        "codex": version,
        "scenario": scenario.name,
        "columns": take.columns,
        "lines": take.lines,
        "answered": episodes[-1].answered if episodes else None,
        "provider_error_at": entries[0]["provider_error_at"] if entries else None,
        "banner_at": entries[0]["banner_at"] if entries else None,
        "expected": {
            "verdict": last["state"] if last else "ALIVE",
            "cause": last["cause"] if last else None,
            **({"screen_cause": last["screen_cause"]} if last and "screen_cause" in last else {}),
            "recoverable": last["recoverable"] if last else None,
            "resets_at": last["resets_at"] if last else None,
            **({"screen_resets_at": None} if last and "screen_resets_at" in last else {}),
            "episodes": entries,
        },
    }


def _episode(episode: Episode, take: "Take") -> dict[str, Any]:
    kind = episode.cause.partition(".")[0]
    error_at = (episode.error_at or take.started) - take.started
    banner_at, screen_cause = _banner(episode, take, error_at)
    entry = {
        "cause": episode.cause,
        "state": "DEAD" if kind in _DEAD else "STALLED",
        "recoverable": _RECOVERABLE[kind],
        "resets_at": episode.resets_at,
        "provider_error_at": round(error_at, 3),
        "banner_at": round(banner_at, 3),
        "alive_at": round(episode.alive_at - take.started, 3) if episode.alive_at else None,
    }
    if screen_cause == episode.cause:  # these words say that, and not when it ends
        return {**entry, "screen_resets_at": None}
    if episode.by_age:
        entry["by_age"] = True
    return {**entry, "screen_cause": screen_cause} if screen_cause else entry


def _banner(episode: Episode, take: "Take", since: float) -> tuple[float, str | None]:
    """When the last byte was there of the words that tell the episode, and the cause that they alone tell, if another."""
    screen = Screen(take.columns, take.lines)
    found: int | None = None  # the first of the patterns that is seen, as the telling ones stand before the others
    patterns = list(episode.says.items())
    seen: list[tuple[float, str]] = []
    quoted: bool | None = None  # the words were in sight before: then only a fatal cell is one
    for chunk in take.chunks:
        at = chunk.time - take.started
        if seen and at > seen[0][0] + _DRAWN:
            break
        if quoted is None and at >= since - _BEFORE:
            text = squash("\n".join(screen.rows()))
            quoted = any(re.search(pattern, text) for pattern, _ in patterns)
        if chunk.size:
            screen.resize(columns=chunk.size[0], lines=chunk.size[1])
        screen.feed(chunk.data)
        if at < since - _BEFORE:
            continue
        rows = screen.rows()
        text = _block(rows) if quoted else squash("\n".join(rows))
        matching = (number for number, (pattern, _) in enumerate(patterns[:found]) if re.search(pattern, text))
        found = next(matching, found)
        if found is not None:
            seen.append((at, _block(rows)))
    if found is not None:
        return next(at for at, block in seen if block == seen[-1][1]), patterns[found][1]
    if patterns:
        raise NotAsPlannedError(f"no words of {episode.cause} in the recording after {since:.1f} s")
    return take.ended - take.started, None


def _block(rows: list[str]) -> str:
    """The last fatal cell: from its mark to the next blank row."""
    start = max((row for row, text in enumerate(rows) if text.startswith(("■", "⚠"))), default=len(rows))
    end = next((row for row in range(start, len(rows)) if not rows[row].strip()), len(rows))
    return squash("".join(rows[start:end]))
