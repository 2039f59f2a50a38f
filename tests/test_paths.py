import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexwrap import paths
from codexwrap.errors import UserError

ODD = (
    "/",
    "..",
    ".",
    "a/b",
    "../../etc/passwd",
    "two\nlines",
    "nul\0",
    "x" * 300,
    "\N{SKULL} \N{PILE OF POO}",
    "caf\udce9",  # a directory whose name is no UTF-8
    ".hidden",
    "-",
    "--force",
    "",
    " ",
    "a b",
    "a~0123456789",
    "Ünïcode",
)


def test_an_ordinary_seat_has_its_own_name() -> None:
    for name in ("alpha", "HWD-0373", "a", "x" * 64, "3.11_test", "con.lock"):
        assert paths.file_name(name, folds_case=False) == name


@pytest.mark.parametrize("name", ODD)
def test_any_seat_gets_a_file_of_its_own_below_the_folder(tmp_path: Path, name: str) -> None:
    folder = paths.State(tmp_path).seat(name)
    folder.mkdir(parents=True)
    assert [path.name for path in (tmp_path / "seats").iterdir()] == [folder.name]
    assert folder.resolve().parent == tmp_path / "seats"
    assert len(os.fsencode(folder.name)) <= 100


@given(st.lists(st.characters() | st.sampled_from("/.-~\n\0\udce9")).map("".join))
def test_a_file_name_is_plain_whatever_the_seat_is_called(name: str) -> None:
    made = paths.file_name(name, folds_case=False)
    assert made.isascii()
    assert not made.startswith((".", "-", "~"))
    assert not set(made) & set("/\0\n \\:*?\"'$`")


@given(st.lists(st.text(st.sampled_from("aA.-/~ \n\udce8\udce9"), max_size=6), unique=True), st.booleans())
def test_no_two_seats_share_a_file(names: list[str], folds_case: bool) -> None:
    made = [paths.file_name(name, folds_case=folds_case) for name in names]
    assert len({name.lower() if folds_case else name for name in made}) == len(names)


def test_the_state_root_is_where_the_environment_says() -> None:
    home = Path(os.environ["HOME"])
    assert paths.state({"HOME": str(home)}).root == home / ".local/state/codexwrap"
    assert paths.state({"XDG_STATE_HOME": "/x"}).root == Path("/x/codexwrap")
    assert paths.state({"XDG_STATE_HOME": "/x", "CODEXWRAP_HOME": "/y"}).root == Path("/y")
    assert paths.state({"CODEXWRAP_HOME": "~/z"}).root == home / "z"


def test_the_config_is_where_the_environment_says() -> None:
    home = Path(os.environ["HOME"])
    assert paths.config({}) == home / ".config/codexwrap/config.toml"
    assert paths.config({"XDG_CONFIG_HOME": "/x"}) == Path("/x/codexwrap/config.toml")
    assert paths.config({"XDG_CONFIG_HOME": "/x", "CODEXWRAP_CONFIG": "/y.toml"}) == Path("/y.toml")


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says() -> None:
    assert paths.state({"XDG_STATE_HOME": "here"}) == paths.state({})
    assert paths.config({"XDG_CONFIG_HOME": "here"}) == paths.config({})


def test_a_relative_root_is_made_absolute_for_whoever_works_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.state({"CODEXWRAP_HOME": "here"}).root == tmp_path / "here"


def test_a_home_that_nobody_has_is_said() -> None:
    with pytest.raises(UserError, match="~nobody-of-that-name/x: there is no such home directory"):
        paths.state({"CODEXWRAP_HOME": "~nobody-of-that-name/x"})


def test_the_layout_is_the_one_that_others_rely_on() -> None:
    root = paths.State(Path("/r"))
    assert root.feed == Path("/r/feed.jsonl")
    assert root.seat("a") == Path("/r/seats/a")
    assert root.checkpoints("a") == Path("/r/checkpoints/a")
    assert root.recordings("a") == Path("/r/recordings/a")
    assert root.dead_seats == Path("/r/dead-seats")
