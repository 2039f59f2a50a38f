"""Make pass after pass."""

import time
from collections.abc import Callable, Mapping

from codexwrap.errors import UserError
from codexwrap.paths import State as Root
from codexwrap.watchdog import once
from codexwrap.watchdog.outcome import Outcome


def loop(root: Root, environ: Mapping[str, str], every: float, show: Callable[[Outcome], None]) -> None:
    """Until interrupted. A pass that another watchdog makes is left to it; what can be mended meanwhile is waited for."""
    while True:
        start = time.monotonic()
        try:
            show(once.run(root, environ, every=every))
        except once.Busy:
            pass
        except (OSError, UserError) as error:
            show(Outcome(unknown=[str(error)]))
        time.sleep(max(1.0, start + every - time.monotonic()))
