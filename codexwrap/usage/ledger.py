"""Remember what was read of sessions."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from codexwrap import atomic, credential
from codexwrap.paths import State as Root
from codexwrap.usage import meter, sessionfile
from codexwrap.usage.limits import Snapshot, Window
from codexwrap.usage.meter import Meter, Point
from codexwrap.usage.sessionfile import Mark, Tokens

VERSION = 1
QUARTER = 900  # seconds; time zones differ by whole ones, so that a day's tokens are whole quarters' anywhere
KEPT = 26 * 3600  # seconds; the longest day there is, and as far back as a forecast looks

_OLD = 40  # files, newest first, in which the last word on the limits is looked for where nothing newer holds one

_TAIL = "00000000-0000-0000-0000-000000000000.jsonl"  # how the name of a session's file ends: with its id


class Used(NamedTuple):
    """Tokens of a session within a quarter of an hour that begins at `at`, in epoch seconds; `account` is whose."""

    at: int
    session: str
    account: str
    tokens: Tokens


class Latest(NamedTuple):
    """The last word on what a window does not say; each is None until it was told."""

    at: float = 0.0
    plan: str | None = None
    credits: str | None = None
    spend_cap: str | None = None
    reached: str | None = None


class Ledger:
    """What the sessions of one home tell of tokens and limits, read on from where it was read last.

    Kept in `usage/` of the state root: a pass over thousands of files looks at their sizes, and reads what is new.
    """

    def __init__(self, root: Root, home: Path) -> None:
        self.home = home
        self._path = root.root / "usage" / f"{credential.of(home, '')}.json"
        self._files: dict[str, dict[str, Any]] = {}
        self.meters: dict[str, dict[tuple[str, int], Meter]] = {}
        self.latest: dict[str, Latest] = {}
        self.sessions: set[str] = set()  # the ids of all that there are, since the last update
        self._load()

    def update(self, account: str, *, now: float, budget: int | None = None, heard: Snapshot | None = None) -> int:
        """Read what is new, newest files first, some `budget` bytes of it. How many files are left for the next time.

        `account` is who is signed in now: what newer versions of Codex do not say themselves is taken to be theirs,
        and so is the snapshot that was `heard` elsewhere. Raises OSError where what was read cannot be kept.
        """
        found = {path.name: (path, status) for path, status in _files(self.home)}
        self.sessions = {name[-len(_TAIL) :].removesuffix(".jsonl") for name in found}
        since = now - KEPT
        due = [
            (status.st_mtime, path, status)
            for name, (path, status) in found.items()
            if status.st_mtime >= since and self._is_new(name, status)
        ]
        if not self.meters and not due:
            self._look_back(account, found, now)
        left = len(due)
        for _, path, status in sorted(due, key=lambda each: each[0], reverse=True):
            if budget is not None and budget <= 0:
                break
            with contextlib.suppress(OSError):  # it was archived a moment ago: the next pass finds it
                read = self._read(path, status, account, found)
                budget = budget - read if budget is not None else None
            left -= 1
        if heard is not None:
            self.hear(account, heard)
        forgotten = self._forget(since, found)
        if due or heard or forgotten or not self._path.exists():
            self._save()
        return left

    def uses(self) -> Iterator[Used]:
        """What was used in the last day and a bit."""
        for entry in self._files.values():
            for account, quarters in entry["uses"].items():
                for at, tokens in quarters.items():
                    yield Used(int(at), entry["session"], account, Tokens(*tokens))

    def hear(self, account: str, snapshot: Snapshot) -> None:
        """Take a snapshot of limits into account."""
        meters = self.meters.setdefault(account, {})
        for window in snapshot.windows:
            key = window.limit, window.minutes
            meters[key] = meter.follow(meters.get(key), window, snapshot.at)
        was = self.latest.get(account, Latest())
        if snapshot.at >= was.at:
            self.latest[account] = Latest(
                snapshot.at,
                snapshot.plan or was.plan,
                snapshot.credits or was.credits,
                snapshot.spend_cap or was.spend_cap,
                snapshot.reached if snapshot.windows else was.reached,
            )

    def _is_new(self, name: str, status: os.stat_result) -> bool:
        entry = self._files.get(name)
        return entry is None or entry["inode"] != status.st_ino or entry["size"] != status.st_size

    def _read(
        self,
        path: Path,
        status: os.stat_result,
        account: str,
        found: dict[str, tuple[Path, os.stat_result]],
    ) -> int:
        entry = self._files.get(path.name)
        known = None
        if entry is None or entry["inode"] != status.st_ino or status.st_size < entry["offset"]:
            known = sessionfile.head(path)
            entry = {"inode": status.st_ino, "session": known.session, "account": known.account, "uses": {}}
            entry.update(offset=0, total=None)
        mark = Mark(entry["offset"], Tokens(*entry["total"]) if entry["total"] else None)
        parent = _of_session(found, known.forked) if known and known.forked else None
        part = sessionfile.read(path, mark, known=known, parent=parent)
        whose = entry["account"] or account
        uses = entry["uses"].setdefault(whose, {})
        for use in part.uses:
            quarter = str(int(use.at // QUARTER) * QUARTER)
            uses[quarter] = Tokens(*uses.get(quarter, ())).plus(use.tokens)
        for snapshot in part.snapshots:
            self.hear(whose, snapshot)
        entry.update(offset=part.mark.offset, total=part.mark.total, size=status.st_size)
        self._files[path.name] = entry
        return part.mark.offset - mark.offset

    def _look_back(self, account: str, found: dict[str, tuple[Path, os.stat_result]], now: float) -> None:
        """The last word on the limits, where the sessions are all older than a day."""
        newest = sorted(found.values(), key=lambda each: each[1].st_mtime, reverse=True)
        for path, _ in newest[:_OLD]:
            try:
                known = sessionfile.head(path)
                snapshots = sessionfile.read(path).snapshots
            except OSError:
                continue
            for snapshot in snapshots:
                if snapshot.at <= now:
                    self.hear(known.account or account, snapshot)
            if snapshots:
                return

    def _forget(self, since: float, found: dict[str, tuple[Path, os.stat_result]]) -> bool:
        """Drop what is too old to matter, and files that are gone and hold nothing that still does."""
        changed = False
        for name, entry in list(self._files.items()):
            for account, quarters in list(entry["uses"].items()):
                kept = {at: tokens for at, tokens in quarters.items() if int(at) >= since - QUARTER}
                changed = changed or len(kept) < len(quarters)
                entry["uses"][account] = kept
            silent = name not in found or found[name][1].st_mtime < since
            if silent and not any(entry["uses"].values()):
                del self._files[name]
                changed = True
        return changed

    def _load(self) -> None:
        try:
            record = json.loads(self._path.read_bytes())
            if record["version"] != VERSION:
                return
            files, meters = record["files"], {account: _meters(each) for account, each in record["meters"].items()}
            latest = {account: Latest(*each) for account, each in record["latest"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return  # it is read anew, from the sessions themselves
        self._files, self.meters, self.latest = files, meters, latest

    def _save(self) -> None:
        record = {
            "version": VERSION,
            "home": str(self.home),
            "files": self._files,
            "meters": {account: list(each.values()) for account, each in self.meters.items()},
            "latest": self.latest,
        }
        atomic.private_dir(self._path.parent)
        atomic.write(self._path, json.dumps(record, separators=(",", ":")).encode(), durable=False)


def _meters(saved: Any) -> dict[tuple[str, int], Meter]:
    read = (Meter(Window(*window), at, tuple(Point(*point) for point in points)) for window, at, points in saved)
    return {(each.window.limit, each.window.minutes): each for each in read}


def _of_session(found: dict[str, tuple[Path, os.stat_result]], session: str) -> Path | None:
    return next((path for name, (path, _) in found.items() if name.endswith(f"{session}.jsonl")), None)


def _files(home: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Sessions' files with what the system says of them; `archived_sessions` holds them side by side."""
    pending = [home / "sessions", home / "archived_sessions"]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith("rollout-") and entry.name.endswith(".jsonl"):
                        yield Path(entry.path), entry.stat()
                    elif entry.name.isdecimal() and entry.is_dir():
                        pending.append(Path(entry.path))
        except OSError:
            continue
