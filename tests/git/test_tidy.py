import os
import time
from pathlib import Path

import pytest

from codexwrap.git import git, scratch, snapshot, tidy
from codexwrap.git.snapshot import Snapshot
from tests import repos


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = repos.make(tmp_path / "repo")
    for number in range(10):
        repos.write(root, {"a.txt": "".join(f"line {n}\n" for n in range(1000)) + f"{number}\n"})
        taken = snapshot.take(root, f"refs/codexwrap/seat/{number}", message="")
        assert isinstance(taken, Snapshot)
    return root


def run(repo: Path, *, at_least: int = 1, at: float | None = None) -> int:
    """What was packed; and the proof that nothing is missing and nothing else was touched."""
    before = repos.picture(repo), repos.run(repo, "for-each-ref")
    deadline = git.within(30)
    count = tidy.tidy(scratch.find(repo, deadline), deadline, at_least=at_least, at=at)
    assert (repos.picture(repo), repos.run(repo, "for-each-ref")) == before
    assert repos.run(repo, "fsck", "--strict", "--no-dangling", "--no-progress") == b""
    return count


def loose(repo: Path) -> set[Path]:
    return {path for path in (repo / ".git/objects").glob("[0-9a-f][0-9a-f]/*") if path.is_file()}


def packs(repo: Path, suffix: str = ".pack") -> list[Path]:
    return sorted((repo / ".git/objects/pack").glob(f"*{suffix}"))


def test_objects_of_snapshots_go_into_one_pack_and_the_users_stay(repo: Path) -> None:
    listed = repos.line(repo, "rev-list", "--objects", "HEAD").splitlines()
    users = {line.split()[0] for line in listed}
    before = len(loose(repo))
    count = run(repo)
    assert {path.parent.name + path.name for path in loose(repo)} == users
    assert count == before - len(users)
    assert count >= 20
    assert len(packs(repo)) == 1
    assert packs(repo)[0].stat().st_size < 20_000, "versions of one file are stored as differences"
    assert run(repo) == 0


def test_few_are_left_as_they_are(repo: Path) -> None:
    before = loose(repo)
    assert run(repo, at_least=1000) == 0
    assert loose(repo) == before


def test_what_the_user_committed_meanwhile_is_safe(repo: Path) -> None:
    repos.run(repo, "commit", "-qam", "the same content")
    content = repos.run(repo, "cat-file", "blob", "HEAD:a.txt")
    run(repo)
    for number in range(10):
        repos.run(repo, "update-ref", "-d", f"refs/codexwrap/seat/{number}")
    [pack] = packs(repo)
    os.utime(pack, (1, 1))
    run(repo)
    repos.run(repo, "gc", "-q", "--prune=now")
    assert repos.run(repo, "cat-file", "blob", "HEAD:a.txt") == content
    assert repos.run(repo, "fsck", "--no-dangling", "--no-progress") == b""


def test_garbage_collection_leaves_the_pack_alone_and_makes_no_loose_objects_of_it(repo: Path) -> None:
    run(repo)
    for number in range(9):
        repos.run(repo, "update-ref", "-d", f"refs/codexwrap/seat/{number}")
    repos.run(repo, "gc", "-q")
    assert loose(repo) == set()
    assert packs(repo, ".keep")
    assert run(repo, at=time.time() + 13 * 86400) == 0
    assert packs(repo, ".keep"), "two weeks have not passed"


def test_after_two_weeks_git_may_have_what_nobody_refers_to(repo: Path) -> None:
    run(repo)
    old = repos.line(repo, "rev-parse", "refs/codexwrap/seat/0")
    for number in range(9):
        repos.run(repo, "update-ref", "-d", f"refs/codexwrap/seat/{number}")
    [pack] = packs(repo)
    os.utime(pack, (time.time() - 15 * 86400,) * 2)
    run(repo, at_least=1000)
    assert not packs(repo, ".keep")
    repos.run(repo, "gc", "-q")
    assert repos.run(repo, "cat-file", "-t", old, ok=False) == b""
    assert repos.run(repo, "cat-file", "-t", "refs/codexwrap/seat/9") == b"commit\n"
    assert loose(repo) == set()


def test_a_keep_of_somebody_else_stays(repo: Path) -> None:
    repos.run(repo, "repack", "-q", "-a")
    [pack] = packs(repo)
    pack.with_suffix(".keep").write_text("mine\n")
    os.utime(pack, (1, 1))
    run(repo, at_least=1000)
    assert pack.with_suffix(".keep").exists()
