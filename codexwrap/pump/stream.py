"""Pass one output on."""

import os
import select
import stat
import termios

from codexwrap.pump import winsize

_CHUNK = 64 * 1024
_PIECE = select.PIPE_BUF  # bytes that a pipe which has room takes without making us wait
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Stream:
    """One way from the program to a descriptor of ours, `sink`: a terminal where that is one, else a pipe.

    The program writes to `end`, which is to be closed once it has it. Nothing here waits. No more is read before all that
    was read is written, so that the program waits for whoever reads `sink` as it would without us.
    """

    def __init__(self, sink: int, code: str, poller: select.poll) -> None:
        """`code` is that of the events which tell what was written."""
        self.sink, self.code = sink, code
        self.pending = b""
        self.open = True  # somebody can write, and somebody reads
        self._poller = poller
        self._piece = _CHUNK if stat.S_ISREG(os.fstat(sink).st_mode) else _PIECE
        if os.isatty(sink):
            self.source, self.end = os.openpty()
            modes = termios.tcgetattr(sink)
            modes[1] &= ~termios.OPOST  # the sink does that
            termios.tcsetattr(self.end, termios.TCSANOW, modes)
            self.resize()
        else:
            self.source, self.end = os.pipe()
        os.set_blocking(self.source, False)
        poller.register(self.source, select.POLLIN)
        poller.register(sink, 0)  # for nothing: that still says when its reader is gone

    def resize(self) -> None:
        """Give the program's end the size of the sink, where they are terminals."""
        if self.open and os.isatty(self.source):
            winsize.put(self.source, winsize.get(self.sink))

    def ready(self, fd: int, events: int) -> bytes:
        """Do what the poller found possible with the source or the sink; returns what was read."""
        if fd == self.source:
            return self.read()
        if events & _GONE:
            self.close()
        elif self.pending:
            self._write()
        return b""

    def read(self) -> bytes:
        """What the program wrote, if anything. It is pending then."""
        try:
            self.pending = os.read(self.source, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError:  # a terminal that nobody has open any more
            self.pending = b""
        if self.pending:
            self._poller.unregister(self.source)
            self._poller.modify(self.sink, select.POLLOUT)
        else:
            self.close()
        return self.pending

    def _write(self) -> None:
        try:
            self.pending = self.pending[os.write(self.sink, self.pending[: self._piece]) :]
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not self.pending:
            self._poller.register(self.source, select.POLLIN)
            self._poller.modify(self.sink, 0)

    def close(self) -> None:
        """No more from the program: for it, `sink` has lost its reader."""
        if self.open:
            self.open = False
            if not self.pending:
                self._poller.unregister(self.source)
            self._poller.unregister(self.sink)
            self.pending = b""
            os.close(self.source)
