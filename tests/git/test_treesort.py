import os
from pathlib import Path

import pytest

from codexwrap.git import treesort
from codexwrap.git.treesort import Entries, Limits, Note

OID = b"a" * 40


def record(tag: bytes, mode: bytes, stage: bytes, path: bytes) -> bytes:
    return b"%s %s %s %s\t%s\0" % (tag, mode, OID, stage, path)


def test_ordinary_entries_are_passed_over() -> None:
    ordinary = [record(b"H", mode, b"0", b"x") for mode in (b"100644", b"100755", b"120000")]
    assert treesort.entries(b"".join(ordinary)) == Entries()


def test_others_are_told_apart() -> None:
    listed = [
        record(b"H", b"160000", b"0", b"lib"),
        record(b"M", b"100644", b"1", b"both"),
        record(b"M", b"100755", b"3", b"both"),
        record(b"h", b"100644", b"0", b"assumed"),
        record(b"S", b"100644", b"0", b"else where\tand\nso on"),
        record(b"s", b"100644", b"0", b"flagged twice"),
    ]
    assert treesort.entries(b"".join(listed)) == Entries(
        submodules=[b"lib"],
        conflicts={b"both": {b"1": b"100644 " + OID, b"3": b"100755 " + OID}},
        unwatched=[b"assumed", b"flagged twice"],
        elsewhere=[b"else where\tand\nso on", b"flagged twice"],
    )


def test_an_error_of_the_disk_is_no_deletion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lstat(path: bytes) -> os.stat_result:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "lstat", lstat)
    todo = treesort.sort(os.fsencode(tmp_path), Entries(), b"M\0a\0", b"", Limits())
    assert (todo.remove, todo.add, todo.kept) == (set(), {}, {b"a"})
    assert todo.skipped == [Note("a", "it cannot be read: Input/output error")]


def test_sizes_are_said_in_units() -> None:
    assert [treesort._size(size) for size in (0, 99_999, 100_000, 52_428_800)] == [
        "0 bytes",
        "99999 bytes",
        "0.1 MB",
        "52.43 MB",
    ]
