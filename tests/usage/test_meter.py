"""One window as it is read."""

from codexwrap.usage.limits import Window
from codexwrap.usage.meter import KEPT, Meter, follow

RESET = 20_000


def read(meter: Meter | None, at: float, used: float, resets_at: int | None = RESET) -> Meter:
    return follow(meter, Window("codex", 300, used, resets_at), at)


def points(meter: Meter) -> list[tuple[float, float]]:
    return [(point.at, point.used) for point in meter.points]


def test_of_readings_that_say_the_same_the_first_is_kept() -> None:
    meter = read(None, 100, 5)
    for at, used in ((110, 5), (120, 6), (130, 5), (140, 6), (150, 8)):
        meter = read(meter, at, used, RESET + at % 7)
    assert points(meter) == [(100, 5), (120, 6), (150, 8)]
    assert (meter.at, meter.window.used) == (150, 8)


def test_readings_may_come_in_any_order() -> None:
    meter = read(read(read(None, 150, 8), 100, 5), 120, 6)
    assert points(meter) == [(100, 5), (120, 6), (150, 8)]
    assert (meter.at, meter.window.used) == (150, 8)


def test_a_window_that_began_anew_forgets_what_was_before() -> None:
    meter = read(read(None, 100, 95), RESET + 10, 1, RESET + 18_000)
    assert points(meter) == [(RESET + 10, 1)]
    assert points(read(meter, 90, 94)) == [(RESET + 10, 1)]  # what is older than it is of the window before


def test_a_provider_that_sets_the_limit_back_begins_the_series_anew() -> None:
    meter = read(read(None, 100, 95), 200, 3)
    assert points(meter) == [(200, 3)]
    assert points(read(meter, 150, 94)) == [(200, 3)]


def test_a_session_that_slept_repeats_old_news() -> None:
    meter = read(None, RESET + 10, 1, RESET + 18_000)
    assert read(meter, RESET + 20, 95, RESET) == meter


def test_without_a_reset_a_fall_tells_a_new_window() -> None:
    meter = read(read(None, 100, 50, None), 200, 60, None)
    assert points(meter) == [(100, 50), (200, 60)]
    assert points(read(meter, 300, 2, None)) == [(300, 2)]


def test_readings_are_kept_for_a_day_and_a_bit() -> None:
    meter = read(read(None, 100, 5, None), 100 + KEPT + 1, 6, None)
    assert points(meter) == [(100 + KEPT + 1, 6)]
