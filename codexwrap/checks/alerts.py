"""Check each alert."""

import time
from collections.abc import Mapping, Sequence

from codexwrap.alerts import message
from codexwrap.checks.finding import Finding
from codexwrap.delivery import alerts
from codexwrap.errors import UserError
from codexwrap.paths import State
from codexwrap.sinks.outcome import NotTakenError


def check(_root: State, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Whether the config of the alerts can be used. Nobody is told anything."""
    try:
        found = alerts.configured(environ)
    except UserError as error:
        return [Finding("alerts", False, str(error))]
    how = "`codexwrap doctor --test-alert` tells whether it arrives"
    return [Finding(f"alert {alert.name}", None, f"{alert.kind}: {how}") for alert in found] or [
        Finding("alerts", None, "none is configured ([alerts.NAME]): nobody is told when a seat dies")
    ]


def send(_root: State, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Send a message that is marked as a test by each alert, whatever its rules say."""
    try:
        found = alerts.configured(environ)
    except UserError as error:
        return [Finding("alerts", False, str(error))]
    if not found:
        return [Finding("alerts", False, "none is configured ([alerts.NAME]): nobody is told when a seat dies")]
    test = message.test(time.time())
    told = []
    for alert in found:
        try:
            alert.make(environ).tell(test)
        except NotTakenError as error:
            told.append(Finding(f"alert {alert.name}", False, f"{alert.kind}: {error}"))
        else:
            told.append(Finding(f"alert {alert.name}", True, f"{alert.kind}: sent, marked as a test"))
    return told
