"""Keep a block of lines.

The block stands between two marks in a file that is otherwise its owner's, such as a shell's rc file or a crontab.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from codexwrap import atomic
from codexwrap.errors import UserError

BEGIN = "# >>> codexwrap >>>"
END = "# <<< codexwrap <<<"


def read(path: Path) -> bytes:
    """A file's bytes, none where there is no file.

    Raises UserError for what is no text file, cannot be read, or holds a block without an end.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path} is no ordinary file")
        data = path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if b"\0" in data:
        raise UserError(f"{path} is no text file")
    try:
        _blocks(data.splitlines())
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return data


def put(text: bytes, lines: Sequence[str]) -> bytes:
    """`text` with the block holding these lines: where it stood, else at the end. Raises UserError as `without` does."""
    block = b"".join(os.fsencode(line) + b"\n" for line in (BEGIN, *lines, END))
    before, after = _around(text)
    if before and not before.endswith(b"\n"):
        before += b"\n"
    return before + block + after


def without(text: bytes) -> bytes:
    """`text` without the block, all else as it is. Raises UserError where the block has no end."""
    return b"".join(_around(text))


def block(text: bytes) -> list[str]:
    """The lines of the block with its marks; none where there is none. Raises UserError as `without` does."""
    lines = text.splitlines(keepends=True)
    return [os.fsdecode(line.rstrip(b"\r\n")) for begin, end in _blocks(lines) for line in lines[begin:end]]


def write(path: Path, data: bytes) -> None:
    """Replace what the file holds; its mode, its owner and all links to it stay. Raises UserError."""
    target = Path(os.path.realpath(path))
    try:
        try:
            old = target.stat()
        except FileNotFoundError:
            old = None
        if old is not None and old.st_nlink > 1:  # a new file would leave the other names with the old one
            with target.open("r+b") as file:
                file.write(data)
                file.truncate()
                os.fsync(file.fileno())
        else:
            atomic.write(target, data, like=old)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None


def remove(path: Path) -> None:
    """Remove a file in which nothing is left. Raises UserError."""
    try:
        path.unlink()
    except OSError as error:
        raise UserError(f"{path} cannot be removed: {error.strerror}") from None


def _around(text: bytes) -> tuple[bytes, bytes]:
    """What stands before the first block and what behind it, that and any other blocks left out."""
    lines = text.splitlines(keepends=True)
    blocks = _blocks(lines)
    if not blocks:
        return text, b""
    kept = [b"" if any(begin <= at < end for begin, end in blocks) else line for at, line in enumerate(lines)]
    return b"".join(kept[: blocks[0][0]]), b"".join(kept[blocks[0][0] :])


def _blocks(lines: Sequence[bytes]) -> list[tuple[int, int]]:
    found = []
    begin = None
    for at, line in enumerate(lines):
        mark = line.strip()
        if mark == BEGIN.encode():
            if begin is not None:
                break
            begin = at
        elif mark == END.encode() and begin is not None:
            found.append((begin, at + 1))
            begin = None
    if begin is not None:
        raise UserError(f"line {begin + 1} ({BEGIN}) begins codexwrap's lines, and none ends them: mend that first")
    return found
