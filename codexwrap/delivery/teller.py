"""Tell people, by one alert."""

import time

from codexwrap import events
from codexwrap.alerts import agenda
from codexwrap.alerts.message import Message
from codexwrap.alerts.rules import Rules
from codexwrap.delivery import progress as progress_of
from codexwrap.delivery.alerts import Channel
from codexwrap.delivery.follower import backoff
from codexwrap.feed import known
from codexwrap.paths import State
from codexwrap.sinks.outcome import LaterError, NoSecretError, NotTakenError, RefusedError, StuckError

_STUCK = 3600.0  # seconds
_NO_SECRET = 60.0


class Teller:
    """Folds the feed into incidents, and tells what the rules say of them.

    What was told is kept once it was sent: who is killed in between tells it again, under the same id.
    """

    def __init__(self, root: State, name: str, channel: Channel, rules: Rules, settings: str) -> None:
        self.name = place(name)
        self.owes = True
        self._root, self._channel, self._rules = root, channel, rules
        self._progress = progress_of.load(root, self.name)
        if self._progress.settings != settings:
            self._progress = self._progress._replace(settings=settings, next_try=0.0, stuck=False)
        self._told = agenda.begin(self._progress.extra, time.time())
        self._pause = 0.0

    def step(self) -> float | None:
        """Tell one thing; seconds after which there is more to do, None when only an event brings that.

        Raises OSError where the feed cannot be read, or what was told not be kept.
        """
        now = time.time()
        if (wait := max(self._progress.next_try, self._pause) - now) > 0:
            return wait
        due = agenda.next_due(self._rules, known.load(self._root).incidents.all(), self._told, now)
        if due.message is None:
            if due.told != self._told or not self._progress.extra:
                self._keep(due.told)
            self.owes = due.at is not None
            return None if due.at is None else max(0.05, due.at - now)
        self.owes = True
        try:
            self._channel.tell(due.message)
        except RefusedError as error:
            self._park(due.message, str(error))
        except LaterError as error:
            return self._fail(error, max(error.wait or 0.0, backoff(self._progress.failures)))
        except NoSecretError as error:
            self._pause = now + _NO_SECRET
            self.owes = False
            self._fail(error, 0.0)
            return _NO_SECRET
        except StuckError as error:
            self.owes = False
            return self._fail(error, _STUCK)
        else:
            done = self._progress.delivered + 1
            self._progress = self._progress._replace(delivered=done, delivered_at=now, error="")
        self._keep(due.told)
        return 0.0

    def close(self) -> None:
        """Nothing stays open."""

    def _keep(self, told: agenda.Told) -> None:
        self._told = told
        well = self._progress._replace(failures=0, failing_since=0.0, next_try=0.0, stuck=False, extra=told._asdict())
        self._save(well)

    def _fail(self, error: NotTakenError, wait: float) -> float:
        now = time.time()
        self._save(
            self._progress._replace(
                failures=self._progress.failures + 1,
                failing_since=self._progress.failing_since or now,
                next_try=now + wait if wait else 0.0,
                error=str(error),
                stuck=isinstance(error, StuckError),
            )
        )
        return wait

    def _park(self, message: Message, reason: str) -> None:
        event = events.new("alert.refused", seat="", data={"alert": self.name, "text": message.text()})
        progress_of.park(self._root, self.name, event, reason)
        self._progress = self._progress._replace(parked=self._progress.parked + 1, error=reason)

    def _save(self, progress: progress_of.Progress) -> None:
        self._progress = progress
        progress_of.save(self._root, self.name, progress, durable=True)


def place(name: str) -> str:
    """The name under which an alert keeps what it told: no sink's, whatever that is called."""
    return f"alert {name}"
