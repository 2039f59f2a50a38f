"""Runs a program under the pump, as `python -m tests.pumped [--listen MODE] PROGRAM [ARG…]`; tests play its terminal.

MODE says who listens: `FILE` (a process that writes the recording there), `never` (one that never reads), `none`.
"""

import os
import sys

from codexwrap.pump import launch, pump

_COPY = "import os, sys\nwhile data := os.read(0, 65536): os.write(1, data)"
_SLEEP = "import select\npoller = select.poll()\npoller.register(0, 0)\npoller.poll()"  # until the pump closes the pipe


def listen_with(mode: str) -> int:
    """Start a listener; returns the write end of its pipe."""
    readable, end = os.pipe()
    out = os.open(os.devnull if mode == "never" else mode, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    program = _SLEEP if mode == "never" else _COPY
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", "-c", program],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, readable, 0), (os.POSIX_SPAWN_DUP2, out, 1)],
        setsid=True,
    )
    os.close(readable)
    os.close(out)
    return end


def main(argv: list[str]) -> int:
    mode = "none"
    if argv[0] == "--listen":
        mode, argv = argv[1], argv[2:]
    try:
        return pump.run(argv, os.environ, listen=None if mode == "none" else lambda _: listen_with(mode))
    except launch.CannotRunError as error:
        print(f"codexwrap: {error}", file=sys.stderr)
        return error.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
