"""Follow the feed for one sink."""

import random
import time
from collections.abc import Sequence
from typing import Protocol

from codexwrap import journal
from codexwrap.delivery import progress as progress_of
from codexwrap.delivery.progress import Progress
from codexwrap.events import Event
from codexwrap.journal import Entry
from codexwrap.paths import State
from codexwrap.sinks.outcome import LaterError, NoSecretError, NotTakenError, RefusedError, StuckError

# Seconds.
_FIRST, _LAST = 1.0, 300.0  # waits between two tries: each twice the one before, less up to a half of it by chance
_STUCK = 3600.0
_GIVE_UP = 86400.0  # of answers, for one event: it is the event that is wrong then

_ALONE = 3  # failures after which events go one by one: one of them may be what makes the other side fail
_READ = 1 << 18  # bytes at a time


class Sink(Protocol):
    """Takes events, at most `batch` of them at once, all or none."""

    @property
    def batch(self) -> int: ...

    def send(self, events: Sequence[Event]) -> None:
        """Raises NotTakenError."""

    def close(self) -> None: ...


class Follower:
    """Sends a sink what is behind its cursor: each event at least once, in order, and sets aside what is never taken.

    The cursor moves when the sink has answered: who is killed in between sends the same events again, under the same ids.
    """

    def __init__(self, root: State, name: str, sink: Sink, *, only: Sequence[str] = (), settings: str = "") -> None:
        self.name = name
        self._root, self._sink, self._only = root, sink, tuple(only)
        self._progress = progress_of.load(root, name)
        if self._progress.settings != settings:  # somebody mended something, perhaps
            self._progress = self._progress._replace(settings=settings, next_try=0.0, stuck=False)
        self._pause = 0.0
        self.owes = True

    def step(self) -> float | None:
        """Send what there is, up to some; seconds after which there is more to do, None when only an event brings that.

        Raises OSError where the feed cannot be read, or the cursor not be kept.
        """
        wait = max(self._progress.next_try, self._pause) - time.time()
        if wait > 0:
            return wait
        reading = journal.read(self._root.feed, self._progress.cursor, limit=_READ)
        if reading.skipped:
            self._progress = self._progress._replace(skipped=self._progress.skipped + reading.skipped)
        wanted = [entry for entry in reading.entries if self._wants(entry.event)]
        self.owes = bool(wanted)
        batch = 1 if self._progress.failures >= _ALONE else self._sink.batch
        for start in range(0, len(wanted), batch):
            if not self._deliver(wanted[start : start + batch]):
                return max(0.0, max(self._progress.next_try, self._pause) - time.time())
        if reading.cursor == self._progress.cursor:
            return None
        self._save(self._progress._replace(cursor=reading.cursor), durable=True)
        return 0.0

    def close(self) -> None:
        self._sink.close()

    def _wants(self, event: Event) -> bool:
        kind = event.type.removeprefix("codexwrap.")
        return not self._only or any(kind == each or kind.startswith(f"{each}.") for each in self._only)

    def _deliver(self, entries: Sequence[Entry]) -> bool:
        """Whether to go on behind them."""
        try:
            self._sink.send([entry.event for entry in entries])
        except RefusedError as error:
            if len(entries) > 1:  # find the one
                return all(self._deliver([entry]) for entry in entries)
            self._park(entries[0], str(error))
            return True
        except LaterError as error:
            now = time.time()
            since = self._progress.failing_since or now
            if error.answered and now - since > _GIVE_UP and len(entries) == 1:
                self._park(entries[0], f"{error}, for {_GIVE_UP / 3600:.0f} hours")
                return True
            self._fail(error, wait=max(error.wait or 0.0, backoff(self._progress.failures)))
            return False
        except NoSecretError as error:
            self._pause = time.time() + _FIRST * 60  # this process has it not; the next one may try at once
            self._fail(error, wait=0.0, stuck=True)
            self.owes = False
            return False
        except StuckError as error:
            self._fail(error, wait=_STUCK, stuck=True)
            self.owes = False
            return False
        self._save(
            _well(self._progress)._replace(
                cursor=entries[-1].after,
                delivered=self._progress.delivered + len(entries),
                delivered_at=time.time(),
            )
        )
        return True

    def _fail(self, error: NotTakenError, *, wait: float, stuck: bool = False) -> None:
        now = time.time()
        self._save(
            self._progress._replace(
                failures=self._progress.failures + 1,
                failing_since=self._progress.failing_since or now,
                next_try=now + wait if wait else 0.0,
                error=str(error),
                stuck=stuck,
            )
        )

    def _park(self, entry: Entry, reason: str) -> None:
        progress_of.park(self._root, self.name, entry.event, reason)
        parked = _well(self._progress)._replace(cursor=entry.after, parked=self._progress.parked + 1, error=reason)
        self._save(parked, durable=True)

    def _save(self, progress: Progress, *, durable: bool = False) -> None:
        self._progress = progress
        progress_of.save(self._root, self.name, progress, durable=durable)


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row before this one."""
    longest = min(_LAST, _FIRST * 2.0 ** min(failures, 30))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - not for secrets


def _well(progress: Progress) -> Progress:
    return progress._replace(failures=0, failing_since=0.0, next_try=0.0, error="", stuck=False)
