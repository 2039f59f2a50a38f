import json
import multiprocessing
import os
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexwrap import events

# Also what breaks lines and reorders text, and what a file name becomes that is no UTF-8.
anything = st.lists(st.characters() | st.sampled_from("\n\r\0\x1b\x0b\x85\u2028\u202e\udce9"), max_size=12).map("".join)
values = st.none() | st.booleans() | st.integers() | anything | st.lists(anything, max_size=3)


def test_an_event_has_exactly_the_names_of_cloudevents() -> None:
    made = events.new("seat.dead", seat="a b", data={"state": "DEAD"}, at=1_700_000_000.25)
    record = json.loads(made.to_line())
    assert list(record) == ["specversion", "id", "source", "type", "subject", "time", "data"]
    assert record["specversion"] == "1.0"
    assert record["source"] == f"//{events.host()}/a%20b"
    assert record["type"] == "codexwrap.seat.dead"
    assert record["subject"] == "a b"
    assert record["time"] == "2023-11-14T22:13:20.250Z"
    assert record["data"] == {"state": "DEAD"}


@given(anything, st.dictionaries(anything, values, max_size=4))
def test_any_event_is_one_line_of_ascii_and_comes_back_whole(seat: str, data: dict[str, Any]) -> None:
    made = events.new("item.changed", seat=seat, data=data)
    line = made.to_line()
    assert line.endswith(b"\n")
    assert line.isascii()
    assert line.decode().splitlines() == [line.decode().removesuffix("\n")]  # of all that Python calls a line break
    assert all(byte >= 0x20 for byte in line[:-1])
    assert events.from_line(line) == made


@given(st.binary())
def test_a_line_is_an_event_or_bad(line: bytes) -> None:
    try:
        events.from_line(line)
    except events.BadEventError:
        return


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{}",
        b'{"id":"1"}',
        b'{"id":1,"type":"t"}',
        b'{"id":"","type":"t"}',
        b'{"id":"1","type":"t","subject":7}',
        b'{"id":"1","type":"t"',
        b"\0" * 8 + b'{"id":"1","type":"t"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id":' * 50_000,
    ],
)
def test_what_is_no_event_is_bad(line: bytes) -> None:
    with pytest.raises(events.BadEventError):
        events.from_line(line)


def test_an_event_of_another_make_is_read_as_far_as_it_goes() -> None:
    found = events.from_line(b'{"id":"1","type":"t","data":[1],"extra":true}')
    assert found == events.Event("1", "", "t", "", "", {"value": [1]})


def test_ids_sort_in_the_order_in_which_they_were_made() -> None:
    made = [events.new_id() for _ in range(5000)]
    assert sorted(made) == made
    assert len(set(made)) == len(made)
    assert {len(each) for each in made} == {len(made[0])}


def test_ids_are_unique_and_in_order_in_each_of_several_threads() -> None:
    made: list[list[str]] = [[] for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=_make_ids, args=(each,)) for each in made]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert all(len(each) == 2000 and sorted(each) == each for each in made)
    assert len({one for each in made for one in each}) == 8000


def _make_ids(into: list[str]) -> None:
    into.extend(events.new_id() for _ in range(2000))


def _ids(_: int) -> list[str]:
    return [events.new_id() for _ in range(1000)]


def test_ids_are_unique_in_processes_that_were_forked_from_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        made = pool.map(_ids, range(4))
    assert len({one for each in made for one in each}) == 4000


def test_an_id_does_not_go_back_when_the_clock_does(monkeypatch: pytest.MonkeyPatch) -> None:
    before = events.new_id()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    after = [events.new_id() for _ in range(100)]
    assert sorted([before, *after]) == [before, *after]


def test_an_id_says_when_it_was_made() -> None:
    now = datetime.now(UTC).timestamp()
    assert abs(events.made_at(events.new_id()) - now) < 60
    with pytest.raises(ValueError):
        events.made_at("not-ours")


def test_times_are_rfc_3339_in_utc_and_come_back() -> None:
    assert events.timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert events.epoch("1970-01-01T01:00:00+01:00") == 0
    assert events.epoch(events.timestamp(1_700_000_000.125)) == 1_700_000_000.125
    for text in ("", "yesterday", "0001-01-01", "x" * 10_000):
        with pytest.raises(ValueError):
            events.epoch(text)


def test_the_host_is_this_one_unless_the_environment_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert events.host() == os.uname().nodename
    monkeypatch.setenv("CODEXWRAP_HOST", "build-7")
    assert events.new("seat.alive", seat="a", data={}).source == "//build-7/a"
