"""What a session's own file tells."""

from pathlib import Path
from typing import Any, NamedTuple


class Session(NamedTuple):
    """A session of an agent: its id, and its file where there is one."""

    id: str
    path: Path | None


class Meta(NamedTuple):
    """The head of a session's file; `started` in epoch seconds."""

    id: str
    cwd: str
    version: str
    started: float
    originator: str


class Failure(NamedTuple):
    """How a turn failed: the message, and the kind that the agent gives it, either possibly empty."""

    message: str
    kind: str


class Story(NamedTuple):
    """What the end of a session's file tells, as far as it does.

    `prompt` is the last one of the user's; `actions` (tool calls) and `words` (of the agent) came since then. `plan` holds
    steps with their states, `limits` the last snapshot of rate limits as the agent wrote it, `failure` how the last turn
    failed, if it did.
    """

    meta: Meta | None = None
    prompt: str = ""
    words: str = ""
    plan: tuple[tuple[str, str], ...] = ()
    actions: tuple[str, ...] = ()
    tokens: int | None = None
    failure: Failure | None = None
    limits: dict[str, Any] | None = None
