import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap.git import git, scratch
from codexwrap.git.scratch import FailedError, Scratch
from tests import repos


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


@pytest.fixture
def own(repo: Path) -> Iterator[Scratch]:
    deadline = git.within(30)
    with scratch.scratch(scratch.find(repo, deadline), deadline) as own:
        yield own


def objects(repo: Path) -> list[Path]:
    return sorted(path for path in (repo / ".git/objects").rglob("*") if "tmp_" not in str(path))


def write(own: Scratch, text: bytes = b"text\n") -> str:
    return own.run("hash-object", "-w", "--stdin", stdin=text).decode().strip()


def test_a_repository_is_found_from_within(repo: Path) -> None:
    place = scratch.find(repo / "dir", git.within(20))
    assert (place.root, place.git_dir) == (repo, repo / ".git")
    assert place.index.samefile(repo / ".git/index")
    assert place.objects.samefile(repo / ".git/objects")
    assert place.head == repos.line(repo, "rev-parse", "HEAD")


def test_what_is_written_is_gone_unless_it_is_kept(repo: Path) -> None:
    before = objects(repo)
    deadline = git.within(30)
    with scratch.scratch(scratch.find(repo, deadline), deadline) as own:
        oid = write(own)
        assert own.run("cat-file", "-p", oid) == b"text\n"
        assert objects(repo) == before
    assert sorted((repo / ".git/objects").rglob("*")) == before


def test_what_is_kept_is_the_repositorys(repo: Path, own: Scratch) -> None:
    oid = write(own)
    own.keep()
    assert repos.run(repo, "cat-file", "-p", oid) == b"text\n"


def test_an_object_that_is_there_already_becomes_young_again(repo: Path, own: Scratch) -> None:
    oid = repos.run(repo, "hash-object", "-w", "--stdin", stdin=b"text\n").decode().strip()
    path = repo / ".git/objects" / oid[:2] / oid[2:]
    inner = own.objects / oid[:2] / oid[2:]
    inner.parent.mkdir()
    shutil.copy(path, inner)
    os.utime(path, (1, 1))
    own.keep()
    assert path.stat().st_mtime > 1_000_000, "else `git prune` takes it for a leftover"


def test_folders_that_garbage_collection_removes_meanwhile_are_made_again(
    repo: Path, own: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    oid = write(own)
    real = Path.replace
    removed: list[Path] = []

    def replace(self: Path, target: Path) -> Path:
        if len(removed) < 2 and target.parent.exists():
            target.parent.rmdir()
            removed.append(target)
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    own.keep()
    assert len(removed) == 2
    assert repos.run(repo, "cat-file", "-p", oid) == b"text\n"


def test_a_folder_that_cannot_be_made_to_stay_is_an_error(own: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    write(own)
    monkeypatch.setattr(Path, "replace", lambda self, target: self.with_name("nowhere").stat())
    with pytest.raises(FailedError, match="there is no keeping a folder"):
        own.keep()


def test_reasons_are_one_line() -> None:
    assert scratch.reason(OSError(28, "No space left on device", "/x")) == "the disk is full"
    assert scratch.reason(OSError(13, "Permission denied", "/a\nb")) == "Permission denied: /a b"
    assert scratch.reason(FailedError("what git said")) == "what git said"
