"""Write metrics for Prometheus."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codexwrap import atomic
from codexwrap.verdict.causes import State
from codexwrap.watchdog.outcome import Outcome

_READABLE = 0o644  # by node_exporter, which is another user


def write(path: Path, outcome: Outcome, records: Iterable[Mapping[str, Any]]) -> None:
    """Put a file where node_exporter's textfile collector looks (it takes `*.prom`). Raises OSError."""
    seats = [record for record in records if record.get("state") != State.EXITED]
    states = [({"seat": record["seat"], "state": record["state"]}, 1.0) for record in seats]
    causes = [
        ({"seat": record["seat"], "cause": record["cause"]}, 1.0)
        for record in seats
        if record["state"] in (State.DEAD, State.STALLED) and record.get("cause")
    ]
    lines = [
        *_family("codexwrap_seat_state", "What a seat is; the value is always 1.", states),
        *_family("codexwrap_seat_cause", "What a seat died or stalled of; the value is always 1.", causes),
        *_family("codexwrap_unwrapped_agents", "Agents without a wrapper.", _by("watched_by", outcome.ways)),
        *_family("codexwrap_watchdog_unknown", "What the last pass could not find out.", [({}, len(outcome.unknown))]),
        *_family("codexwrap_watchdog_pass_seconds", "How long the last pass took.", [({}, outcome.took)]),
        *_family("codexwrap_watchdog_last_pass_timestamp_seconds", "When it ended.", [({}, time.time())]),
    ]
    atomic.write(path, ("\n".join(lines) + "\n").encode("utf-8", "replace"), durable=False)
    path.chmod(_READABLE)


def _by(label: str, counts: Mapping[str, int]) -> list[tuple[dict[str, str], float]]:
    return [({label: name}, float(count)) for name, count in sorted(counts.items())]


def _family(name: str, about: str, samples: Sequence[tuple[Mapping[str, str], float]]) -> list[str]:
    return [
        f"# HELP {name} {about}",
        f"# TYPE {name} gauge",
        *(
            f"{name}{_labels(each)} {value:g}" if value < 1e6 else f"{name}{_labels(each)} {value:.3f}"
            for each, value in samples
        ),
    ]


def _labels(labels: Mapping[str, str]) -> str:
    """Of a value, backslash, quote and line break are escaped (exposition format 0.0.4)."""
    escape = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
    pairs = ",".join(f'{name}="{str(value).translate(escape)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""
