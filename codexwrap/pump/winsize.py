"""Know a terminal's size."""

import fcntl
import struct
import termios
from contextlib import suppress

_UNKNOWN = bytes(8)
_FALLBACK = (80, 24)  # what programs assume of a terminal that does not know its size


def get(fd: int) -> bytes:
    """The size in characters and pixels, as ioctl has it; zeros where `fd` is no terminal."""
    try:
        return fcntl.ioctl(fd, termios.TIOCGWINSZ, _UNKNOWN)
    except OSError:
        return _UNKNOWN


def put(fd: int, size: bytes) -> None:
    """Give a terminal a size that `get` returned."""
    with suppress(OSError):  # hung up meanwhile
        fcntl.ioctl(fd, termios.TIOCSWINSZ, size)


def columns_and_lines(size: bytes) -> tuple[int, int]:
    """What a program takes that size for."""
    lines, columns, _, _ = struct.unpack("HHHH", size)
    return (columns, lines) if columns and lines else _FALLBACK
