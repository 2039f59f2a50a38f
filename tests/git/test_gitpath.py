from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from codexwrap.git.gitpath import join, name, quote, unquote
from tests import repos


def test_a_plain_path_stays_as_it_is() -> None:
    assert quote("dir/ä file.txt".encode()) == "dir/ä file.txt"


def test_what_is_not_plain_is_quoted_as_git_quotes_it(tmp_path: Path) -> None:
    root = repos.make(tmp_path / "r", {})
    names = [b"new\nline", b"tab\there", b'quo"te', b"back\\slash", b"\xff\xfe", b"bell\x07", b"\x01\x1f\x7f"]
    for each in names:
        Path(root, each.decode("utf-8", "surrogateescape")).write_text("")
    assert sorted(repos.run(root, "ls-files", "--others").decode().splitlines()) == sorted(map(quote, names))


@given(st.binary(min_size=1))
def test_every_path_comes_back_and_its_text_is_printable_utf8(path: bytes) -> None:
    text = quote(path)
    assert unquote(text) == path
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in text)
    text.encode("utf-8")


def test_a_ref_that_is_not_utf8_is_text_too() -> None:
    assert name(b"topic/\xff") == "topic/\\xff"


def test_a_path_below_a_folder() -> None:
    assert join("lib", "a/b") == "lib/a/b"
    assert join("lib", quote(b"a\n")) == quote(b"lib/a\n")
