import os
from pathlib import Path

import pytest

from codexwrap.git import githead
from tests import repos


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


def test_head_is_read_from_any_depth_of_the_tree(repo: Path) -> None:
    head = githead.read(repo / "dir")
    assert head == (repo, repo / ".git", "main", repos.line(repo, "rev-parse", "HEAD"))


def test_a_branch_with_slashes_and_packed_refs(repo: Path) -> None:
    repos.run(repo, "checkout", "-q", "-b", "feature/HWD-0373/x")
    repos.run(repo, "pack-refs", "--all")
    head = githead.read(repo)
    assert head
    assert (head.branch, head.commit) == ("feature/HWD-0373/x", repos.line(repo, "rev-parse", "HEAD"))


def test_a_detached_head_has_a_commit_and_no_branch(repo: Path) -> None:
    repos.run(repo, "checkout", "-q", "--detach")
    head = githead.read(repo)
    assert head
    assert (head.branch, head.commit) == (None, repos.line(repo, "rev-parse", "HEAD"))


def test_an_unborn_head_has_a_branch_and_no_commit(tmp_path: Path) -> None:
    head = githead.read(repos.make(tmp_path / "new", {}))
    assert head
    assert (head.branch, head.commit) == ("main", None)


def test_a_linked_worktree_has_a_head_of_its_own(repo: Path, tmp_path: Path) -> None:
    repos.run(repo, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    head = githead.read(tmp_path / "linked" / "dir")
    assert head
    assert (head.root, head.branch) == (tmp_path / "linked", "other")
    assert head.commit == repos.line(repo, "rev-parse", "HEAD")
    assert githead.common_dir(head.git_dir) == repo / ".git"


def test_a_submodule_is_a_repository_of_its_own(repo: Path, tmp_path: Path) -> None:
    repos.make(tmp_path / "library")
    repos.run(repo, "submodule", "add", "-q", str(tmp_path / "library"), "lib")
    head = githead.read(repo / "lib" / "dir")
    assert head
    assert (head.root, head.git_dir) == (repo / "lib", repo / ".git/modules/lib")


def test_a_branch_that_is_not_utf8_is_text(repo: Path) -> None:
    (repo / ".git/HEAD").write_bytes(b"ref: refs/heads/caf\xe9\n")
    head = githead.read(repo)
    assert head
    assert head.branch == "caf\\xe9"


@pytest.mark.parametrize("text", [b"", b"nonsense\n", b"ref: refs/heads/.invalid\n", b"\xff\xfe\n"])
def test_a_head_that_nobody_can_read_is_none(repo: Path, text: bytes) -> None:
    (repo / ".git/HEAD").write_bytes(text)
    assert githead.read(repo) is None


def test_refs_that_point_to_each_other_end(repo: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (repo / ".git/refs/heads" / one).write_text(f"ref: refs/heads/{other}\n")
    (repo / ".git/HEAD").write_text("ref: refs/heads/a\n")
    head = githead.read(repo)
    assert head
    assert (head.branch, head.commit) == ("a", None)


def test_outside_a_repository_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "gone", tmp_path / "loop", Path("nul\0byte")):
        assert githead.read(path) is None
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert githead.read(os.fspath(tmp_path)) is None
