"""Own the pty child."""

import errno
import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress

import pexpect
import ptyprocess

from codexwrap.pump import launch, shim, winsize
from codexwrap.pump.launch import Job


class Outer:
    """The user's terminal, on stdin: the modes that it had, and the raw ones that pass every byte on."""

    def __init__(self) -> None:
        self.cooked = termios.tcgetattr(0)
        self.raw = termios.tcgetattr(0)  # as cfmakeraw(3) does it
        self.raw[0] &= ~(
            termios.IGNBRK
            | termios.BRKINT
            | termios.PARMRK
            | termios.ISTRIP
            | termios.INLCR
            | termios.IGNCR
            | termios.ICRNL
            | termios.IXON
        )
        self.raw[1] &= ~termios.OPOST
        self.raw[2] = self.raw[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        self.raw[3] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
        self.raw[6][termios.VMIN], self.raw[6][termios.VTIME] = 1, 0

    def make_raw(self) -> None:
        with suppress(termios.error):  # hung up meanwhile
            termios.tcsetattr(0, termios.TCSANOW, self.raw)

    def restore(self) -> None:
        with suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, self.cooked)

    def restore_if_raw(self, fd: int) -> None:
        """The same through another descriptor, unless somebody changed the modes since, as a shell does."""
        with suppress(termios.error):
            now = termios.tcgetattr(fd)
            if all(now[flags] == self.raw[flags] for flags in (0, 1, 3)):
                termios.tcsetattr(fd, termios.TCSANOW, self.cooked)

    def in_front(self) -> bool:
        """Whether we are in the terminal's foreground; true where there is no job control."""
        try:
            return os.tcgetpgrp(0) == os.getpgrp()
        except OSError:
            return True


class Child:
    """The program in a terminal of its own, and the shim that leads that terminal's session."""

    def __init__(self, spawned: "_Spawn", reports: int, orders: int) -> None:
        self.master, self.reports = spawned.child_fd, reports
        self._spawned, self._orders = spawned, orders
        os.set_blocking(self.master, False)
        (_, self.pid), *self.early = self.read_reports()  # the first one is there when the program is

    def read_reports(self) -> list[tuple[bytes, int]]:
        """What has become of the program, in the words of shim.py; [] when the shim itself is gone."""
        return [(line[:1], int(line[1:])) for line in os.read(self.reports, 4096).splitlines()]

    def order(self, what: bytes, number: int = 0) -> None:
        """Have the shim do something, in the words of shim.py."""
        with suppress(BrokenPipeError):  # the end of its reports says so too
            os.write(self._orders, what + bytes([number]))

    def hang_up(self) -> None:
        """Do to the program what the loss of the user's terminal would do."""
        self._spawned.ptyproc.fileobj.close()
        self.master = -1  # another file may get the number

    def close(self) -> None:
        """End the shim, and with it the program should it still run."""
        os.close(self._orders)
        os.close(self.reports)
        self._spawned.wait()
        self._spawned.close(force=False)


def spawn(job: Job, outer: Outer, *, front: bool) -> Child:
    """Start a program in a terminal like `outer`, in its foreground or not. Raises CannotRunError.

    The program has what it would have without us: the terminal's modes and size from its first instruction on, its own
    stderr where that is not the terminal, and every descriptor that was meant for it.
    """
    reports, told = os.pipe()
    ordered, orders = os.pipe()
    tty = os.dup(0)
    ours = [told, ordered, tty]
    stderr = -1
    if not os.isatty(2) or os.fstat(2).st_rdev != os.fstat(1).st_rdev:
        ours.append(stderr := os.dup(2))

    def begin() -> None:
        try:
            signal.set_wakeup_fd(-1)
            winsize.put(0, winsize.get(tty))
            termios.tcsetattr(0, termios.TCSANOW, outer.cooked)
            if stderr >= 0:
                os.dup2(stderr, 2)
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, shim.BLOCKED)
            if program := os.fork():
                os.write(told, b"%b%d\n" % (shim.PID, program))
                _close_all_but(told, ordered, tty)
                shim.lead(program, reports=told, orders=ordered, restore=lambda: outer.restore_if_raw(tty))
            else:
                _take_group(front=front)
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                _execute(job, told)
        finally:
            os._exit(launch.NOT_EXECUTABLE)  # neither half may return into the pump's code

    try:
        spawned = _Spawn(job, begin, [*launch.inherited(), *ours])
    except BaseException:
        os.close(reports)
        os.close(orders)
        raise
    finally:
        for fd in ours:
            os.close(fd)
    child = Child(spawned, reports, orders)
    for what, number in child.early:
        if what == shim.FAILED:
            child.close()
            raise launch.cannot_run(job.argv[0], number)
    return child


class _Spawn(pexpect.spawn):  # type: ignore[type-arg]  # generic for mypy only
    """pexpect's spawn, with descriptors handed down and without its pauses."""

    ptyproc: "_Pty"

    def __init__(self, job: Job, begin: Callable[[], None], descriptors: list[int]) -> None:
        self._descriptors = descriptors
        # The arguments are for show: `begin` executes the program, under the name that the user gave it.
        super().__init__(job.path, args=list(job.argv), env=job.env, timeout=None, preexec_fn=begin)
        self.delaybeforesend = None
        self.delayafterclose = self.delayafterterminate = 0

    def _spawnpty(self, args: list[str], **options: object) -> "_Pty":
        spawned: _Pty = _Pty.spawn(args, pass_fds=self._descriptors, **options)
        return spawned


class _Pty(ptyprocess.PtyProcess):  # type: ignore[misc]  # has no types
    def __init__(self, pid: int, fd: int) -> None:
        super().__init__(pid, fd)
        self.delayafterclose = self.delayafterterminate = 0

    def setwinsize(self, rows: int, cols: int) -> None:
        """Not again: the program has its size, and to lose the pixels now would be a resize to it."""


def _close_all_but(*kept: int) -> None:
    """Close every descriptor beyond stdin, but not these."""
    low = 1
    for fd in (*sorted(kept), min(os.sysconf("SC_OPEN_MAX"), 1 << 20)):
        os.closerange(low, fd)
        low = fd + 1


def _take_group(*, front: bool) -> None:
    """Be a process group of one's own, as a shell's job is, with the terminal or without."""
    os.setpgid(0, 0)
    if front:
        os.tcsetpgrp(0, os.getpgrp())  # allowed from behind, for SIGTTOU is blocked


def _execute(job: Job, told: int) -> None:
    """Become the program, or report why that failed."""
    for number in launch.RESTORED:
        signal.signal(number, signal.SIG_DFL)
    try:
        try:
            os.execve(job.path, job.argv, job.env)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            os.execve(launch.SHELL, launch.as_script(job), job.env)
    except OSError as error:
        os.write(told, b"%b%d\n" % (shim.FAILED, error.errno or 0))
