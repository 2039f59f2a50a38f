"""Run a program beside pipes."""

import errno
import os
import select
import signal
from collections.abc import Iterable

from codexwrap import cast
from codexwrap.pump import launch, winsize
from codexwrap.pump.feeder import Feeder
from codexwrap.pump.launch import Job
from codexwrap.pump.signals import Signals
from codexwrap.pump.stream import Stream

_LAST = (
    1024 * 1024
)  # bytes read at most when the program has ended: more than it can have left comes from somebody else
_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_KEYS = (signal.SIGINT, signal.SIGQUIT)  # the terminal sends them to the whole job


def run(job: Job) -> int:
    """Run a program whose stdin or stdout is no terminal; returns its exit status as a shell gives it.

    The program has our stdin and a place in our job, so that ^C, ^Z and a closed terminal find it as without us. Its
    stdout and its stderr come through us, each by itself and as what it is for us: a terminal or not.
    Raises CannotRunError.
    """
    signals = Signals((*_ENDING, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH))
    poller = select.poll()
    streams = [Stream(1, cast.OUTPUT, poller)]
    if not os.path.sameopenfile(1, 2):  # else one pipe, which keeps their order
        streams.append(Stream(2, cast.ERROR, poller))
    try:
        pid = _start(job, streams)
        return _Direct(job, pid, streams, signals, poller).run()
    finally:
        for stream in streams:
            stream.close()
        signals.close()


def _start(job: Job, streams: list[Stream]) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, streams[0].end, 1), (os.POSIX_SPAWN_DUP2, streams[-1].end, 2)]
    path, argv = job.path, job.argv
    try:
        try:
            return os.posix_spawn(path, argv, job.env, file_actions=actions, setsigdef=launch.RESTORED)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            path, argv = launch.SHELL, launch.as_script(job)
            return os.posix_spawn(path, argv, job.env, file_actions=actions, setsigdef=launch.RESTORED)
    except OSError as error:
        raise launch.cannot_run(job.argv[0], error.errno or 0) from None
    finally:
        for stream in streams:
            os.close(stream.end)


class _Direct:
    def __init__(self, job: Job, pid: int, streams: list[Stream], signals: Signals, poller: select.poll) -> None:
        self._pid, self._streams, self._signals, self._poller = pid, streams, signals, poller
        self._status: int | None = None
        self._size = _size()
        self._feeder = Feeder(job, pid, winsize.columns_and_lines(self._size), poller)
        poller.register(signals.fd, select.POLLIN)

    def run(self) -> int:
        while self._status is None:
            ready = self._poller.poll(self._feeder.timeout())
            self._serve(ready)
            self._feeder.tick(idle=not ready)
        self._pass_on_the_rest()
        self._feeder.finish(self._status)
        if any(stream.open for stream in self._streams):
            self._stay_behind()
        return self._status

    def _serve(self, ready: Iterable[tuple[int, int]]) -> set[int]:
        """Do what the poller found possible; returns the signals that came."""
        signals: set[int] = set()
        for fd, events in ready:
            if fd == self._signals.fd:
                signals = self._signals.read()
                self._pass_on(signals)
            elif fd == self._feeder.fd:
                self._feeder.ready(events)
            else:
                for stream in self._streams:
                    if stream.open and fd in (stream.source, stream.sink) and (data := stream.ready(fd, events)):
                        self._feeder.output(data, stream.code)
        return signals

    def _pass_on_the_rest(self) -> None:
        """What the program has left in the pipes. Whoever reads them may take his time, and a signal ends the waiting."""
        for stream in self._streams:
            left = _LAST
            while stream.open and left > 0:
                if not stream.pending:
                    data = stream.read()
                    if not data:
                        break
                    left -= len(data)
                    self._feeder.output(data, stream.code)
                elif self._serve(self._poller.poll()) & set(_ENDING):
                    return

    def _stay_behind(self) -> None:
        """Leave a process that passes on what the program's own children, which live on, have yet to write."""
        if os.fork():
            return
        try:
            os.setsid()
            self._poller.unregister(self._signals.fd)
            while any(stream.open for stream in self._streams):
                self._serve(self._poller.poll())
        finally:
            os._exit(0)

    def _pass_on(self, signals: set[int]) -> None:
        if signal.SIGCONT in signals:
            self._kill(signal.SIGCONT)
        for number in signals - {signal.SIGCONT, signal.SIGCHLD}:
            if number == signal.SIGWINCH:
                self._resize()
            if number not in _KEYS or not _have_keyboard():
                self._kill(number)
        if signal.SIGCHLD in signals:
            self._look()

    def _kill(self, number: int) -> None:
        if self._status is None:
            os.kill(self._pid, number)

    def _look(self) -> None:
        """See what has become of the program."""
        if self._status is not None:
            return
        pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
        if pid and os.WIFSTOPPED(status):
            self._feeder.mark(cast.STOPPED)
            self._feeder.tick(idle=True)
            os.kill(os.getpid(), os.WSTOPSIG(status))  # as it has: the shell waits for both
            self._feeder.mark(cast.CONTINUED)
        elif pid:
            self._status = launch.exit_code(status)

    def _resize(self) -> None:
        for stream in self._streams:
            stream.resize()
        size = _size()
        if size != self._size:
            self._size = size
            self._feeder.resize(*winsize.columns_and_lines(size))


def _size() -> bytes:
    """The size of whichever of our streams is a terminal."""
    return next((size for fd in (1, 2, 0) if any(size := winsize.get(fd))), bytes(8))


def _have_keyboard() -> bool:
    """Whether our job is what the terminal sends ^C to, so that the program has had this signal already."""
    try:
        tty = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(tty) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(tty)
