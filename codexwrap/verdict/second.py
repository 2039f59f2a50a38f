"""Hear the second witness."""

from codexwrap.agents.look import Agent
from codexwrap.story import Story
from codexwrap.verdict.causes import CAUSES
from codexwrap.verdict.verdict import Change, Evidence

# Seconds that the words on a screen, to the minute, may be off from the time that the session's file has.
_SAME = 120


def witness(change: Change, story: Story, agent: Agent | None) -> Change:
    """The change with what the session's own file says of it.

    The file adds its message as evidence. It settles what the screen could not say: words that were out of sight, or that
    stand for several causes of one class. Of another class it is no witness: its failure may be an earlier one.
    """
    if agent is None or change.cause is None or story.failure is None:
        return change
    found = agent.explain(story.failure.message)
    unseen = change.cause.name == "unknown.banner"
    if found is None or not (unseen or CAUSES[found.cause].kind == change.cause.kind):
        return change
    cause = CAUSES[found.cause]
    evidence = (*change.evidence, Evidence("rollout", story.failure.message))
    return change._replace(cause=cause, state=cause.state, until=change.until or found.until, evidence=evidence)


def reset_time(words: int | None, story: Story) -> int | None:
    """When a usage limit ends: to the second where the session's file has the time that the words name to the minute.

    `limits` hold up to two windows with `used_percent` and `resets_at` (seen on 0.98 to 0.169).
    """
    windows = [(story.limits or {}).get(name) for name in ("primary", "secondary")]
    full = [
        int(window["resets_at"])
        for window in windows
        if isinstance(window, dict)
        and window.get("used_percent", 0) >= 100
        and isinstance(window.get("resets_at"), int)
    ]
    if words is None:
        return max(full, default=None)
    return next((moment for moment in full if abs(moment - words) <= _SAME), words)
