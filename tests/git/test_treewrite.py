import errno
import os
from pathlib import Path

import pytest

from codexwrap.git import git, treesort, treewrite
from codexwrap.git.difference import Edits
from codexwrap.git.scratch import FailedError, find, scratch
from codexwrap.git.treesort import Note
from tests import repos

NEW = ("100644", "0" * 40)
LEFT = "it was left as it is: it changed while the snapshot was restored"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    repos.write(tmp_path / "root", {"a": "old\n", "dir/b": "old\n", "gone": "old\n"})
    repos.write(tmp_path / "new", {"a": "new\n", "dir/b": "new\n", "more/c": "new\n"})
    return tmp_path / "root"


EDITS: Edits = {b"a": (NEW, NEW), b"dir/b": (NEW, NEW), b"more/c": (None, NEW), b"gone": (NEW, None)}


def marks(root: Path) -> dict[bytes, tuple[int, ...]]:
    return {path: treesort.mark_at(os.fsencode(root), path) for path in EDITS}


def texts(root: Path) -> dict[bytes, bytes]:
    return {path: text for path, (_, text) in repos.disk(root).items()}


def test_files_are_moved_into_place(root: Path) -> None:
    assert treewrite.move(root, EDITS, root.parent / "new", marks(root)) == []
    assert texts(root) == {b"a": b"new\n", b"dir/b": b"new\n", b"more/c": b"new\n"}


@pytest.mark.parametrize("path", ["a", "dir/b", "more/c", "gone"])
def test_a_file_that_changed_since_it_was_looked_at_is_left(root: Path, path: str) -> None:
    before = marks(root)
    repos.write(root, {path: "mine\n"})
    assert treewrite.move(root, EDITS, root.parent / "new", before) == [Note(path, LEFT)]
    assert (root / path).read_text() == "mine\n"


def test_nothing_is_written_through_a_link(root: Path) -> None:
    before = marks(root)
    outside = root.parent / "outside"
    outside.mkdir()
    (root / "more").symlink_to(outside)
    assert treewrite.move(root, EDITS, root.parent / "new", before) == [Note("more/c", LEFT)]
    assert list(outside.iterdir()) == []


def test_a_tree_on_another_disk_is_written_by_copies(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "new/a").chmod(0o755)
    (root.parent / "new/dir/b").unlink()
    (root.parent / "new/dir/b").symlink_to("nowhere")
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.is_relative_to(root.parent / "new"):
            raise OSError(errno.EXDEV, "another disk")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    treewrite.move(root, EDITS, root.parent / "new", marks(root))
    assert repos.disk(root) == {
        b"a": ("100755", b"new\n"),
        b"dir/b": ("120000", b"nowhere"),
        b"more/c": ("100644", b"new\n"),
    }


def test_a_disk_that_is_full_is_no_reason_to_copy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match="full"):
        treewrite.move(root, EDITS, root.parent / "new", marks(root))
    assert (root / "a").read_text() == "old\n"


def test_a_filter_that_hangs_is_an_error_and_not_a_missing_file(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo", {".gitattributes": "*.slow filter=slow\n", "x.slow": "x\n"})
    repos.run(repo, "config", "filter.slow.smudge", "sleep 600")
    deadline = git.within(1)
    with scratch(find(repo, deadline), deadline) as own:
        own.copy_index()
        entries = {b"x.slow": ("100644", repos.line(repo, "rev-parse", "HEAD:x.slow"))}
        with pytest.raises(FailedError, match="did not answer within 1 s"):
            treewrite.check_out(own, own.index, entries, tmp_path / "out")
