"""When a window is full, and how far that is to be trusted."""

import random

import pytest

from codexwrap.usage.forecast import Forecast, forecast
from codexwrap.usage.limits import Window
from codexwrap.usage.meter import Meter, follow

HOUR = 3600
START, RESET = 0, 5 * HOUR


def read(readings: list[tuple[float, float]], *, minutes: int = 300, resets_at: int | None = RESET) -> Meter:
    meter = None
    for at, used in readings:
        meter = follow(meter, Window("codex", minutes, used, resets_at), at)
    assert meter is not None
    return meter


def steady(rate: float, hours: float, *, every: float = 120) -> list[tuple[float, float]]:
    """Readings at a rate in percent an hour, in whole percents as the provider tells them."""
    return [(at, float(int(rate * at / HOUR))) for at in range(0, int(hours * HOUR) + 1, int(every))]


def test_a_steady_rate_is_full_when_arithmetic_says_so() -> None:
    told = forecast(read(steady(30, 2)), 2 * HOUR)
    assert told.rate == pytest.approx(30, abs=1)
    assert told.full_at == pytest.approx(12_000, abs=300)  # 100 % at 30 % an hour is 3 h 20
    assert told.earliest is not None
    assert told.latest is not None
    assert told.full_at is not None
    assert told.earliest < told.full_at < told.latest
    assert told.latest - told.earliest < HOUR
    assert told.hits_before(RESET)
    assert not told.hits_before(3 * HOUR)
    assert not told.hits_before(None)


def test_the_rate_is_that_of_the_last_hour_not_of_the_window() -> None:
    readings = [*steady(5, 2), *((2 * HOUR + at, 10 + used) for at, used in steady(40, 1))]
    assert forecast(read(readings), 3 * HOUR).rate == pytest.approx(40, abs=2)
    told = forecast(read([*steady(30, 1), (1.9 * HOUR, 30)]), 2 * HOUR)
    assert told == Forecast(why="too few readings: 31 that differ, in 120 min")


def test_a_week_is_judged_by_its_last_day() -> None:
    week = 7 * 24 * HOUR
    meter = read(steady(0.5, 48), minutes=10080, resets_at=week)
    told = forecast(meter, 48 * HOUR)
    assert told.rate == pytest.approx(0.5, abs=0.05)
    assert told.full_at == pytest.approx(200 * HOUR, rel=0.1)
    assert not told.hits_before(week)


def test_uneven_use_is_doubted_more_than_even_use() -> None:
    even = forecast(read(steady(30, 1)), HOUR)
    bursts = [(at, float(30 * (at >= 1500) + (at >= 3000))) for at in range(0, HOUR + 1, 60)]
    uneven = forecast(read([(0, 0.0), *bursts, (HOUR, 32.0)]), HOUR)
    assert uneven.high - uneven.low > 3 * (even.high - even.low)
    assert uneven.latest is None  # it may be that there comes no more


@pytest.mark.parametrize(
    ("readings", "now", "why"),
    [
        ([(0, 5)], 10, "too few readings: 1 that differ, in 0 min"),
        ([(0, 5), (100, 9), (200, 12)], 300, "too few readings: 3 that differ, in 5 min"),
        ([(0, 5), (100, 9), (200, 12)], RESET, "it has reset since it was last read"),
        ([(0, 5), (100, 9), (200, 12)], 2.1 * HOUR, "not read for 2 h"),
    ],
)
def test_what_cannot_be_forecast_is_said(readings: list[tuple[float, float]], now: float, why: str) -> None:
    assert forecast(read(readings), now) == Forecast(why=why)


def test_a_full_window_is_full() -> None:
    told = forecast(read([(0, 90), (60, 100)]), 100)
    assert (told.full_at, told.why) == (60, "it is full")


def test_intervals_hold_what_really_comes_nine_times_in_ten() -> None:
    """Agents that answer at random moments and cost at random, at a rate that stays: what a forecast is made for."""
    chance = random.Random(6)
    held = made = 0
    for _ in range(400):
        rate, at, used = chance.uniform(20, 60), 0.0, 0.0
        readings, full = [(0.0, 0.0)], 0.0
        asked = chance.uniform(0.75, 1.5) * HOUR
        while not full:
            at += chance.expovariate(1) * 60
            used += chance.expovariate(1) * rate / 60
            if at <= asked:
                readings.append((at, float(min(99, round(used)))))
            if used >= 100:
                full = at
        if full <= asked:
            continue
        told = forecast(read(readings), asked)
        if told.why:
            continue
        made += 1
        assert told.earliest is not None
        held += told.earliest <= full <= (told.latest or full)
    assert made > 200
    assert held / made > 0.85, (held, made)
