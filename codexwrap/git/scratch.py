"""Work on a private index."""

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from codexwrap.git import git
from codexwrap.git.git import Answer, Call, Deadline
from codexwrap.git.gitpath import quote
from codexwrap.redact.redact import printable

_SEPARATOR = "--codexwrap-next"  # rev-parse prints a flag that it does not know as it is
_PREFIX = "tmp_objdir-codexwrap-"  # should one be left behind, `git prune` knows by the start of the name what it is
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_STALE = 86400.0
_CHANCES = 5
_LOOSE = 100  # objects that are worth a file each; more go into one pack


class FailedError(Exception):
    """Git did not do what it was asked to; the text says why, in one line."""


@dataclass(frozen=True)
class Place:
    """Where a repository keeps what. `head` is None where nothing was committed yet."""

    root: Path
    git_dir: Path
    index: Path
    objects: Path
    head: str | None


def find(cwd: str | os.PathLike[str], deadline: Deadline) -> Place:
    """The repository whose working tree contains `cwd`. Raises FailedError."""
    asked = ("--show-toplevel", "--absolute-git-dir", "--git-path=index", "--git-path=objects", "HEAD")
    words = [word for each in asked for word in (*each.split("="), _SEPARATOR)]
    answer = git.run(cwd, Call(["rev-parse", *words[:-1]]), deadline)
    parts = [os.fsdecode(part) for part in answer.out.removesuffix(b"\n").split(f"\n{_SEPARATOR}\n".encode())]
    if len(parts) != len(asked):
        raise FailedError(answer.why or "git does not say where the repository is")
    root, git_dir, index, objects = (Path(cwd, part).absolute() for part in parts[:4])
    return Place(root, git_dir, index, objects, parts[4] if _COMMIT.fullmatch(parts[4]) else None)


