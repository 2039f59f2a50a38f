"""The recordings of the real agents, and what they hold."""

import json
import lzma
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(
    os.environ.get("CODEXWRAP_TEST_RECORDINGS", Path(__file__).parent / "recordings")
)  # another one, to try it


class Recording(NamedTuple):
    """`cast` is a compressed asciicast v3 beside its label; see tests/recordings/README.md for what a label says."""

    cast: Path
    label: dict[str, Any]

    @property
    def name(self) -> str:
        """`version/scenario-COLUMNSxLINES`; before the version of an agent other than Codex stands its name and a dash."""
        return f"{self.cast.parent.name}/{self.cast.name.removesuffix('.cast.xz')}"

    @property
    def agent(self) -> str:
        return _agent(self.cast)

    @property
    def expected(self) -> dict[str, Any]:
        expected: dict[str, Any] = self.label["expected"]
        return expected

    def data(self) -> bytes:
        """The recording, unpacked."""
        return lzma.decompress(self.cast.read_bytes())

    def lines(self) -> list[bytes]:
        return self.data().splitlines(keepends=True)


def recordings(pattern: str = "*", agent: str = "codex") -> Iterator[Recording]:
    """Those of an agent whose name matches, in order."""
    for cast in sorted(FOLDER.glob("*/*.cast.xz")):
        if _agent(cast) != agent:
            continue
        recording = _recording(cast)
        if fnmatchcase(recording.name, pattern):
            yield recording


def named(name: str) -> Recording:
    """The recording of that name."""
    return _recording(FOLDER / f"{name}.cast.xz")


def causes_told(entry: dict[str, Any]) -> tuple[str, ...]:
    """The causes that are right for an episode, or for the verdict: the true one, and what the screen alone can tell."""
    return tuple(cause for cause in (entry["cause"], entry.get("screen_cause")) if cause)


def is_told(cause: str | None, entry: dict[str, Any]) -> bool:
    """Whether `cause` is right for an episode or a verdict. `credits.*` in a label means any detail of that class."""
    told = causes_told(entry)
    return cause is None if not told else cause is not None and any(fnmatchcase(cause, each) for each in told)


def _agent(cast: Path) -> str:
    agent, dash, _ = cast.parent.name.partition("-")
    return agent if dash else "codex"


def _recording(cast: Path) -> Recording:
    label = json.loads(cast.with_name(cast.name.removesuffix(".cast.xz") + ".json").read_text())
    return Recording(cast, label)
