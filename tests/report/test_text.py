"""The report for a terminal."""

from datetime import UTC

from codexwrap.report import figures, text, words
from codexwrap.report.episodes import fold
from tests.report.feeds import HOUR, NOW, died, event, week


def told(*events: object) -> str:
    since = figures.start_of(7, NOW, UTC)
    return text.text(figures.count(fold(events), since, NOW, UTC), UTC)  # type: ignore[arg-type]


def test_a_quiet_week() -> None:
    assert told() == "16 Nov to 22 Nov 2026\nNo seat died or stalled."


def test_a_week_at_a_glance() -> None:
    shown = told(
        died(NOW - 3 * HOUR, ticket="T-1"),
        event("seat.alive", NOW - 2 * HOUR, ticket="T-1"),
        died(NOW - HOUR, "beta", "limit.usage", ticket="T-2"),
        event("limit.warning", NOW - 2 * HOUR),
    )
    assert "2 deaths and 0 stalls, half of them seen within 0.2 s, half of those repaired within 1 h 00." in shown
    assert "2 items blocked for 2 h 00 in all. 1 seat not back yet." in shown
    assert "auth.token_revoked  1     0        0     0.2 s    0.2 s    1 h 00       1 h 00   1 h 00" in shown
    assert "T-2   1 h 00   still" in shown
    assert "warnings of limits: 1" in shown


def test_nothing_in_it_moves_the_cursor() -> None:
    shown = told(died(NOW - HOUR, "al\x1b[2Jpha\u202e", ticket="T\x1b]0;x\x07"))
    assert shown.replace("\n", "").isprintable()


def test_a_fleet_is_cut_to_what_a_terminal_shows() -> None:
    assert "(130 more: --json)" in told(*(died(NOW - HOUR, f"seat-{number}") for number in range(160)))
    assert len(told(*week(160, 6)).splitlines()) < 150


def test_durations() -> None:
    seconds = (None, 0.21, 9.97, 59, 61, 3599, 3600, 86_399, 90_000)
    said = ["-", "0.2 s", "10 s", "59 s", "1 min", "1 h 00", "1 h 00", "1 d 0 h", "1 d 1 h"]
    assert [words.duration(each) for each in seconds] == said
