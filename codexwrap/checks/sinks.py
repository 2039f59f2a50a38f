"""Check each sink for real."""

import time
from collections.abc import Mapping, Sequence

from codexwrap import events, wake
from codexwrap.checks.finding import Finding
from codexwrap.delivery import health, sinks, workers
from codexwrap.delivery.sinks import Configured
from codexwrap.errors import UserError
from codexwrap.paths import State
from codexwrap.sinks.outcome import NotTakenError


def check(root: State, environ: Mapping[str, str]) -> Sequence[Finding]:
    """Send each sink an event of type `codexwrap.test`, which means nothing, and say what is wrong with delivery."""
    try:
        found = sinks.configured(environ)
        names = workers.names(environ)
    except UserError as error:
        return [Finding("sinks", False, str(error))]
    told = [_try(sink, environ) for sink in found] or [Finding("sinks", None, "none is configured ([sinks.NAME])")]
    wake.deliver(root.root, environ)
    return [*told, *(Finding("delivery", False, line) for line in health.troubles(root, names))]


def _try(sink: Configured, environ: Mapping[str, str]) -> Finding:
    what = f"sink {sink.name}"
    test = events.new("test", seat="", data={"says": "codexwrap doctor sent this; it means nothing"})
    start = time.monotonic()
    made = sink.make(environ)
    try:
        made.send([test])
    except NotTakenError as error:
        return Finding(what, False, f"{sink.kind}: {error}")
    finally:
        made.close()
    return Finding(what, True, f"{sink.kind}: took a test event in {(time.monotonic() - start) * 1000:.0f} ms")
