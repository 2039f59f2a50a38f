from codexwrap.git import gitstatus
from codexwrap.git.gitstatus import Branch

ZERO = b"0" * 40


def test_a_rename_takes_its_two_records() -> None:
    # git is asked for none, but the format has them, and a record that is not understood would shift all others.
    changed = b"1 .M N... 100644 100644 100644 %s %s a b" % (ZERO, ZERO)
    renamed = b"2 R. N... 100644 100644 100644 %s %s R100 new name\0old name" % (ZERO, ZERO)
    status = gitstatus.parse(b"\0".join([renamed, changed, b"? un tracked", b""]))
    assert status.files == {b"new name": ("renamed", ""), b"a b": ("", "modified"), b"un tracked": ("", "untracked")}
    assert status.countable == [b"a b"]


def test_the_header_says_what_is_checked_out() -> None:
    out = b"# branch.oid %s\0# branch.head x y\0# branch.upstream o/x\0# branch.ab +2 -3\0# stash 1\0" % ZERO
    assert gitstatus.parse(out).branch == Branch("x y", "0" * 40, "o/x", 2, 3)
    assert gitstatus.parse(b"# branch.oid (initial)\0# branch.head (detached)\0").branch == Branch()


def test_lines_are_counted_by_path() -> None:
    out = b"1\t2\tplain\0-\t-\tbinary\x000\t9\tlink\x001\t0\tlink\x003\t0\ttab\tand\nline\0"
    assert gitstatus.numstat(out) == {
        b"plain": (1, 2),
        b"binary": (None, None),
        b"link": (1, 9),
        b"tab\tand\nline": (3, 0),
    }
