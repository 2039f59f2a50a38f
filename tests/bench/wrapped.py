"""Runs a program under the pump, as `wrapped.py LISTENER PROGRAM [ARG…]`: LISTENER is `render`, `never` or `none`.

A script, not a module: it is timed from its first line, and `python -m` would be timed with it.
"""

import os
import sys

ROOT = __file__.rpartition("/tests/")[0]
sys.path[0] = ROOT

from codexwrap.pump import pump  # noqa: E402


def listen(kind: str) -> int:
    readable, end = os.pipe()
    os.posix_spawn(
        sys.executable,
        [sys.executable, f"{ROOT}/tests/bench/listener.py", kind],
        {**os.environ, "PYTHONPATH": ROOT},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, readable, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.environ.get("BENCH_ERRORS", os.devnull), os.O_WRONLY | os.O_CREAT, 0o600),
        ],
        setsid=True,
    )
    os.close(readable)
    return end


kind, *argv = sys.argv[1:]
sys.exit(pump.run(argv, os.environ, listen=None if kind == "none" else lambda _: listen(kind)))
