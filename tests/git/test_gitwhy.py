import pytest

from codexwrap.git.gitwhy import UNWRITABLE, why


@pytest.mark.parametrize(
    ("err", "says"),
    [
        ("fatal: not a git repository (or any of the parent directories): .git", "not a git repository"),
        ("fatal: detected dubious ownership in repository at '/x'\nTo add an exception", "git refuses the repository"),
        ("fatal: unsafe repository ('/x' is owned by someone else)", "git refuses the repository"),
        ("error: unable to write file x: No space left on device\nfatal: cannot go on", "the disk is full"),
        ("fatal: sha1 file 'x' write error. Out of diskspace", "the disk is full"),
        ("error: insufficient permission for adding an object to x", "the repository cannot be written to: permission"),
        ("hint: try this\nfatal: something else\nhint: or that", "git verb: fatal: something else"),
        (
            "a filter: No space left on device\nfatal: clean filter 'x' failed",
            "git verb: fatal: clean filter 'x' failed",
        ),
        ("no prefix at all", "git verb: no prefix at all"),
        ("", "git verb: exit status 3"),
    ],
)
def test_what_git_complains_of_is_one_line(err: str, says: str) -> None:
    assert why("verb", 3, err.encode()).startswith(says)


def test_an_answer_that_holds_for_all_files_is_known_as_such() -> None:
    assert why("x", 128, b"error: file: No space left on device") in UNWRITABLE
    assert why("x", 128, b"error: open('file'): Permission denied") not in UNWRITABLE


def test_it_is_short_and_holds_nothing_that_a_terminal_obeys() -> None:
    said = why("x", 1, b"fatal: \x1b]0;title\x07" + b"y" * 1000)
    assert len(said) < 220
    assert said.isprintable()


def test_a_signal_is_named() -> None:
    assert why("x", -9, b"") == "git x was ended by signal 9"
