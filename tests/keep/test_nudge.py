import os
from pathlib import Path

import pytest

from codexwrap.agents.look import Live, Look, Page
from codexwrap.keep import nudge
from codexwrap.keep.nudge import Nudge, Sight

LINE = "go on where you stopped"
FREE = Look(draft="")
TYPED = Look(draft=LINE)


class Seat:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.told: list[tuple[str, int]] = []
        self.takes = True
        self.nudge = Nudge(LINE, self.send, lambda how, number: self.told.append((how, number)))

    def send(self, data: bytes) -> bool:
        self.sent.append(data)
        return self.takes

    def see(self, look: Look, now: float, *, still: float = 10, healed: bool = True) -> None:
        self.nudge.step(Sight(look, still, healed), now)


def test_the_line_is_typed_and_sent_when_it_stands_in_the_composer() -> None:
    seat = Seat()
    seat.see(FREE, 100)
    assert (seat.sent, seat.told) == ([LINE.encode()], [])
    seat.see(FREE, 100.1)
    seat.see(TYPED, 100.2)
    seat.see(TYPED, 100.6)
    assert seat.sent == [LINE.encode()]
    seat.see(TYPED, 100.8)
    assert (seat.sent, seat.told) == ([LINE.encode(), b"\r"], [("sent", 1)])
    for later in range(101, 220):
        seat.see(FREE, later)
    assert len(seat.sent) == 2


@pytest.mark.parametrize(
    ("look", "still", "healed"),
    [
        (Look(draft="half a tho"), 10, True),
        (Look(draft=None), 10, True),
        (Look(draft="", popup="1.Yes2.No"), 10, True),
        (Look(draft="", page=Page.LOGIN), 10, True),
        (Look(draft="", page=Page.OVERLAY), 10, True),
        (Look(draft="", live=Live.WORKING), 10, True),
        (FREE, 1, True),
        (FREE, 10, False),
    ],
)
def test_nothing_is_typed_that_could_disturb_anybody(look: Look, still: float, healed: bool) -> None:
    seat = Seat()
    for now in range(100, 200):
        seat.see(look, now, still=still, healed=healed)
    assert (seat.sent, seat.told, seat.nudge.busy) == ([], [], False)


@pytest.mark.parametrize(
    "look",
    [Look(draft=f"{LINE} and more"), Look(draft="y" + LINE), Look(draft=LINE, popup="1.Yes"), Look(page=Page.LOGIN)],
)
def test_enter_does_not_follow_when_anything_else_stands_there(look: Look) -> None:
    seat = Seat()
    seat.see(FREE, 100)
    seat.see(TYPED, 100.2)
    for tenth in range(100):
        seat.see(look, 100.3 + tenth / 10)
    assert seat.sent == [LINE.encode()]
    assert seat.told == [("not sent: something else stands in the composer", 1)]


def test_there_are_three_tries_at_most_with_growing_pauses() -> None:
    seat = Seat()
    typed = []
    look = FREE
    for tenth in range(20_000):
        now = 100 + tenth / 10
        before = len(seat.sent)
        seat.see(look, now)
        if len(seat.sent) > before:
            if seat.sent[-1] == LINE.encode():
                typed.append(round(now - 100))
            look = TYPED if seat.sent[-1] == LINE.encode() else FREE
    assert len(typed) == 3
    assert typed[1] - typed[0] >= 120 + 60
    assert typed[2] - typed[1] >= 120 + 300
    assert seat.told[-1] == ("sent, and no turn ended well; no more tries", 3)


def test_a_long_turn_is_not_a_failed_one() -> None:
    seat = Seat()
    for now, look in ((100.0, FREE), (100.2, TYPED), (100.8, TYPED)):
        seat.see(look, now)
    for now in range(101, 2000):
        seat.see(Look(draft="", live=Live.WORKING), now)
    assert seat.told == [("sent", 1)]


def test_after_a_recovery_it_begins_anew() -> None:
    seat = Seat()
    for now, look in ((100.0, FREE), (100.2, TYPED), (100.8, TYPED)):
        seat.see(look, now)
    seat.nudge.reset()
    seat.see(FREE, 105)
    assert seat.sent[2:] == [LINE.encode()]


def test_a_wrapper_that_takes_nothing_is_told_of() -> None:
    seat = Seat()
    seat.takes = False
    seat.see(FREE, 100)
    assert seat.told == [("not typed: the wrapper takes nothing", 1)]


def test_what_is_typed_goes_through_a_pipe_that_somebody_reads(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert nudge.into(path)(b"x") is False
    os.mkfifo(path)
    assert nudge.into(path)(b"x") is False  # nobody reads it
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        assert nudge.into(path)(b"hello") is True
        assert os.read(fd, 100) == b"hello"
    finally:
        os.close(fd)
