"""Add files, filters or not."""

import os
import stat
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from codexwrap.git.git import Answer, Call
from codexwrap.git.gitpath import name, quote
from codexwrap.git.gitwhy import UNWRITABLE
from codexwrap.git.scratch import FailedError, Scratch

_CHANCES = 3  # for a filter that fails: it may be a file's fault
_PATIENCE = 0.6  # of what time is left, for filters; the rest is for doing without them


class Added(NamedTuple):
    """What did not go as it should: files saved as they are, without their filter, and files not saved; and why."""

    unfiltered: dict[bytes, str]
    failed: dict[bytes, str]


def add(scratch: Scratch, paths: Sequence[bytes]) -> Added:
    """Put files, links and submodules at `paths` into the index of `scratch` as they are now; what is gone is removed.

    Filters (LFS, line ends, encodings) are applied as `git add` would. A file whose filter is missing, fails or hangs
    is saved as it is. Raises FailedError, when it is not for one file that git fails.
    """
    stdin = b"\0".join(paths)
    added, attributes, settings = scratch.run_all(
        [
            _update(scratch, paths),
            scratch.call("check-attr", "-z", "--stdin", "filter", stdin=stdin),
            scratch.call("config", "-z", "--get-regexp", r"^filter\..*\.(clean|process)$"),
        ],
        scratch.deadline.share(_PATIENCE),
    )
    adding = _Adding(scratch, _drivers(attributes), _commands(settings))
    adding.judge(paths, added)
    return Added(adding.unfiltered, adding.failed)


def put(scratch: Scratch, entries: bytes, *, index: Path | None = None) -> None:
    """Set entries of an index: `MODE OID STAGE TAB PATH` each, ended by NUL; mode 0 removes. Raises FailedError."""
    if entries:
        scratch.run("update-index", "-z", "--index-info", stdin=entries, index=index)


def _update(scratch: Scratch, paths: Sequence[bytes]) -> Call:
    return scratch.call("update-index", "-z", "--add", "--remove", "--replace", "--stdin", stdin=b"\0".join(paths))


class _Adding:
    def __init__(self, scratch: Scratch, drivers: dict[bytes, bytes], commands: dict[bytes, list[bytes]]) -> None:
        self.scratch = scratch
        self.drivers = drivers
        self.commands = commands
        self.failures: Counter[bytes] = Counter()
        self.broken: dict[bytes, str] = {}
        self.unfiltered: dict[bytes, str] = {}
        self.failed: dict[bytes, str] = {}

    def judge(self, paths: Sequence[bytes], answer: Answer) -> None:
        """Take git's word for the paths, or try them again, in halves, until it is clear which of them it minds."""
        used = {self.drivers[path] for path in paths if path in self.drivers}
        if answer.ok:
            self._remark(paths, answer.err)
        elif answer.code is None and used - self.broken.keys():
            self.broken |= dict.fromkeys(used, "does not answer")
            self._again(paths)
        elif answer.code is None or answer.why in UNWRITABLE:
            raise FailedError(answer.why)
        elif len(paths) > 1:
            self._again(paths[: len(paths) // 2])
            self._again(paths[len(paths) // 2 :])
        elif used:
            driver = self.drivers[paths[0]]
            self.failures[driver] += 1
            if self.failures[driver] == _CHANCES:
                self.broken[driver] = "fails"
            self._as_they_are(paths, f"{_filter(driver)} fails")
        else:
            self._as_they_are(paths, answer.why)

    def _again(self, paths: Sequence[bytes]) -> None:
        rest = [path for path in paths if self.drivers.get(path) not in self.broken]
        for driver, what in self.broken.items():
            self._as_they_are([path for path in paths if self.drivers.get(path) == driver], f"{_filter(driver)} {what}")
        if rest:
            self.scratch.index.with_name("index.lock").unlink(missing_ok=True)  # of a git that was ended
            self.judge(rest, self.scratch.run_all([_update(self.scratch, rest)])[0])

    def _as_they_are(self, paths: Sequence[bytes], why: str) -> None:
        """Save files byte for byte. Of those that git cannot even read so, say why."""
        modes = {path: mode for path in paths if (mode := self._mode(path))}
        self.failed |= {path: "it changes while it is read" for path in paths if path not in modes}
        paths = list(modes)
        if not paths:
            return
        names = b"".join(
            (quote(path).encode() if b"\n" in path or path[:1] == b'"' else path) + b"\n" for path in paths
        )
        call = self.scratch.call("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names)
        answer = self.scratch.run_all([call])[0]
        if answer.ok:
            oids = answer.out.split()
            put(
                self.scratch,
                b"".join(b"%s %s 0\t%s\0" % (modes[path], oid, path) for path, oid in zip(paths, oids, strict=True)),
            )
            self.unfiltered |= dict.fromkeys(paths, why)
        elif answer.code is None or answer.why in UNWRITABLE:
            raise FailedError(answer.why)
        elif len(paths) > 1:
            self._as_they_are(paths[: len(paths) // 2], why)
            self._as_they_are(paths[len(paths) // 2 :], why)
        else:
            self.failed[paths[0]] = answer.why

    def _mode(self, path: bytes) -> bytes:
        try:
            mode = os.lstat(os.fsencode(self.scratch.place.root) + b"/" + path).st_mode
        except OSError:
            return b""
        return (b"100755" if mode & stat.S_IXUSR else b"100644") if stat.S_ISREG(mode) else b""

    def _remark(self, paths: Sequence[bytes], err: bytes) -> None:
        """Name the files of which git itself says, or never says, that it did without a filter."""
        for path in paths:
            driver = self.drivers.get(path)
            if driver and driver not in self.commands:
                self.unfiltered[path] = f"{_filter(driver)} is not set up"
            elif driver and any(command in err for command in self.commands[driver]):
                self.unfiltered[path] = f"{_filter(driver)} fails"


def _filter(driver: bytes) -> str:
    return f"the filter {name(driver)}"


def _drivers(answer: Answer) -> dict[bytes, bytes]:
    """Path to the name of its filter."""
    words = answer.out.split(b"\0")
    found = zip(words[::3], words[2::3], strict=False)
    return {path: value for path, value in found if value not in (b"unspecified", b"unset", b"set")}


def _commands(answer: Answer) -> dict[bytes, list[bytes]]:
    """Name of a filter to its commands."""
    found: dict[bytes, list[bytes]] = {}
    for record in answer.out.split(b"\0"):
        key, _, command = record.partition(b"\n")
        if command:
            found.setdefault(key.removeprefix(b"filter.").rpartition(b".")[0], []).append(command)
    return found
