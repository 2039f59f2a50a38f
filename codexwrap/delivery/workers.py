"""List all that follows the feed."""

from collections.abc import Mapping, Sequence

from codexwrap.delivery import alerts, sinks
from codexwrap.delivery.deliverer import Worker
from codexwrap.delivery.teller import Teller, place
from codexwrap.paths import State


def make(root: State, environ: Mapping[str, str]) -> Sequence[Worker]:
    """One for each sink and each alert that the config names. Raises UsageError."""
    tellers = [
        Teller(root, alert.name, alert.make(environ), alert.rules, alert.print) for alert in alerts.configured(environ)
    ]
    return [*(sink.follow(root, environ) for sink in sinks.configured(environ)), *tellers]


def names(environ: Mapping[str, str]) -> dict[str, str]:
    """Of each, what people call it, and the name under which it keeps its place. Raises UsageError."""
    found = {f"sink {sink.name}": sink.name for sink in sinks.configured(environ)}
    return found | {f"alert {alert.name}": place(alert.name) for alert in alerts.configured(environ)}
