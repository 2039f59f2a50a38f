"""Hand output to the listener."""

import fcntl
import os
import select
import time
from collections import deque

from codexwrap import cast
from codexwrap.cast import ERROR, EXIT, MARK, OUTPUT, RESIZE
from codexwrap.pump.launch import Job

IDLE = 5  # milliseconds without output after which it is handed over
BATCH = 32 * 1024  # bytes after which it is handed over at once
RECENT = 256 * 1024  # bytes kept: for a listener that lags, and for one that is started again
CAUGHT_UP = 64 * 1024  # bytes that are left of them when a listener lags so far that the middle is dropped
RATE, BURST = (
    2 * 1024 * 1024,
    512 * 1024,
)  # bytes a second that are worth encoding in a flood, and bytes before that counts
PIPE, LAST_PIPE = (
    256 * 1024,
    1024 * 1024,
)  # bytes of JSON that may wait in the pipe; at the end all that is left must fit
LAST_WAIT = 1.0  # seconds that the end waits for a listener that has stopped reading
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds before a listener that died is started again

_OVERHEAD = 64  # bytes that an item costs beside its data
_FRAME = b"\x1b[?2026h"  # a full-screen program begins to paint
_F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", None)

# What of the environment tells how to read the recording, or what the program drew.
_ENVIRONMENT = ("TERM", "COLORTERM", "TERM_PROGRAM", "NO_COLOR", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LC_TIME", "SHELL")

_Item = tuple[str, bytes]  # an event's code and its data


class Feeder:
    """Hands what the program writes to another process, as a recording on a pipe, and never waits for that process.

    A listener that lags loses the middle of a flood and is told so by a mark. One that dies is started again and is
    given the recent output once more.
    """

    def __init__(self, job: Job, pid: int, size: tuple[int, int], poller: select.poll) -> None:
        """`pid` is the program's, `size` its columns and lines. What `poller` finds on `fd` goes to `ready`."""
        self.fd = -1
        self._job, self._pid, self._poller = job, pid, poller
        self._first_size = size  # of the terminal before the oldest item
        self._sent: deque[_Item] = deque()
        self._unsent: deque[_Item] = deque()
        self._sent_size = self._size = 0
        self._forgotten = 0  # bytes of output that came before the oldest item
        self._lost = 0  # bytes of output that this listener will miss before the next that it gets
        self._line = b""  # encoded and not yet written
        self._full = False  # the pipe takes no more
        self._budget, self._counted = float(BURST), 0.0
        self._opened, self._retry, self._pause = 0.0, 0.0, FIRST_PAUSE
        if job.listen is None:
            self._retry = float("inf")

    def output(self, data: bytes, code: str = OUTPUT) -> None:
        """The program wrote `data`."""
        self._unsent.append((code, data))
        self._size += len(data) + _OVERHEAD
        if self._size > RECENT:
            self._drop(RECENT if self.fd < 0 else CAUGHT_UP)

    def mark(self, label: str) -> None:
        self.output(label.encode(), MARK)

    def resize(self, columns: int, lines: int) -> None:
        self.output(b"%dx%d" % (columns, lines), RESIZE)

    def timeout(self) -> float | None:
        """Milliseconds of silence after which `tick` has something to do; None for never."""
        if self.fd < 0:
            return None if self._job.listen is None else max(0.0, self._retry - time.monotonic()) * 1000
        return IDLE if (self._unsent or self._line) and not self._full else None

    def tick(self, *, idle: bool) -> None:
        """Hand over what is due. To be called now and then, and `idle` when nothing happened in `timeout`."""
        now = time.monotonic()
        if self.fd < 0:
            if now < self._retry:
                return
            self._open(now)
        if self._full or not (self._unsent or self._line):
            return
        self._budget = min(BURST, self._budget + (now - self._counted) * RATE)
        self._counted = now
        if idle or self._budget >= BATCH:
            self._budget -= self._size
            self._hand_over()

    def ready(self, events: int) -> None:
        """The pipe has room again, or nobody reads it any more."""
        if events & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            self._gone()
        else:
            self._hand_over()

    def finish(self, status: int) -> None:
        """Hand over what is left, and the program's exit status. Waits only for a listener that does not read."""
        self._unsent.append((EXIT, b"%d" % status))
        if self.fd < 0 and self._job.listen:
            self._open(time.monotonic())
        if self.fd >= 0:
            _resize_pipe(self.fd, LAST_PIPE)
            self._hand_over()
        deadline = time.monotonic() + LAST_WAIT
        while self._full and (left := deadline - time.monotonic()) > 0:
            poller = select.poll()
            poller.register(self.fd, select.POLLOUT)
            poller.poll(left * 1000)
            self._hand_over()
        self.close()

    def close(self) -> None:
        """Let the listener go; for it, a pump that does this without `finish` was killed."""
        if self.fd >= 0:
            self._poller.unregister(self.fd)
            os.close(self.fd)
        self.fd, self._line, self._full = -1, b"", False

    def _open(self, now: float) -> None:
        self._opened, self._retry = now, now + self._pause
        try:
            fd = self._job.listen(self._pid) if self._job.listen else -1
        except OSError:
            fd = -1
        if fd < 0:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            return
        os.set_blocking(fd, False)
        _resize_pipe(fd, PIPE)
        self._poller.register(fd, 0)  # which still says when the reader is gone
        self._encoder = cast.Encoder(time.monotonic)
        self.fd, self._line = fd, self._encoder.header(self._header())

    def _header(self) -> cast.Header:
        columns, lines = self._first_size
        job = self._job
        return cast.Header(
            columns=columns,
            lines=lines,
            timestamp=time.time(),
            env={name: job.env[name] for name in _ENVIRONMENT if name in job.env},
            extra={"argv": list(job.argv), **job.about, "pid": self._pid},
        )

    def _gone(self) -> None:
        self.close()
        now = time.monotonic()
        if now - self._opened > LONGEST_PAUSE:
            self._pause = FIRST_PAUSE
        self._retry = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        old = [item for item in self._sent if item not in (_REPLAY, _LIVE)]
        new = [item for item in self._unsent if item != _REPLAY]
        self._unsent = deque([_REPLAY, *old, *new] if _LIVE in new else [_REPLAY, *old, _LIVE, *new])
        self._size = sum(len(data) + _OVERHEAD for _, data in self._unsent)
        self._sent.clear()
        self._sent_size = 0
        self._lost = self._forgotten

    def _hand_over(self) -> None:
        while self._line or self._unsent:
            if not self._line:
                self._line = self._encode(*self._take())
                continue
            try:
                written = os.write(self.fd, self._line)
            except BlockingIOError:
                self._watch(full=True)
                return
            except OSError:
                self._gone()
                return
            self._line = self._line[written:]
        self._watch(full=False)

    def _watch(self, *, full: bool) -> None:
        if full is not self._full:
            self._full = full
            self._poller.modify(self.fd, select.POLLOUT if full else 0)

    def _take(self) -> _Item:
        """The next event; output that came in pieces is one."""
        code, data = self._unsent.popleft()
        self._size -= len(data) + _OVERHEAD
        if code in (OUTPUT, ERROR):
            parts, length = [data], len(data)
            while self._unsent and self._unsent[0][0] == code and length < BATCH:
                _, more = self._unsent.popleft()
                self._size -= len(more) + _OVERHEAD
                parts.append(more)
                length += len(more)
            data = b"".join(parts)
        self._sent.append((code, data))
        self._sent_size += len(data) + _OVERHEAD
        while self._sent_size > RECENT:
            self._sent_size -= self._forget(*self._sent.popleft())
        return code, data

    def _encode(self, code: str, data: bytes) -> bytes:
        encoder = self._encoder
        if code == MARK:
            return encoder.mark(data.decode())
        if code == RESIZE:
            return encoder.resize(*_size(data))
        if code == EXIT:
            return encoder.exit(int(data))
        gap = b""
        if self._lost:
            start = resumption(data)
            gap = encoder.mark(f"{cast.GAP} {self._lost + start}")
            self._lost, data = 0, data[start:]
        return gap + (encoder.output(data) if code == OUTPUT else encoder.error(data))

    def _drop(self, keep: int) -> None:
        """Forget the oldest output that nobody has read, down to `keep` bytes. Of all else the newest is kept."""
        while self._sent:
            self._forget(*self._sent.popleft())
        self._sent_size = 0
        events: dict[_Item | str, _Item] = {}
        while self._size > keep:
            item = self._unsent.popleft()
            code, data = item
            self._size -= self._forget(code, data)
            if code in (OUTPUT, ERROR):
                self._lost += len(data)
            else:
                events[code if code == RESIZE else item] = item
        self._unsent.extendleft(reversed(events.values()))
        self._size += sum(len(data) + _OVERHEAD for _, data in events.values())

    def _forget(self, code: str, data: bytes) -> int:
        if code in (OUTPUT, ERROR):
            self._forgotten += len(data)
        elif code == RESIZE:
            self._first_size = _size(data)
        return len(data) + _OVERHEAD


_REPLAY, _LIVE = (MARK, cast.REPLAY.encode()), (MARK, cast.LIVE.encode())


def resumption(data: bytes) -> int:
    """Where reading may begin in the middle of a stream: at a frame, else an escape sequence, a line, a character."""
    for start in (_FRAME, b"\x1b", b"\n"):
        if (at := data.find(start)) >= 0:
            return at
    return next((at for at, byte in enumerate(data[:4]) if byte & 0xC0 != 0x80), 0)


def _size(data: bytes) -> tuple[int, int]:
    columns, _, lines = data.partition(b"x")
    return int(columns), int(lines)


def _resize_pipe(fd: int, size: int) -> None:
    if _F_SETPIPE_SZ is not None:
        try:
            fcntl.fcntl(fd, _F_SETPIPE_SZ, size)
        except OSError:  # more than this user may have: it stays as it is
            return
