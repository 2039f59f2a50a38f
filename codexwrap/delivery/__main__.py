"""Deliver what was posted."""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence

from codexwrap import paths
from codexwrap.delivery import deliverer, sinks
from codexwrap.delivery.deliverer import Worker
from codexwrap.paths import State

_NICE = 5


def main() -> int:
    """`python -m codexwrap.delivery`, which `wake` starts."""
    root = paths.state(os.environ)
    try:
        os.nice(_NICE)
        deliverer.run(root, os.environ, _workers)
    except Exception:  # noqa: BLE001 - the last frame of this process
        deliverer.log(root, traceback.format_exc())
        return 3
    return 0


def _workers(root: State, environ: Mapping[str, str]) -> Sequence[Worker]:
    return [sink.follow(root, environ) for sink in sinks.configured(environ)]


if __name__ == "__main__":
    sys.exit(main())
