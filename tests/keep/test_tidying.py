import os
from pathlib import Path

import pytest

from codexwrap import checkpoint, shelf
from codexwrap.config import Config
from codexwrap.keep import saver, tidying
from codexwrap.paths import State as Root
from tests import repos
from tests.keep.test_saver import dead, roll


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "state")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo")


def names(root: Root) -> list[str]:
    return [saved.path.stem for saved in shelf.all_of(root, "alpha")[0]]


def test_of_rolling_checkpoints_the_newest_few_are_kept(root: Root, repo: Path) -> None:
    made = []
    for number in range(tidying.ROLLING + 3):
        (repo / "a").write_text(str(number))
        made.append(Path(roll(root, repo)["path"]).stem)
    assert names(root) == made[: -tidying.ROLLING - 1 : -1]


def test_of_deaths_as_many_as_are_wanted(root: Root, repo: Path) -> None:
    made = [dead(root, repo).stem for _ in range(5)]
    tidying.tidy(root, "alpha", str(repo), Config(keep_checkpoints=2))
    assert names(root) == made[:-3:-1]
    assert len(list(root.checkpoints("alpha").iterdir())) == 4


def old(path: Path, days: float) -> Path:
    """The same checkpoint, as if it had been made earlier."""
    record = checkpoint.load(path).record
    made = int((checkpoint.made_at(record) - days * 86400) * 1e6)
    record["id"] = f"{made:014x}-{record['id'].partition('-')[2]}"
    for each in (path, path.with_suffix(".md")):
        each.unlink()
    return checkpoint.save(Root(path.parents[2]), record)


def test_what_is_too_old_goes_and_the_newest_stays_however_old(root: Root, repo: Path) -> None:
    first, second = old(dead(root, repo), 50), old(dead(root, repo), 40)
    tidying.tidy(root, "alpha", str(repo), Config())
    assert names(root) == [second.stem]
    assert first.stem < second.stem


def test_a_death_that_nobody_has_resumed_outlives_what_came_after_it(root: Root, repo: Path) -> None:
    path = old(dead(root, repo), 40)
    roll(root, repo, trigger="START")
    tidying.tidy(root, "alpha", str(repo), Config())
    assert path.stem in names(root)
    checkpoint.claim(path, "somebody")
    tidying.tidy(root, "alpha", str(repo), Config())
    assert path.stem not in names(root)
    assert not path.with_suffix(shelf.CLAIM).exists()


def test_snapshots_go_too_but_not_that_of_such_a_death(root: Root, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "_BATCH", 1)
    settings = Config(keep_snapshots=2)
    (repo / "a").write_text("dying")
    path = dead(root, repo)
    saver.complete(root, path, settings, dict(os.environ))
    for number in range(6):
        (repo / "a").write_text(str(number))
        roll(root, repo, settings=settings)
    refs = repos.run(repo, "for-each-ref", "--format=%(refname)", "refs/codexwrap").decode().split()
    assert checkpoint.load(path).record["snapshot"]["ref"] in refs
    assert len(refs) == 3


def test_outside_a_repository_and_with_ids_of_another_make_nothing_is_raised(root: Root, tmp_path: Path) -> None:
    path = dead(root, tmp_path)
    text = path.read_text().replace(checkpoint.load(path).record["id"], "other-id")
    path.with_name("20200101T000000-other-id.json").write_text(text)
    tidying.tidy(root, "alpha", str(tmp_path), Config())
    tidying.tidy(root, "beta", "/nonexistent", Config())
    assert len(names(root)) == 2