class Scratch:
    """An index and an object store of our own, in front of those of the repository.

    What git writes goes to them alone, and is gone with them unless `keep` is called: neither a command that fails
    nor one that only wants to know leaves anything behind.
    """

    def __init__(self, place: Place, folder: Path, deadline: Deadline) -> None:
        self.place = place
        self.folder = folder
        self.deadline = deadline
        self.index = folder / "index"
        self.objects = folder / "objects"
        for name in ("info", "pack"):
            (self.objects / name).mkdir(parents=True)
        (self.objects / "info/alternates").write_text(quote(os.fsencode(place.objects)) + "\n", "utf-8")

    def call(
        self, *args: str | bytes, stdin: bytes = b"", index: Path | None = None, at: float = 0, online: bool = False
    ) -> Call:
        """A call at the root that sees our index (or another one of ours) and our objects in front of the user's.

        `at` is the time of a commit, in seconds since the epoch; see `Call` for `online`.
        """
        return Call(
            args,
            stdin,
            self.place.root,
            {
                "GIT_INDEX_FILE": str(index or self.index),
                "GIT_OBJECT_DIRECTORY": str(self.objects),
                **{f"GIT_{who}_{what}": f"codexwrap{more}" for who, what, more in _IDENTITY},
                **{f"GIT_{who}_DATE": f"@{int(at)} +0000" for who in ("AUTHOR", "COMMITTER")},
            },
            # Ours is one plain file: a split index would leave a part of it beside the user's.
            ("core.splitIndex=false", "commit.gpgSign=false", "i18n.commitEncoding=UTF-8"),
            online,
        )

    def run(self, *args: str | bytes, stdin: bytes = b"", index: Path | None = None, at: float = 0) -> bytes:
        """What git printed. Raises FailedError."""
        return must(self.run_all([self.call(*args, stdin=stdin, index=index, at=at)])[0])

    def run_all(self, calls: Sequence[Call], deadline: Deadline | None = None) -> list[Answer]:
        """The answers to calls that run at the same time.

        Those that a signal ended are tried again: git does not survive that a file is cut short while it reads it.
        """
        deadline = deadline or self.deadline
        answers = git.run_all(self.place.root, calls, deadline)
        for _ in range(_CHANCES):
            ended = [n for n, answer in enumerate(answers) if answer.code is not None and answer.code < 0]
            if not ended:
                break
            self.index.with_name("index.lock").unlink(missing_ok=True)
            for n, answer in zip(ended, git.run_all(self.place.root, [calls[n] for n in ended], deadline), strict=True):
                answers[n] = answer
        return answers

    def copy_index(self) -> None:
        """Take the user's index as it is now. There is none where nothing was ever added. Raises OSError.

        Git replaces its index by renaming, so one open file is one whole index. The copy has the time of the
        original, by which git knows the files that changed too fast for their own times to tell.
        """
        with contextlib.suppress(FileNotFoundError), self.place.index.open("rb") as file:
            seen = os.fstat(file.fileno())
            self.index.write_bytes(file.read())
            os.utime(self.index, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def keep(self) -> None:
        """Move what was written into the repository's object store, durably. Raises FailedError, OSError."""
        loose = [path for path in self.objects.glob("[0-9a-f][0-9a-f]/*") if not path.name.startswith("tmp_")]
        if len(loose) > _LOOSE:
            names = b"".join(f"{path.parent.name}{path.name}\n".encode() for path in loose)
            self.run("pack-objects", "-q", str(self.objects / "pack" / "pack"), stdin=names)
            loose = []
        # Other programs look for the index of a pack: it comes last.
        packs = sorted((self.objects / "pack").glob("pack-*"), key=lambda path: path.suffix == ".idx")
        for path in (*loose, *packs):
            _settle(path, self.place.objects / path.parent.name / path.name)
        for name in {path.parent.name for path in (*loose, *packs)}:
            with contextlib.suppress(FileNotFoundError):
                sync(self.place.objects / name)


_IDENTITY = [
    (who, what, more) for who in ("AUTHOR", "COMMITTER") for what, more in (("NAME", ""), ("EMAIL", "@localhost"))
]


@contextlib.contextmanager
def scratch(place: Place, deadline: Deadline) -> Iterator[Scratch]:
    """A private index and object store, which are removed at the end. Raises OSError, FailedError."""
    folder = None
    try:
        # Beside the objects, so that what is kept need only be renamed, and no tool takes it for a file of the user's.
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place.objects))
        yield Scratch(place, folder, deadline)
    finally:
        for path in (folder, *_left_behind(place)):
            if path:
                shutil.rmtree(path, ignore_errors=True)


def must(answer: Answer) -> bytes:
    """What git printed. Raises FailedError."""
    if not answer.ok:
        raise FailedError(answer.why)
    return answer.out


def reason(error: Exception) -> str:
    """One line that says what went wrong."""
    if not isinstance(error, OSError) or not error.strerror:
        return printable(str(error))
    common = {errno.ENOSPC: "the disk is full", errno.EROFS: "the file system of the repository is read-only"}
    return common.get(error.errno or 0) or printable(f"{error.strerror}: {error.filename or 'the repository'}")


def _left_behind(place: Place) -> Iterator[Path]:
    """What a process that was killed left a day ago or longer."""
    for path in place.objects.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - _STALE:
                yield path


def _settle(path: Path, target: Path) -> None:
    """Move a finished object: whoever finds its name finds all of it, after a power cut too."""
    sync(path)
    for _ in range(_CHANCES):
        # `git gc` removes objects that it has packed, and folders that it finds empty, at any moment.
        with contextlib.suppress(FileNotFoundError):
            os.utime(target)  # as git does: it is in use again, and no old leftover
            return
        with contextlib.suppress(FileNotFoundError):
            path.replace(target)
            return
        with contextlib.suppress(FileExistsError):
            target.parent.mkdir()
        with contextlib.suppress(FileNotFoundError):  # which is what core.sharedRepository asks for
            target.parent.chmod(stat.S_IMODE(path.parent.stat().st_mode))
    raise FailedError(f"there is no keeping a folder in {target.parent.parent}")


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
