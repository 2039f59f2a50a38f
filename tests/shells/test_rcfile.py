"""A block of lines in a file that is somebody else's."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from codexwrap.errors import UserError
from codexwrap.shells import rcfile

LINES = ["one", "two"]
BLOCK = b"# >>> codexwrap >>>\none\ntwo\n# <<< codexwrap <<<\n"
text = st.lists(
    st.sampled_from(["a=1", "", "  # note", "caf\xe9", "# >>> conda >>>", "x\r"]).map(
        lambda line: line.encode("latin-1")
    ),
    max_size=6,
).map(b"\n".join)


@given(text)
def test_what_is_put_and_taken_away_leaves_all_else_as_it_was(before: bytes) -> None:
    after = rcfile.put(before, LINES)
    ended = before if not before or before.endswith(b"\n") else before + b"\n"
    assert after == ended + BLOCK
    assert rcfile.without(after) == ended


@given(text, text)
def test_the_block_is_renewed_where_it_stands(before: bytes, behind: bytes) -> None:
    assume(not before or before.endswith(b"\n"))
    once = rcfile.put(before, ["an old line", "and one more"]) + behind
    assert rcfile.put(once, LINES) == before + BLOCK + behind
    assert rcfile.put(rcfile.put(once, LINES), LINES) == rcfile.put(once, LINES)
    assert rcfile.without(once) == before + behind


def test_several_blocks_become_one_where_the_first_stood() -> None:
    twice = b"a\n" + BLOCK + b"b\n" + BLOCK.replace(b"one", b"old") + b"c\n"
    assert rcfile.put(twice, LINES) == b"a\n" + BLOCK + b"b\nc\n"
    assert rcfile.without(twice) == b"a\nb\nc\n"


def test_the_block_can_be_shown() -> None:
    assert rcfile.block(b"a\n" + BLOCK + b"b\n") == ["# >>> codexwrap >>>", "one", "two", "# <<< codexwrap <<<"]
    assert rcfile.block(b"a\nb\n") == []


@pytest.mark.parametrize("broken", [b"a\n# >>> codexwrap >>>\nb\n", b"a\n# >>> codexwrap >>>\nb\n" + BLOCK])
def test_a_block_without_an_end_is_left_to_its_owner(broken: bytes, tmp_path: Path) -> None:
    for edit in (rcfile.without, rcfile.block, lambda data: rcfile.put(data, LINES)):
        with pytest.raises(UserError, match="line 2"):
            edit(broken)
    path = tmp_path / "rc"
    path.write_bytes(broken)
    with pytest.raises(UserError, match=f"{path}: line 2"):
        rcfile.read(path)


def test_an_end_without_a_beginning_is_only_a_comment() -> None:
    assert rcfile.without(b"a\n# <<< codexwrap <<<\nb\n") == b"a\n# <<< codexwrap <<<\nb\n"


def test_a_file_that_is_not_there_reads_as_empty(tmp_path: Path) -> None:
    assert rcfile.read(tmp_path / "none") == b""


def test_a_folder_a_pipe_and_a_binary_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\0\0")
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path, "no ordinary file"),
        (tmp_path / "pipe", "no ordinary"),
        (tmp_path / "binary", "no text"),
    ):
        with pytest.raises(UserError, match=why):
            rcfile.read(path)


def test_a_loop_of_links_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UserError, match="cannot be read"):
        rcfile.read(tmp_path / "a")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o640])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "rc"
    path.write_text("old")
    path.chmod(mode)
    rcfile.write(path, b"new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link_and_what_it_points_to_changes(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target, link = tmp_path / "dotfiles/rc", tmp_path / "rc"
    target.write_text("old")
    link.symlink_to("dotfiles/rc")
    rcfile.write(link, b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_link_to_a_file_that_is_not_there_yet_makes_it(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("rc")
    rcfile.write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "rc").read_bytes() == b"new"


def test_all_names_of_a_file_keep_naming_one_file(tmp_path: Path) -> None:
    path, other = tmp_path / "rc", tmp_path / "other"
    path.write_text("old, and longer")
    other.hardlink_to(path)
    rcfile.write(path, b"new")
    assert other.read_text() == "new"
    assert path.samefile(other)


def test_a_file_is_replaced_whole_and_never_half_written(tmp_path: Path) -> None:
    path = tmp_path / "rc"
    path.write_text("old")
    before = path.stat().st_ino
    rcfile.write(path, b"new")
    assert path.stat().st_ino != before


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none/rc cannot be written: No such file or directory$"):
        rcfile.write(tmp_path / "none/rc", b"new")
    with pytest.raises(UserError, match="cannot be removed"):
        rcfile.remove(tmp_path / "none")
