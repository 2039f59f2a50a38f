"""The numbers of a period."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from codexwrap.report import figures
from codexwrap.report.episodes import fold
from codexwrap.report.figures import Figures, Spread
from tests.report.feeds import DAY, HOUR, NOW, died, event, week

SINCE = figures.start_of(7, NOW, UTC)


def count(*told: object, since: float = SINCE) -> Figures:
    return figures.count(fold(told), since, NOW, UTC)  # type: ignore[arg-type]


def test_a_period_of_days_starts_at_midnight() -> None:
    assert SINCE == NOW - 6.5 * DAY
    assert [row.name for row in count().days] == [f"2026-11-{day}" for day in range(16, 23)]
    berlin = ZoneInfo("Europe/Berlin")
    over_the_change = figures.start_of(30, NOW, berlin)  # clocks went back on 25 October
    days = figures.count(fold([died(over_the_change)]), over_the_change, NOW, berlin).days
    assert (days[0].name, len(days)) == ("2026-10-24", 30)
    assert [day.down for day in days[:3]] == [24 * HOUR, 25 * HOUR, 24 * HOUR]


def test_deaths_by_cause_day_and_seat() -> None:
    found = count(
        died(NOW - 3 * DAY, seen_after_ms=100),
        event("seat.alive", NOW - 3 * DAY + 600),
        died(NOW - 2 * DAY, seen_after_ms=300),
        event("seat.alive", NOW - 2 * DAY + 1200),
        died(NOW - HOUR, "beta", "provider.overloaded", seen_after_ms=500),
    )
    assert (found.total.dead, found.total.stalled, found.total.open) == (2, 1, 1)
    assert found.total.detect == Spread(3, 0.3, 0.5, 0.5)
    assert found.total.repair == Spread(2, 900, 1200, 1200)
    assert found.total.down == 600 + 1200 + HOUR
    assert [(row.name, row.dead, row.stalled) for row in found.causes] == [
        ("auth.token_revoked", 2, 0),
        ("provider.overloaded", 0, 1),
    ]
    assert [(row.name, row.dead, row.stalled, row.down) for row in found.seats] == [
        ("alpha", 2, 0, 1800),
        ("beta", 0, 1, HOUR),
    ]
    assert {row.name: row.dead + row.stalled for row in found.days if row.dead + row.stalled} == {
        "2026-11-19": 1,
        "2026-11-20": 1,
        "2026-11-22": 1,
    }


def test_an_episode_from_before_counts_for_its_downtime_only() -> None:
    found = count(died(SINCE - HOUR), event("seat.alive", SINCE + 60))
    assert (found.total.dead, found.total.down, found.total.repair.number) == (0, 60, 0)
    assert count(died(SINCE - 2 * HOUR), event("seat.alive", SINCE - HOUR)).spans == ()


def test_downtime_is_parted_at_midnight() -> None:
    found = count(died(NOW - 12.5 * HOUR), event("seat.alive", NOW - 11 * HOUR))
    assert [row.down for row in found.days[-2:]] == [HOUR / 2, HOUR]
    assert [row.dead for row in found.days[-2:]] == [1, 0]


def test_who_was_given_up_was_not_repaired() -> None:
    found = count(died(NOW - HOUR), event("seat.exited", NOW - HOUR + 60))
    assert (found.total.repair.number, found.total.down, found.total.open) == (0, 60, 0)


def test_work_that_was_blocked() -> None:
    found = count(
        died(SINCE - HOUR, ticket="T-1"),
        event("seat.alive", SINCE + HOUR, ticket="T-1"),
        died(NOW - 2 * HOUR, "beta", ticket="T-2"),
    )
    assert found.blocked == (("T-2", 2 * HOUR), ("T-1", HOUR))
    assert found.stuck == ("T-2",)


def test_seats_of_one_name_on_two_hosts_are_told_apart() -> None:
    told = [died(NOW - 60), died(NOW - 60)._replace(source="//other/alpha")]
    assert {row.name.partition(" (")[2] for row in count(*told).seats} == {
        told[0].source.split("/")[2] + ")",
        "other)",
    }


@pytest.mark.parametrize(
    ("durations", "told"),
    [
        ([], Spread(0)),
        ([5], Spread(1, 5, 5, 5)),
        ([4, 1, 3, 2], Spread(4, 2.5, 4, 4)),
        (range(1, 11), Spread(10, 5.5, 9, 10)),
    ],
)
def test_a_spread(durations: list[float], told: Spread) -> None:
    assert figures.spread(durations) == told


def test_a_week_of_a_fleet_adds_up() -> None:
    found = count(*week(160, 6))
    for rows in (found.days, found.causes, found.seats):
        assert sum(row.dead for row in rows) == found.total.dead > 300
        assert sum(row.stalled for row in rows) == found.total.stalled
        assert sum(row.down for row in rows) == pytest.approx(found.total.down)
    assert found.total.open == sum(row.open for row in found.seats)
