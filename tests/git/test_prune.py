import os
from pathlib import Path

import pytest

from codexwrap.git import prune, snapshot
from codexwrap.git.prune import Pruned
from codexwrap.git.snapshot import Snapshot
from tests import repos

FOLDER = "refs/codexwrap/seat/"
DAY = 86400.0
NOW = 2_000_000_000.0


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


def save(repo: Path, count: int, *, folder: str = FOLDER, size: int = 10) -> list[str]:
    """Snapshots of different states, one a day, the last of them now; the names, the oldest first."""
    refs = []
    for number in range(count):
        (repo / "a.txt").write_bytes(os.urandom(size))
        at = NOW - (count - 1 - number) * DAY
        taken = snapshot.take(repo, f"{folder}{number:03}", message="", at=at)
        assert isinstance(taken, Snapshot), taken
        refs.append(taken.ref)
    return refs


def refs(repo: Path) -> list[str]:
    return repos.line(repo, "for-each-ref", "--format=%(refname)", "refs/codexwrap").split()


def run(
    repo: Path,
    *,
    count: int = 1000,
    age: float = 1000 * DAY,
    size: int = 10**9,
    keep: tuple[str, ...] = (),
    batch: int = 1,
) -> Pruned:
    """The result; and the proof that nothing of the user's was changed and no object is missing."""
    before = repos.picture(repo)
    done = prune.prune(
        repo, FOLDER, keep_count=count, keep_seconds=age, keep_bytes=size, keep=keep, batch=batch, at=NOW
    )
    assert done.why is None
    assert repos.picture(repo) == before
    assert repos.run(repo, "fsck", "--no-dangling", "--no-progress") == b""
    assert done.left == len([ref for ref in refs(repo) if ref.startswith(FOLDER)])
    return done


def test_the_oldest_go_when_there_are_too_many(repo: Path) -> None:
    names = save(repo, 6)
    assert set(run(repo, count=4).removed) == set(names[:2])
    assert refs(repo) == names[2:]
    assert run(repo, count=4).removed == ()


def test_those_of_another_day_go(repo: Path) -> None:
    names = save(repo, 6)
    assert set(run(repo, age=3.5 * DAY).removed) == set(names[:2])


def test_they_go_when_together_they_are_too_large(repo: Path) -> None:
    names = save(repo, 8, size=100_000)
    done = run(repo, size=350_000, batch=1000)
    assert refs(repo) == names[-3:]
    assert done.bytes is not None
    assert 300_000 < done.bytes < 310_000


def test_the_newest_stays_whatever_it_is(repo: Path) -> None:
    names = save(repo, 3, size=100_000)
    run(repo, count=0, age=-DAY, size=0)
    assert refs(repo) == names[-1:]


def test_one_that_is_still_needed_stays(repo: Path) -> None:
    names = save(repo, 5)
    run(repo, count=2, keep=(names[0],))
    assert refs(repo) == [names[0], *names[3:]]


def test_other_seats_and_other_refs_stay(repo: Path) -> None:
    others = save(repo, 3, folder="refs/codexwrap/seat-2/")
    repos.run(repo, "update-ref", "refs/codexwrap-not/x", "HEAD")
    save(repo, 3)
    run(repo, count=0)
    assert refs(repo) == ["refs/codexwrap/seat-2/000", *others[1:], f"{FOLDER}002"][:0] + sorted(
        [*others, f"{FOLDER}002"]
    )


@pytest.mark.parametrize("folder", ["refs/codexwrap/", "refs/heads/", "refs/codexwrap/seat", "refs/codexwrap/a/b/", ""])
def test_only_the_folder_of_one_seat_is_taken(repo: Path, folder: str) -> None:
    with pytest.raises(ValueError, match="not the snapshots of one seat"):
        prune.prune(repo, folder)


def test_few_are_not_worth_it(repo: Path) -> None:
    save(repo, 6)
    assert run(repo, count=4, batch=3).removed == ()
    assert len(run(repo, count=3, batch=3).removed) == 3


def test_what_they_held_is_packed_before_nothing_refers_to_it(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(repo, 4)
    seen: list[int] = []
    monkeypatch.setattr("codexwrap.git.prune.tidy", lambda *_, **__: seen.append(len(refs(repo))))
    run(repo, count=2)
    assert seen == [4]


def test_what_was_committed_before_is_not_counted(repo: Path) -> None:
    (repo / "large").write_bytes(os.urandom(1_000_000))
    repos.run(repo, "add", "large")
    repos.run(repo, "commit", "-qm", "large")
    save(repo, 2, size=100_000)
    done = run(repo)
    assert done.bytes is not None
    assert 200_000 < done.bytes < 205_000


def test_packed_refs_go_too(repo: Path) -> None:
    names = save(repo, 4)
    repos.run(repo, "pack-refs", "--all")
    before = repos.run(repo, "for-each-ref", "refs/heads")
    prune.prune(repo, FOLDER, keep_count=1, batch=1, at=NOW)
    assert refs(repo) == names[-1:]
    assert repos.run(repo, "for-each-ref", "refs/heads") == before


def test_submodules_are_pruned_too(repo: Path, tmp_path: Path) -> None:
    repos.run(repo, "submodule", "add", "-q", str(repos.make(tmp_path / "library")), "lib")
    repos.run(repo, "commit", "-qm", "lib")
    save(repo / "lib", 4)
    save(repo, 1)
    run(repo, count=2)
    assert len(refs(repo / "lib")) == 2


def test_what_cannot_be_done_is_said(repo: Path, tmp_path: Path) -> None:
    assert prune.prune(tmp_path, FOLDER) == Pruned(why="not a git repository")
    save(repo, 3)
    repos.run(repo, "pack-refs", "--all")
    repos.write(repo, {".git/packed-refs.lock": ""})
    done = prune.prune(repo, FOLDER, keep_count=1, batch=1, at=NOW)
    assert "packed-refs.lock" in (done.why or "")
    assert len(refs(repo)) == 3


def test_no_snapshots_at_all(repo: Path) -> None:
    assert run(repo) == Pruned((), 0, 0)


def test_a_clone_that_lacks_objects_is_pruned_without_fetching(repo: Path, tmp_path: Path) -> None:
    repos.write(repo, {"in/a.txt": "", "out/large": "large\n"})
    repos.run(repo, "add", "-A")
    repos.run(repo, "commit", "-qm", "more")
    repos.run(repo, "config", "uploadpack.allowFilter", "true")
    repos.run(tmp_path, "clone", "-q", "--sparse", "--filter=blob:none", f"file://{repo}", "clone")
    clone = tmp_path / "clone"
    repos.run(clone, "rm", "-q", "--cached", "--sparse", "in/a.txt")
    save(clone, 30)
    missing = repos.line(clone, "rev-parse", "HEAD:out/large")
    repos.run(clone, "checkout", "-q", "--orphan", "fresh")
    repos.run(clone, "commit", "-q", "--allow-empty", "-m", "what the snapshots are based on is theirs alone now")
    for ref in ("refs/heads/main", "refs/remotes/origin/main", "refs/remotes/origin/HEAD"):
        repos.run(clone, "update-ref", "--no-deref", "-d", ref)
    assert len(run(clone, count=10).removed) == 20
    present = repos.line(clone, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    assert missing not in present
