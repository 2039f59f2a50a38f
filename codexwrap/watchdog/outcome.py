"""Say what a pass found."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from codexwrap.redact.redact import printable


@dataclass
class Outcome:
    """`told` and `unwatched` are lines for people; `unknown` says what could not be found out, and why: never a death.

    `states` counts seats by their states, `ways` unwrapped agents by who watches them (`tmux`, `file`, `nobody`).
    """

    told: list[str] = field(default_factory=list)
    unwatched: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    took: float = 0.0  # seconds

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {**vars(self), "states": dict(self.states), "ways": dict(self.ways)}

    def lines(self) -> list[str]:
        """In short, for people."""
        seats = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items())) or "none"
        ways = ", ".join(f"{count} by {way}" for way, count in sorted(self.ways.items())) or "none"
        return [
            f"seats: {seats}; unwrapped agents: {ways}; {self.took * 1000:.0f} ms",
            *(printable(line) for line in self.told),
            *(printable(f"UNWATCHED  {line}") for line in self.unwatched),
            *(printable(f"UNKNOWN  {line}") for line in self.unknown),
        ]
