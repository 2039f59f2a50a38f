"""Copy bytes both ways."""

import os
import select
import signal
import time
from collections.abc import Iterable

from codexwrap import cast
from codexwrap.pump import launch, shim, winsize
from codexwrap.pump.feeder import IDLE, Feeder
from codexwrap.pump.keys import Keys
from codexwrap.pump.launch import Job
from codexwrap.pump.signals import Signals
from codexwrap.pump.terminal import Child, Outer

_CHUNK = 64 * 1024
_AHEAD = 64 * 1024  # bytes typed that the program has not taken: as long as there are more, no more are read
_LAST = 256 * 1024  # bytes read at most when the program has ended: more than it can have left comes from somebody else
_TURNS = 8  # of the loop, after which everything else gets its turn, though the program never pauses
_QUIET = 3.0  # seconds since the user last typed, before anybody types for him
_DRAWN, _TYPED = "drawn", "typed"
_BACKGROUND = 1000  # milliseconds between two looks whether the terminal is ours again, which a shell does not say


class Relay:
    """Stands between the user's terminal, on stdin and stdout, and the program's."""

    def __init__(self, job: Job, child: Child, outer: Outer, signals: Signals, *, front: bool) -> None:
        self._child, self._outer, self._signals = child, outer, signals
        self._front = front  # our job is in the foreground of the user's terminal
        self._user_gone = self._program_gone = self._shim_gone = False
        self._status: int | None = None
        self._keys = Keys()
        self._given = job.keys  # what somebody types for the user, as the user asked for
        self._touched = 0.0  # when the user last typed
        self._typed = bytearray()  # and not yet taken by the program
        self._happened: list[tuple[str, bytes]] = []  # and not yet told to the listener
        self._size = winsize.get(1)
        self._poller = select.poll()
        self._feeder = Feeder(job, child.pid, winsize.columns_and_lines(self._size), self._poller)

    def run(self) -> int:
        """Copy until the program has ended; returns its exit status as a shell gives it."""
        poller, feeder, child = self._poller, self._feeder, self._child
        for fd in (child.reports, self._signals.fd, *([self._given] if self._given >= 0 else [])):
            poller.register(fd, select.POLLIN)
        self._watch()
        self._resize()
        self._learn(child.early)
        timeout, turns = self._timeout(), 0
        while self._status is None and not (self._shim_gone and self._program_gone):
            ready = poller.poll(timeout)
            for fd, events in ready:
                if fd == child.master:
                    if events != select.POLLOUT:
                        self._show()
                    if events & select.POLLOUT:
                        self._type()
                        self._watch()
                elif fd == 0:
                    self._read()
                elif fd == self._given:
                    self._take()
                elif fd == feeder.fd:
                    feeder.ready(events)
                elif fd == self._signals.fd:
                    self._pass_on(self._signals.read())
                elif fd == child.reports:
                    self._learn(child.read_reports())
            # What has just been written is on its way to somebody who waits for it, maybe for this processor too.
            turns += 1
            if not ready or turns == _TURNS:
                self._tell()
                feeder.tick(idle=not ready)
                if not self._front and self._outer.in_front():
                    self._attach()
                timeout, turns = self._timeout(), 0
            else:
                timeout = IDLE
        self._drain()
        # Without the shim there is no status, but the kernel hung up on the program for it.
        status = 128 + signal.SIGHUP if self._status is None else self._status
        self._tell()
        feeder.finish(status)
        return status

    def _timeout(self) -> float | None:
        timeout = self._feeder.timeout()
        if self._front or self._user_gone:
            return timeout
        return _BACKGROUND if timeout is None else min(timeout, _BACKGROUND)

    def _tell(self) -> None:
        """Give the listener what has happened since the last time."""
        for what, data in self._happened:
            if what is _DRAWN:
                self._feeder.output(data)
            elif self._keys.submitted(data):
                self._feeder.mark(cast.SUBMIT)
        self._happened.clear()

    # --- from the program to the user -----------------------------------------------------------------------------

    def _show(self) -> int:
        """Copy what the program wrote; returns how many bytes."""
        try:
            data = os.read(self._child.master, _CHUNK) if not self._program_gone else b""
        except BlockingIOError:
            return 0
        except OSError:  # nobody has the terminal open any more, not even the shim
            data = b""
        if not data:
            self._lose_program()
            return 0
        rest = data
        while rest and not self._user_gone:
            try:
                rest = rest[os.write(1, rest) :]
            except BlockingIOError:  # somebody left the terminal in that mode
                _wait_for_room(1)
            except OSError:
                break
        self._happened.append((_DRAWN, data))
        if rest:
            self._lose_user()
        return len(data)

    def _drain(self) -> None:
        """Copy what the program had written up to now."""
        left = _LAST
        while not self._program_gone and left > 0 and (copied := self._show()):
            left -= copied

    def _lose_program(self) -> None:
        if not self._program_gone:
            self._program_gone = True
            self._poller.unregister(self._child.master)

    # --- from the user to the program -----------------------------------------------------------------------------

    def _read(self) -> None:
        """Pass on what the user typed."""
        try:
            data = os.read(0, _CHUNK) if not self._user_gone else b""
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose_user()
            return
        self._touched = time.monotonic()
        self._pass_on_keys(data)

    def _take(self) -> None:
        """Type what was given for that, unless it would get into what the user types."""
        try:
            data = os.read(self._given, _CHUNK)
        except OSError:
            return
        quiet = time.monotonic() - self._touched >= _QUIET
        if data and quiet and self._front and not self._typed and not self._user_gone:
            self._pass_on_keys(data)

    def _pass_on_keys(self, data: bytes) -> None:
        self._typed += data
        self._type()
        if self._typed:
            self._watch()
        self._happened.append((_TYPED, data))

    def _type(self) -> None:
        """Give the program as much as it takes."""
        try:
            while self._typed:
                del self._typed[: os.write(self._child.master, self._typed)]
        except BlockingIOError:
            return
        except OSError:
            self._typed.clear()  # nobody will read it

    def _watch(self) -> None:
        """Watch both ends of what is typed for what can be done now."""
        if not self._program_gone:
            self._poller.register(self._child.master, select.POLLIN | (select.POLLOUT if self._typed else 0))
        if not self._user_gone:
            # Registered for nothing, a descriptor still says when it is hung up.
            wanted = self._front and len(self._typed) < _AHEAD
            self._poller.register(0, select.POLLIN if wanted else 0)

    def _lose_user(self) -> None:
        """The user's terminal is gone: what the program has of it goes too."""
        if not self._user_gone:
            self._user_gone = True
            self._poller.unregister(0)
            self._typed.clear()
            self._drain()
            self._lose_program()
            self._child.hang_up()

    # --- signals and job control ----------------------------------------------------------------------------------

    def _pass_on(self, signals: Iterable[int]) -> None:
        for number in signals:
            if number == signal.SIGWINCH:
                self._resize()
            elif number == signal.SIGCONT:
                self._attach()
                self._child.order(shim.CONTINUE)
            else:
                self._child.order(shim.KILL, number)

    def _resize(self) -> None:
        size = winsize.get(1)
        if not self._program_gone:
            winsize.put(self._child.master, size)
        if size != self._size:
            self._size = size
            self._tell()
            self._feeder.resize(*winsize.columns_and_lines(size))

    def _learn(self, reports: list[tuple[bytes, int]]) -> None:
        """Take note of what has become of the program."""
        if not reports and self._child.early is not reports:
            self._poller.unregister(self._child.reports)
            self._shim_gone = True
        told = dict(reports)
        if shim.ENDED in told:
            self._status = launch.exit_code(told[shim.ENDED])
        elif shim.STOPPED in told:
            self._stop(told[shim.STOPPED])

    def _stop(self, number: int) -> None:
        """Stop as the program has, by the same signal, so that the user's shell takes over; then go on with it."""
        wants_terminal = number in (signal.SIGTTIN, signal.SIGTTOU)
        if wants_terminal and not self._front and self._outer.in_front():  # it can have it by now
            self._attach()
            self._child.order(shim.CONTINUE)
            return
        self._drain()
        self._tell()
        self._feeder.mark(cast.STOPPED)
        self._feeder.tick(idle=True)
        if self._front:
            self._outer.restore()
        undo = self._signals.default(number)
        # ^Z is for the whole job; SIGSTOP was sent to this program.
        os.kill(os.getpid() if number == signal.SIGSTOP else 0, number)
        undo()
        signals = self._signals.read()
        self._feeder.mark(cast.CONTINUED)
        if wants_terminal and signal.SIGCONT not in signals:
            # We could not stop, for nobody is there who would let us go on: the shell has left us in its background.
            self._lose_user()
        else:
            self._attach()
        self._child.order(shim.CONTINUE)
        self._pass_on(signals - {signal.SIGCONT})

    def _attach(self) -> None:
        """Take the user's terminal when we are in its foreground; when not, keep the program from it as well."""
        self._front = self._outer.in_front()
        if self._user_gone:
            return
        if self._front:
            self._outer.make_raw()
            self._resize()
        self._child.order(shim.FRONT if self._front else shim.BACK)
        self._watch()


def _wait_for_room(fd: int) -> None:
    poller = select.poll()
    poller.register(fd, select.POLLOUT)
    poller.poll()
