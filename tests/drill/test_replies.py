"""What a terminal answers."""

import pytest

from codexwrap.drill.replies import Replies


def replies(*chunks: bytes) -> list[bytes]:
    it = Replies()
    return [reply for chunk in chunks for reply in it.to(chunk, (4, 2))]


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        (b"\x1b[6n", b"\x1b[3;5R"),
        (b"\x1b[c", b"\x1b[?62;22c"),
        (b"\x1b[?u", b"\x1b[?0u"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b]10;?\x07", b"\x1b]10;rgb:eeee/eeee/eeee\x1b\\"),
        (b"\x1b]11;?\x1b\\", b"\x1b]11;rgb:1111/1111/1111\x1b\\"),
    ],
)
def test_each_query_is_answered_once_however_it_is_cut(query: bytes, reply: bytes) -> None:
    assert replies(b"text" + query + b"more") == [reply]
    for cut in range(1, len(query)):
        assert replies(b"text" + query[:cut], query[cut:] + b"more") == [reply]
    assert replies(*(bytes([byte]) for byte in query)) == [reply]


def test_queries_are_answered_in_their_order() -> None:
    assert replies(b"\x1b[c\x1b[6n", b"\x1b[c") == [b"\x1b[?62;22c", b"\x1b[3;5R", b"\x1b[?62;22c"]


def test_ordinary_output_is_not_answered() -> None:
    assert replies(b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[6", b"m plain \x1b[?2004h") == []
