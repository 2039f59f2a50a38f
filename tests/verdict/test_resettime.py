import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from codexwrap.verdict import resettime


def at(text: str, zone: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("words", "now", "zone", "expected"),
    [
        ("try again at 3:16 PM.", "2026-11-22 12:16:30", "UTC", "2026-11-22 15:16"),
        ("try again at 3:16\u202fPM.", "2026-11-22 12:16:30", "America/New_York", "2026-11-22 15:16"),
        ("or try again at Nov 26th, 2026 12:14 PM.", "2026-11-22 12:14:03", "Asia/Kolkata", "2026-11-26 12:14"),
        ("more credits or try again at Nov 26th, 2026 1 1:17 AM.", "2026-11-22 12:14", "UTC", "2026-11-26 11:17"),
        ("try again at Nov 6th, 20 26 1:17 A M.", "2026-11-02 12:14", "UTC", "2026-11-06 01:17"),
        ("try again in 2 ho urs 5 minutes.", "2026-11-22 12:00", "UTC", "2026-11-22 14:05"),
        ("try again at Dec 1st, 2026 12:00 AM.", "2026-11-28 01:00", "UTC", "2026-12-01 00:00"),
        ("resets 4:17pm", "2026-11-22 13:17", "UTC", "2026-11-22 16:17"),
        ("resets 4pm", "2026-11-22 13:17", "UTC", "2026-11-22 16:00"),
        ("resets Jan 2, 9am", "2026-12-30 13:17", "UTC", "2027-01-02 09:00"),
        ("try again at 15:16", "2026-11-22 12:14", "UTC", "2026-11-22 15:16"),
        ("try again at 12:30 AM", "2026-11-22 23:50", "Europe/Berlin", "2026-11-23 00:30"),
        ("try again at 12:05 PM", "2026-11-22 12:00", "UTC", "2026-11-22 12:05"),
        ("try again at 11:59 PM", "2026-11-23 00:00:02", "UTC", "2026-11-22 23:59"),
        ("try again at 3:16 PM", "2026-11-22 15:16:40", "UTC", "2026-11-22 15:16"),
        ("Please try again in 2 hours 5 minutes", "2026-11-22 12:00", "UTC", "2026-11-22 14:05"),
        ("try again in 3 days 4 hours 1 minute", "2026-11-22 12:00", "UTC", "2026-11-25 16:01"),
        ("try again in less than a minute", "2026-11-22 12:00", "UTC", "2026-11-22 12:01"),
    ],
)
def test_words_name_a_time_in_the_childs_zone(words: str, now: str, zone: str, expected: str) -> None:
    assert resettime.read(words, now=at(now, zone), tz=ZoneInfo(zone)) == at(expected, zone)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("resets Nov 26, 1:17pm (UTC)", "2026-11-26 13:17"),
        ("regain access on 2026-12-01 at 00:00 UTC", "2026-12-01 00:00"),
        ("regain access on 2026-12-01T00:00Z", "2026-12-01 00:00"),
    ],
)
def test_a_zone_that_the_words_name_goes_before_the_childs(words: str, expected: str) -> None:
    now = at("2026-11-22 12:00", "Asia/Kolkata")
    assert resettime.read(words, now=now, tz=ZoneInfo("Asia/Kolkata")) == at(expected, "UTC")


@pytest.mark.parametrize("words", ["try again later.", "", "your 5 hour limit", "at 25:77", "13:20 PM", "0:99"])
def test_words_without_a_time_name_none(words: str) -> None:
    assert resettime.read(words, now=at("2026-11-22 12:00", "UTC"), tz=ZoneInfo("UTC")) is None


def test_the_night_the_clocks_go_back_means_the_first_such_time_still_to_come() -> None:
    zone = ZoneInfo("America/New_York")
    before = datetime(2026, 11, 1, 0, 30, tzinfo=zone).timestamp()
    first = datetime(2026, 11, 1, 1, 30, tzinfo=zone).timestamp()
    between = datetime(2026, 11, 1, 1, 45, tzinfo=zone).timestamp()
    assert resettime.read("at 1:30 AM", now=before, tz=zone) == first
    assert resettime.read("at 1:30 AM", now=between, tz=zone) == first + 3600


def test_a_day_with_23_hours_is_counted_by_the_wall_clock() -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 3, 28, 22, 0, tzinfo=zone).timestamp()
    assert resettime.read("at 9:00 AM", now=now, tz=zone) == datetime(2026, 3, 29, 9, 0, tzinfo=zone).timestamp()
    assert resettime.read("at 9:00 AM", now=now, tz=zone) == now + 10 * 3600


def test_the_machines_own_zone_is_meant_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        now = at("2026-11-22 12:00", "Asia/Tokyo")
        assert resettime.read("at 3:16 PM", now=now) == at("2026-11-22 15:16", "Asia/Tokyo")
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("name", ["", None, "No/Such", "../../etc/passwd", "UTC0", "a" * 500])
def test_a_zone_that_is_not_known_is_none(name: str | None) -> None:
    assert resettime.zone(name) is None or name == "UTC0"
