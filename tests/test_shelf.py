"""Saved checkpoints, found and read."""

from pathlib import Path

import pytest

from codexwrap import checkpoint, shelf
from codexwrap.errors import UserError
from codexwrap.paths import State
from tests.deaths import died


@pytest.fixture
def root(tmp_path: Path) -> State:
    (tmp_path / "state").mkdir()
    return State(tmp_path / "state")


def test_what_was_saved_is_found_newest_first(root: State) -> None:
    paths = [died(root, "alpha", ago=ago) for ago in (10, 9000, 400)]
    found, broken = shelf.all_of(root, "alpha")
    assert [saved.path for saved in found] == paths[::-1]  # whenever the deaths were: the last to be saved knows most
    assert broken == []


def test_the_newest_is_found_by_its_folder_whatever_the_seat_is_called(root: State) -> None:
    died(root, "a/b", ago=9000)
    path = died(root, "a/b", ago=10)
    saved = shelf.newest(root.checkpoints("a/b"))
    assert saved is not None
    assert (saved.path, saved.record["seat"]) == (path, "a/b")


def test_a_seat_without_checkpoints_has_none(root: State) -> None:
    assert shelf.all_of(root, "alpha") == ([], [])
    assert shelf.newest(root.checkpoints("alpha")) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 99, "seat": "alpha"}', '{"version": 1}'])
def test_a_file_that_is_no_checkpoint_is_named_and_the_one_before_offered(root: State, text: str) -> None:
    before, newest = died(root, "alpha", ago=9000), died(root, "alpha", ago=10)
    newest.write_text(text)
    found, broken = shelf.all_of(root, "alpha")
    assert [saved.path for saved in found] == [before]
    assert len(broken) == 1
    assert str(newest) in broken[0]
    readable = shelf.newest(root.checkpoints("alpha"))
    assert readable is not None
    assert readable.path == before
    with pytest.raises(UserError, match=newest.name):
        shelf.load(newest)


def test_the_mark_of_a_resume_is_no_checkpoint(root: State) -> None:
    path = died(root, "alpha")
    assert shelf.claimed(path) is None
    checkpoint.claim(path, "somebody")
    assert (shelf.claimed(path) or {})["by"] == "somebody"
    assert len(shelf.all_of(root, "alpha")[0]) == 1


def test_a_mark_that_cannot_be_read_still_marks(root: State) -> None:
    path = died(root, "alpha")
    path.with_suffix(shelf.CLAIM).write_text("{")
    assert shelf.claimed(path) == {}
    assert shelf.unresumed(root, "alpha") is None
