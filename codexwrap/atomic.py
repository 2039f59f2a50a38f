"""Replace files without tearing."""

import contextlib
import errno
import os
import stat
from pathlib import Path

FILE_MODE = 0o600
DIR_MODE = 0o700


def private_dir(path: Path) -> Path:
    """`path`, made with all its parents, for its owner only. Raises OSError.

    Parents that are already there keep their mode: they may be the user's own.
    """
    missing = []
    parent = path
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    for each in reversed(missing):
        each.mkdir(mode=DIR_MODE, exist_ok=True)
    return path


def write(path: Path, data: bytes, *, durable: bool = True, like: os.stat_result | None = None) -> None:
    """Put `data` at `path`: a reader, or a machine that lost power, finds the old file or the new one, never a part.

    Durable means that both the bytes and the name have reached the disk when this returns; without it only tearing is
    ruled out. The file is its owner's only, or has the mode and owner that `like` says. Raises OSError, and then leaves
    neither a part nor a temporary file behind.
    """
    temporary = path.with_name(f".{path.name[:50]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")  # 255 bytes are a name
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            if like is not None:
                _dress(fd, like)
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        sync_dir(path.parent)


def _dress(fd: int, like: os.stat_result) -> None:
    if os.fstat(fd).st_uid != like.st_uid:
        os.fchown(fd, like.st_uid, -1)
    with contextlib.suppress(PermissionError):  # a group that its owner has left
        os.fchown(fd, -1, like.st_gid)
    os.fchmod(fd, stat.S_IMODE(like.st_mode))


def sync_dir(path: Path) -> None:
    """Make the names in a directory durable, where the file system knows how. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # what network file systems say
            raise
    finally:
        os.close(fd)
