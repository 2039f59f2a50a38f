"""Output is cut into what it means, however it arrives."""

from collections.abc import Mapping

import pytest

from codexwrap.screen.escapes import MAX_SEQUENCE, MAX_STRING, Action, Parser


class Heard(list[str]):
    """A parser's callbacks, in the order in which they were called."""

    def parser(self) -> Parser:
        told = self.append

        class Actions(dict[str, Action]):
            def __missing__(self, sequence: str) -> Action:
                return told, (repr(sequence),)

        actions: Mapping[str, Action] = Actions()
        return Parser(self.extend, actions, lambda payload: self.append(f"osc {payload}"))


def heard(data: str | bytes, piece: int = 100_000) -> list[str]:
    everything = Heard()
    parser = everything.parser()
    raw = data.encode() if isinstance(data, str) else data
    for start in range(0, len(raw), piece):
        parser.feed(raw[start : start + piece])
    return everything


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("ab\r\n", ["a", "b", r"'\r'", r"'\n'"]),
        ("é日🙂", ["é", "日", "🙂"]),
        ("a\x7fb", ["a", "b"]),
        ("\x1b[1;2Hx", [r"'\x1b[1;2H'", "x"]),
        ("\x1b[?25l", [r"'\x1b[?25l'"]),
        ("\x1b[2 q\x1b[!p\x1b[1 2m", [r"'\x1b[2 q'", r"'\x1b[!p'", r"'\x1b[1 2m'"]),
        ("\x1b7\x1b(0\x1b#8\x1b\\", [r"'\x1b7'", r"'\x1b(0'", r"'\x1b#8'", r"'\x1b\\'"]),
        ("\x1b[3\n1mx", [r"'\n'", r"'\x1b[31m'", "x"]),
        ("\x1b\r7", [r"'\r'", r"'\x1b7'"]),
        ("\x1b[日\x7f1m", [r"'\x1b[1m'"]),
        ("\x1b[1\x1b[2mx", [r"'\x1b[2m'", "x"]),
        ("\x1b[1\x18x\x1b(\x1ay", ["x", "y"]),
        ("\x1b]0;t\x07x", ["osc 0;t", "x"]),
        ("\x1b]0;✳\x1b\\x", ["osc 0;✳", r"'\x1b\\'", "x"]),
        ("\x1b]0;a\nb\x1b[mx", ["osc 0;ab", r"'\x1b[m'", "x"]),
        ("\x1b]0;a\x18x\x1b]0;b\x1ay", ["x", "y"]),
        ("\x1bPq\x07#0\nq\x1b\\x", [r"'\x1b\\'", "x"]),
        ("\x1b_a\x1b\\\x1b^b\x1b\\\x1bXc\x1b\\\x1bkd\x1b\\x", [r"'\x1b\\'"] * 4 + ["x"]),
        ("\x1bPq\x18x", ["x"]),
    ],
)
def test_parts_are_told_in_their_order(data: str, expected: list[str], piece: int) -> None:
    told = heard(data, piece)
    # An OSC in one piece is matched with its ST, which by itself is nothing.
    assert [each for each in told if each != r"'\x1b\\'"] == [each for each in expected if each != r"'\x1b\\'"]


def test_what_is_not_complete_is_waited_for() -> None:
    everything = Heard()
    parser = everything.parser()
    for data in (b"\x1b", b"[", b"3", b"1"):
        parser.feed(data)
        assert everything == []
    for data in (b"m\xe2", b"\x96", b"\xa0\x1b]0", b";t"):
        parser.feed(data)
    assert everything == [r"'\x1b[31m'", "■"]
    parser.feed(b"\x1b")
    parser.feed(b"\\")
    assert everything == [r"'\x1b[31m'", "■", "osc 0;t", r"'\x1b\\'"]


@pytest.mark.parametrize("piece", [1, 1000, 10_000_000])
def test_an_osc_is_told_up_to_a_length(piece: int) -> None:
    longest = "x" * MAX_STRING
    assert heard(f"\x1b]{longest}\x07a", piece) == [f"osc {longest}", "a"]
    assert heard(f"\x1b]{longest}x\x07a", piece) == ["a"]


def test_a_long_sequence_is_told_so_that_it_can_be_dropped() -> None:
    for piece in (1, 100, 10_000):
        assert len(heard("\x1b[" + "1" * 5000 + "m", piece)[0]) > MAX_SEQUENCE
