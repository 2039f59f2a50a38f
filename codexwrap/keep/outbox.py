"""Post events, late if need be."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from codexwrap import events, journal
from codexwrap.events import Event
from codexwrap.journal import Journal, JournalError
from codexwrap.paths import State as Root

_RECENT = 500  # events at the end of the feed among which those are that the sidecar before this one could still post


class Outbox:
    """Events that are to be on the feed, in order.

    What is about to be posted is first noted by `note`: should this process be killed in between, the next one posts it,
    under the same ids.
    """

    def __init__(self, root: Root, note: Callable[[], None]) -> None:
        self.owed: list[Event] = []
        self._feed, self._note = root.feed, note
        self._journal = Journal(root.feed)

    def post(self, *added: Event, durable: bool = True) -> None:
        """Add events to the feed, behind those that could not be written yet. Never raises."""
        self.owed += added
        self._note()
        self.flush(durable=durable)

    def flush(self, *, durable: bool = True) -> None:
        """Try to write what is owed."""
        try:
            self._journal.append(*self.owed, durable=durable)
        except JournalError as error:
            del self.owed[: error.written]
        else:
            self.owed.clear()

    def lines(self) -> list[str]:
        """What is owed, to be kept."""
        return [event.to_line().decode() for event in self.owed]

    def take_over(self, lines: Any) -> bool:
        """Owe what a process before this one owed, unless it is on the feed already; false where it owed nothing."""
        owed = [events.from_line(line) for line in lines or ()]
        if owed:
            posted = {event.id for event in islice(journal.backwards(self._feed), _RECENT)}
            self.owed = [event for event in owed if event.id not in posted]
        return bool(owed)
