import pytest

from codexwrap.redact.quoted import quoted

SECRET = "sk-ant-api03-abc_DEF-123456"


@pytest.mark.parametrize(
    "text",
    [
        f"\x1b[31m{SECRET}",
        f"\x1b[38;5;1;49m{SECRET}\x1b[0m",
        f"\x1b]0;title\x07{SECRET}",
        f"\x1b]8;;http://x\x1b\\{SECRET}",
        f"\x1b(B{SECRET}",
        f"\x9b1m{SECRET}",
        SECRET[:10] + "\u200b" + SECRET[10:],
        SECRET[:10] + "\x1b[1m" + SECRET[10:],
        f"\x1b[31m{SECRET[:3]}\u2060{SECRET[3:]}",
    ],
)
def test_a_secret_is_found_whatever_hides_it_from_the_eye(text: str) -> None:
    assert quoted(text) == "[redacted anthropic-key]"


def test_known_values_are_found_too() -> None:
    assert quoted("\x1b[1mcorrect\x1b[0m-horse!", ["correct-horse"]) == "[redacted value]!"


def test_text_stays_and_line_breaks_only_where_they_may() -> None:
    assert quoted("one\ntwo\x07 ■ three") == "one two ■ three"
    assert quoted("one\ntwo", keep="\n") == "one\ntwo"


def test_a_sequence_that_is_cut_off_hides_nothing_that_follows() -> None:
    assert quoted("a\x1b[31") == "a[31"
    assert quoted("a\x1b") == "a"
