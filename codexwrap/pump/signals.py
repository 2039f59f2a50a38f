"""Turn signals into readable bytes."""

import os
import signal
from collections.abc import Callable, Iterable
from types import FrameType


class Signals:
    """Until `close`, none of these signals ends or interrupts the process: each is a byte to be read from `fd`.

    One that was ignored stays ignored, as after `nohup`. In the main thread only.
    """

    def __init__(self, wanted: Iterable[signal.Signals]) -> None:
        self.fd, self._end = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._end, False)
        self._wakeup = signal.set_wakeup_fd(self._end, warn_on_full_buffer=False)
        self._before = {
            number: signal.signal(number, _noted) for number in wanted if signal.getsignal(number) is not signal.SIG_IGN
        }

    def read(self) -> set[int]:
        """Which signals have come since the last time."""
        try:
            return set(os.read(self.fd, 4096))
        except BlockingIOError:
            return set()

    def default(self, number: int) -> Callable[[], object]:
        """Give a signal its default effect again; returns what takes it back."""
        before = self._before.get(signal.Signals(number))
        if before is None:
            return lambda: None
        signal.signal(number, signal.SIG_DFL)
        return lambda: signal.signal(number, _noted)

    def close(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.fd)
        os.close(self._end)


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The number is already in the pipe."""
