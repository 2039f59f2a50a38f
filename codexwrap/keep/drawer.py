"""Put a seat's checkpoints away."""

from pathlib import Path
from typing import Any

from codexwrap import checkpoint
from codexwrap.errors import UserError
from codexwrap.paths import State as Root


class Drawer:
    """The checkpoints of a seat. `path` is the last one's; `unsaved` is one that could not be written yet."""

    def __init__(self, root: Root) -> None:
        self.path: Path | None = None
        self.unsaved: dict[str, Any] | None = None
        self._root = root
        self._pending: list[Path] = []

    def save(self, record: dict[str, Any]) -> bool:
        """Write a checkpoint; one that cannot be is kept, to be tried again. Whether it is on the disk."""
        try:
            self.path, self.unsaved = checkpoint.save(self._root, record), None
        except OSError:
            self.path, self.unsaved = None, record
        self._expect(record)
        return self.unsaved is None

    def open(self, path: str | None) -> None:
        """Go on with a checkpoint that is there."""
        self.path = Path(path) if path else None
        if self.path:
            try:
                self._expect(checkpoint.load(self.path).record)
            except UserError:
                return

    def take_pending(self) -> list[Path]:
        """Checkpoints that lack their snapshot, each of them once."""
        pending, self._pending = self._pending, []
        return pending

    def _expect(self, record: dict[str, Any]) -> None:
        if self.path and (record.get("snapshot") or {}).get("state") == checkpoint.PENDING:
            self._pending.append(self.path)
