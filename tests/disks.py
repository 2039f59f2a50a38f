"""A small disk of a test's own."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import eventually


@contextmanager
def small(folder: Path, *, options: str = "size=64k") -> Iterator[Path]:
    """A file system of 16 pages in memory, mounted at `folder`."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk of its own needs root")
    try:
        yield folder
    finally:
        eventually(lambda: subprocess.run(["umount", folder], capture_output=True).returncode == 0)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is; unlink it to get the room back."""
    ballast = folder / "ballast"
    with ballast.open("ab", 0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return ballast
