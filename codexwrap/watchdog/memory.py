"""Remember between two passes."""

import json
from dataclasses import dataclass, field
from typing import Any

from codexwrap import atomic
from codexwrap.paths import State as Root
from codexwrap.watchdog import heartbeat
from codexwrap.watchdog.sessionlog import SessionLog

_VERSION = 1


@dataclass
class Memory:
    """What a pass leaves to the next. All of it can be lost: then things are looked at anew, and nothing is told twice,
    for what was told stands in the seats' own files.

    `panes`: by run of an agent, what its pane showed, and since when; `names` of the seats that runs of agents were given;
    `logs`: sessions, by file; `homes` of agents; `told`: runs of agents that were said to run unwrapped; `pending`:
    checkpoints that lack their snapshot.
    """

    panes: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    logs: dict[str, SessionLog] = field(default_factory=dict)
    homes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)


def load(root: Root) -> Memory:
    """What the last pass left; nothing where that cannot be read."""
    try:
        record = json.loads((heartbeat.folder(root) / "memory.json").read_bytes())
        if record.pop("version") != _VERSION:
            return Memory()
        logs = {path: SessionLog.from_json(value) for path, value in record.pop("logs").items()}
        return Memory(**record, logs={path: log for path, log in logs.items() if log})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Memory()


def save(root: Root, memory: Memory) -> None:
    """Raises OSError."""
    record = {"version": _VERSION, **vars(memory), "logs": {path: list(log) for path, log in memory.logs.items()}}
    atomic.private_dir(heartbeat.folder(root))
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=True)
    atomic.write(heartbeat.folder(root) / "memory.json", text.encode(), durable=False)
