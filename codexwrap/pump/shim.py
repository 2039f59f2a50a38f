"""Lead the program's terminal session."""

# A session's leader cannot be stopped with ^Z: its process group is orphaned, and the kernel discards SIGTSTP there. So
# this process leads the session of the inner terminal, and the program is its child, as it would be a shell's. It
# reports to the pump when the program stops or ends, and does for the pump what only a member of the session can.

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

# Reports, one a line: the letter, then a number.
PID = b"p"  # the program's process id
FAILED = b"e"  # exec failed with this errno
STOPPED = b"s"  # by this signal
ENDED = b"x"  # with this status, as waitpid has it

# Orders, two bytes each: the letter, then a number or 0.
KILL = b"k"  # send this signal to the program
FRONT = b"f"  # give the terminal to the program
BACK = b"b"  # take it away: to read or to set its modes now stops the program
CONTINUE = b"c"  # let the program go on

# To be blocked before the program is started, so that there is no moment in which one of them ends the shim.
BLOCKED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGPIPE,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


def lead(program: int, *, reports: int, orders: int, restore: Callable[[], None]) -> None:
    """Look after `program`, our child, until the pump closes `orders`; returns when this process has to end.

    Maybe the pump was killed: `restore` is to do what it could not. If the program still runs then, it is hung up on.
    """
    poller = select.poll()
    poller.register(orders, select.POLLIN)
    poller.register(_wake_on_change(), select.POLLIN)
    leader = _Leader(program, reports)
    while True:
        leader.look()
        for fd, _ in poller.poll():
            if fd != orders:
                os.read(fd, 4096)
            elif received := os.read(orders, 4096):
                for order, number in zip(received[::2], received[1::2], strict=True):
                    leader.obey(bytes([order]), number)
            else:
                restore()
                leader.leave()
                return


class _Leader:
    def __init__(self, program: int, reports: int) -> None:
        self._program, self._reports = program, reports
        self._running = True
        self._stopped = False
        self._front = program  # the process group that has the terminal while the program is in front
        self._pump = os.getppid()

    def look(self) -> None:
        """Report what has become of the program."""
        while self._running:
            pid, status = os.waitpid(self._program, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self._stopped = True
                self._report(STOPPED, os.WSTOPSIG(status))
            elif os.WIFCONTINUED(status):
                if self._stopped:  # by somebody else: the pump, which stopped with it, must go on too
                    self._stopped = False
                    os.kill(self._pump, signal.SIGCONT)
            else:
                self._running = False
                self._report(ENDED, status)

    def obey(self, order: bytes, number: int) -> None:
        if not self._running:
            return
        # An order fails for a program of another user (sudo), or when the terminal is gone.
        with suppress(OSError):
            if order == KILL:
                os.kill(self._program, number)
            elif order == CONTINUE:
                self._stopped = False
                os.killpg(os.getpgid(self._program), signal.SIGCONT)
            elif order == BACK and os.tcgetpgrp(0) != os.getpgrp():
                self._front = os.tcgetpgrp(0)
                os.tcsetpgrp(0, os.getpgrp())
            elif order == FRONT and os.tcgetpgrp(0) == os.getpgrp():
                os.tcsetpgrp(0, self._front)

    def leave(self) -> None:
        with suppress(OSError):
            if self._running:
                for number in (signal.SIGHUP, signal.SIGCONT):
                    os.killpg(os.getpgid(self._program), number)
            else:
                # When the leader of a session ends, the kernel hangs up on the group that has the terminal. Without the
                # wrapper, what the program left running would not be hung up on.
                os.tcsetpgrp(0, os.getpgrp())

    def _report(self, what: bytes, number: int) -> None:
        with suppress(BrokenPipeError):  # the pump is gone: `orders` says so too
            os.write(self._reports, b"%b%d\n" % (what, number))


def _wake_on_change() -> int:
    """A descriptor that can be read when a child has stopped or ended."""
    readable, end = os.pipe()
    os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, _noted)
    signal.set_wakeup_fd(end, warn_on_full_buffer=False)
    return readable


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The wake-up is in the pipe."""
