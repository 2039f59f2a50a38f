"""Run a program as if unwrapped."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence

from codexwrap.pump import launch
from codexwrap.pump.launch import Job
from codexwrap.pump.signals import Signals

# Everything else is imported when it is needed: until the program runs, every import delays it.

# Passed on to the program. Any other signal that ends us ends the program as well: the shim hangs up on it.
_PASSED_ON = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTSTP,
)


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    listen: Callable[[int], int] | None = None,
    about: Mapping[str, object] | None = None,
    keys: int = -1,
) -> int:
    """Run a program as if we were not there; returns its exit status as a shell gives it, 128 + n after signal n.

    `listen` is given the program's process id, starts a process that reads a recording (cast.py) and returns the write
    end of that process's pipe, or -1 when it cannot. It is called once the program runs, and again, after a pause, each
    time that nobody reads the pipe any more. `about` goes into the recording's header, beside "argv" and "pid". `keys`
    is a descriptor, if any: what can be read from it is typed, but in a terminal only and not while its user types.

    In the main thread only. Raises CannotRunError when there is no such program.
    """
    launch.occupy_standard_streams()
    job = Job(launch.find(argv[0], env), list(argv), env, listen, about or {}, keys)
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # children would leave no status
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if os.isatty(0) and os.isatty(1):
        return _in_terminal(job)
    from codexwrap.pump import direct

    return direct.run(job)


def _in_terminal(job: Job) -> int:
    from codexwrap.pump import terminal

    outer = terminal.Outer()
    signals = Signals((*_PASSED_ON, signal.SIGWINCH, signal.SIGCONT))
    front = outer.in_front()
    try:
        if front:
            outer.make_raw()
        child = terminal.spawn(job, outer, front=front)
        try:
            from codexwrap.pump import relay

            return relay.Relay(job, child, outer, signals, front=front).run()
        finally:
            child.close()
    finally:
        if outer.in_front():
            outer.restore()
        signals.close()
