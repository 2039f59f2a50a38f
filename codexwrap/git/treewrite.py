"""Write files of a snapshot."""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from codexwrap.git import treesort
from codexwrap.git.difference import GITLINK, Edits, Entry
from codexwrap.git.gitpath import quote
from codexwrap.git.scratch import FailedError, Scratch, must
from codexwrap.git.treesort import Note

_LINK = "120000"
_PROGRAM = "100755"


def check_out(own: Scratch, index: Path, entries: dict[bytes, Entry], folder: Path) -> list[Note]:
    """Put the files of an index that are named by `entries` below `folder`, as a checkout would; no submodules.

    A file whose filter fails is written as git has it, and named. Raises FailedError, OSError.
    """
    entries = {path: entry for path, entry in entries.items() if entry[0] != GITLINK}
    names = b"".join(path + b"\0" for path in entries)
    words = ("checkout-index", "--force", "--quiet", "-z", "--stdin", f"--prefix={folder}/")
    answer = own.run_all([own.call(*words, stdin=names, index=index, online=True)])[0]
    if answer.code is None:
        raise FailedError(answer.why)
    missing = {path: entry for path, entry in entries.items() if not os.path.lexists(folder / os.fsdecode(path))}
    for path, (mode, oid) in missing.items():
        data = must(own.run_all([own.call("cat-file", "blob", oid, online=True)])[0])
        target = folder / os.fsdecode(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if mode == _LINK:
            target.symlink_to(os.fsdecode(data))
        else:
            target.write_bytes(data)
            target.chmod(target.stat().st_mode | (0o111 if mode == _PROGRAM else 0))
    return [Note(quote(path), f"it is as git has it, unfiltered: {answer.why}") for path in missing]


def move(root: Path, edits: Edits, folder: Path, marks: dict[bytes, tuple[int, ...]]) -> list[Note]:
    """Bring the edits to the tree at `root`, from files below `folder`: each file is the old one or the new one.

    A file that is not any more what `marks` say is left alone, and named. Raises OSError; to start again does no harm.
    """
    left: list[Note] = []
    # What is removed comes first: it may be in the place of a folder, or a folder of it in the place of a file.
    for path, (_, new) in sorted(edits.items(), key=lambda item: item[1][1] is not None):
        target = root / os.fsdecode(path)
        if treesort.mark_at(os.fsencode(root), path) != marks[path] or (new and _is_behind_link(root, target)):
            left.append(Note(quote(path), "it was left as it is: it changed while the snapshot was restored"))
        elif new is None:
            target.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # a folder that is not empty ends it
                for parent in target.relative_to(root).parents[:-1]:
                    (root / parent).rmdir()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):
                target.rmdir()  # a folder whose files have all been removed
            _replace(folder / os.fsdecode(path), target)
    return left


def _is_behind_link(root: Path, target: Path) -> bool:
    return any((root / parent).is_symlink() for parent in target.relative_to(root).parents)


def _replace(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # a working tree on another disk than its repository
            raise
        beside = target.with_name(f".{target.name[:200]}.{os.getpid()}.codexwrap.tmp")
        try:
            shutil.copy2(source, beside, follow_symlinks=False)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
