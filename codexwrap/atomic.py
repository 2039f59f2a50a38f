"""Replace files without tearing."""

import os
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


def write(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put `data` at `path`: a reader, or a machine that lost power, finds the old file or the new one, never a part.

    Durable means that both the bytes and the name have reached the disk when this returns; without it only tearing is
    ruled out. Raises OSError, and then leaves neither a part nor a temporary file behind.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_dir(path.parent)


def sync_dir(path: Path) -> None:
    """Make the names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
