"""Say what a check found."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from codexwrap.paths import State


class Finding(NamedTuple):
    """`what` was looked at; `well` is None where nothing can be said of it; `says` is one line, and how to mend it."""

    what: str
    well: bool | None
    says: str


Check = Callable[[State, Mapping[str, str]], Sequence[Finding]]
"""Never raises for what may be wrong: that is what it finds."""
