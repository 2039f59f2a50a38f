"""Deliver what was posted."""

import os
import sys
import traceback

from codexwrap import paths
from codexwrap.delivery import deliverer, workers

_NICE = 5


def main() -> int:
    """`python -m codexwrap.delivery`, which `wake` starts."""
    root = paths.state(os.environ)
    try:
        os.nice(_NICE)
        deliverer.run(root, os.environ, workers.make)
    except Exception:  # noqa: BLE001 - the last frame of this process
        deliverer.log(root, traceback.format_exc())
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
