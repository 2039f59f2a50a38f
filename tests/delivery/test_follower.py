import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events, journal
from codexwrap.archives import START
from codexwrap.delivery import follower, progress
from codexwrap.delivery.follower import Follower
from codexwrap.events import Event
from codexwrap.journal import Journal
from codexwrap.paths import State
from codexwrap.sinks.outcome import LaterError, NoSecretError, RefusedError, StuckError


class Memory:
    """A sink that keeps what it takes; `fails` says what is wrong with a batch."""

    def __init__(self, fails: Callable[[list[int]], Exception | None] = lambda _: None, batch: int = 4) -> None:
        self.batch, self.fails = batch, fails
        self.taken: list[int] = []
        self.calls = 0

    def send(self, told: Sequence[Event]) -> None:
        self.calls += 1
        found = [event.data["number"] for event in told]
        if error := self.fails(found):
            raise error
        self.taken += found

    def close(self) -> None:
        return


@pytest.fixture
def root(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [time.time()]
    monkeypatch.setattr("codexwrap.delivery.follower.time.time", lambda: now[0])
    return now


def post(root: State, *found: int, kind: str = "seat.dead") -> None:
    Journal(root.feed).append(*[events.new(kind, seat="a", data={"number": number}) for number in found])


def drain(follow: Follower) -> float | None:
    while (wait := follow.step()) == 0:
        pass
    return wait


def kept(root: State) -> progress.Progress:
    return progress.load(root, "s")


def parked(root: State) -> list[dict[str, Any]]:
    return [json.loads(line) for line in progress.parked_file(root, "s").read_text().splitlines()]


def test_everything_is_sent_in_order_and_once(root: State) -> None:
    sink = Memory()
    follow = Follower(root, "s", sink)
    assert drain(follow) is None
    post(root, *range(10))
    assert drain(follow) is None
    post(root, 10)
    drain(Follower(root, "s", sink))
    assert sink.taken == list(range(11))
    assert kept(root).cursor == journal.read(root.feed).cursor
    assert (kept(root).delivered, kept(root).failures) == (11, 0)


def test_only_what_is_wanted_is_sent(root: State) -> None:
    post(root, 1)
    post(root, 2, kind="seat.deadly")
    post(root, 3, kind="item.changed")
    sink = Memory()
    drain(Follower(root, "s", sink, only=("seat.dead", "item")))
    assert sink.taken == [1, 3]


def test_a_sink_that_fails_stands_still_and_waits_longer_each_time_also_over_a_restart(
    root: State, clock: list[float]
) -> None:
    sink = Memory(lambda _: LaterError("down"))
    post(root, 1, 2)
    waits = []
    for _ in range(12):
        follow = Follower(root, "s", sink)
        wait = drain(follow)
        assert wait
        assert follow.owes
        again = Follower(root, "s", sink)
        calls = sink.calls
        assert again.step() == pytest.approx(wait)
        assert sink.calls == calls
        waits.append(wait)
        clock[0] += wait
    assert 0.5 <= waits[0] <= 1
    assert all(0.5 * min(300, 2**n) <= wait <= min(300, 2**n) for n, wait in enumerate(waits))
    assert len({wait / min(300, 2**n) for n, wait in enumerate(waits)}) > 6
    assert (kept(root).error, kept(root).failures, kept(root).cursor) == ("down", 12, START)
    sink.fails = lambda _: None
    drain(Follower(root, "s", sink))
    assert sink.taken == [1, 2]
    assert (kept(root).error, kept(root).failures) == ("", 0)


def test_a_server_that_says_when_is_not_asked_before(root: State, clock: list[float]) -> None:
    post(root, 1)
    assert drain(Follower(root, "s", Memory(lambda _: LaterError("busy", wait=777.0)))) == pytest.approx(777)


def test_a_poison_event_is_set_aside_with_its_reason_and_the_others_are_sent(root: State) -> None:
    post(root, *range(10))
    sink = Memory(lambda found: RefusedError("bad 6") if 6 in found else None)
    drain(Follower(root, "s", sink))
    assert sink.taken == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    (line,) = parked(root)
    assert (line["reason"], line["event"]["data"]["number"]) == ("bad 6", 6)
    assert (kept(root).parked, kept(root).failures) == (1, 0)


def test_an_event_that_is_answered_with_an_error_for_a_day_is_poison(root: State, clock: list[float]) -> None:
    post(root, *range(5))
    sink = Memory(lambda found: LaterError("HTTP 500", answered=True) if 2 in found else None)
    for _ in range(500):
        wait = drain(Follower(root, "s", sink))
        if wait is None:
            break
        clock[0] += wait
    assert sink.taken == [0, 1, 3, 4]
    assert [line["event"]["data"]["number"] for line in parked(root)] == [2]


def test_a_sink_that_is_down_for_a_week_loses_nothing(root: State, clock: list[float]) -> None:
    post(root, *range(5))
    sink = Memory(lambda _: LaterError("refused"))
    for _ in range(50):
        clock[0] += 86400
        assert drain(Follower(root, "s", sink))
    sink.fails = lambda _: None
    clock[0] += 86400
    drain(Follower(root, "s", sink))
    assert sink.taken == list(range(5))


def test_a_sink_that_somebody_must_mend_is_tried_again_when_its_settings_change(root: State) -> None:
    post(root, 1)
    sink = Memory(lambda _: StuckError("HTTP 404"))
    follow = Follower(root, "s", sink, settings="old")
    assert (drain(follow) or 0) > 3000
    assert not follow.owes
    assert (kept(root).stuck, kept(root).error) == (True, "HTTP 404")
    sink.fails = lambda _: None
    assert (Follower(root, "s", sink, settings="old").step() or 0) > 3000
    drain(Follower(root, "s", sink, settings="new"))
    assert sink.taken == [1]
    assert not kept(root).stuck


def test_what_one_process_has_no_secret_for_another_may_send_at_once(root: State) -> None:
    post(root, 1)
    sink = Memory(lambda _: NoSecretError("TOKEN is not set"))
    follow = Follower(root, "s", sink)
    assert (drain(follow) or 0) > 30
    assert not follow.owes
    other = Memory()
    drain(Follower(root, "s", other))
    assert other.taken == [1]


@pytest.mark.parametrize("spoiled", ["", "{}", "[]", '{"version":1,"name":"s","cursor":3}', '{"version":1,"name":"x"}'])
def test_a_sink_whose_place_is_not_known_gets_all_of_the_feed(root: State, spoiled: str) -> None:
    post(root, 1, 2)
    drain(Follower(root, "s", Memory()))
    (progress.folder(root) / "s.json").write_text(spoiled)
    sink = Memory()
    drain(Follower(root, "s", sink))
    assert sink.taken == [1, 2]


def test_a_feed_that_is_set_aside_many_times_is_sent_without_loss(root: State) -> None:
    log = Journal(root.feed, rotate=500)
    sink = Memory()
    follow = Follower(root, "s", sink)
    for number in range(60):
        log.append(events.new("seat.dead", seat="a", data={"number": number}), durable=False)
        if number % 7 == 0:
            drain(follow)
    drain(follow)
    assert sink.taken == list(range(60))


def test_the_wait_grows_and_is_never_the_same() -> None:
    assert len({follower.backoff(5) for _ in range(20)}) > 10
    assert all(150 <= follower.backoff(n) <= 300 for n in (9, 30, 10_000))
