"""Which keys submit a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexwrap.pump.keys import Keys

ENTERS = {
    "enter": b"\r",
    "enter behind text": b"go on\r",
    "keypad enter in application mode": b"\x1bOM",
    "kitty's enter": b"\x1b[13u",
    "kitty's enter, pressed": b"\x1b[13;1:1u",
    "kitty's enter, repeated": b"\x1b[13;1:2u",
    "kitty's keypad enter": b"\x1b[57414u",
    "enter behind a paste": b"\x1b[200~two\rlines\x1b[201~\r",
}
OTHERS = {
    "text": b"go on",
    "a new line by ^J": b"\n",
    "alt and enter": b"\x1b\r",
    "kitty's shift and enter": b"\x1b[13;2u",
    "kitty's alt and enter": b"\x1b[13;3:1u",
    "kitty's enter, released": b"\x1b[13;1:3u",
    "another key of kitty's": b"\x1b[113u",
    "a paste of lines": b"\x1b[200~two\rlines\r\x1b[201~",
    "a paste that goes on": b"\x1b[200~two\rlines\r",
    "an arrow": b"\x1b[A",
}


@pytest.mark.parametrize("data", ENTERS.values(), ids=ENTERS)
def test_it_submits(data: bytes) -> None:
    assert Keys().submitted(data)


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_it_does_not(data: bytes) -> None:
    assert not Keys().submitted(data)


@pytest.mark.parametrize("data", [*ENTERS.values(), *OTHERS.values()], ids=[*ENTERS, *OTHERS])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_in_pieces_it_is_the_same_but_for_an_escape_that_stands_alone(data: bytes, size: int) -> None:
    if data == b"\x1b\r":
        return  # Escape, and then Enter: nobody can tell the two apart
    keys = Keys()
    found = [keys.submitted(data[at : at + size]) for at in range(0, len(data), size)]
    assert any(found) == Keys().submitted(data)


def test_escape_and_then_enter_are_two_keys() -> None:
    keys = Keys()
    assert not keys.submitted(b"\x1b")
    assert keys.submitted(b"\r")


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_are_too_odd(pieces: list[bytes]) -> None:
    keys = Keys()
    for piece in pieces:
        assert keys.submitted(piece) in (True, False)
