"""What the feed says that happened."""

from codexwrap.report.episodes import Blocked, Episode, fold
from codexwrap.verdict.causes import State
from tests.report.feeds import NOW, died, event


def episodes(*told: object) -> list[Episode]:
    return fold(told).episodes  # type: ignore[arg-type]


def test_an_episode_lasts_from_the_death_until_the_seat_is_back() -> None:
    for kind in ("alive", "resumed", "started"):
        (found,) = episodes(died(NOW, credential="c0ffee"), event(f"seat.{kind}", NOW + 60))
        assert (found.seat, found.state, found.cause) == ("alpha", State.DEAD, "auth.token_revoked")
        assert (found.began, found.ended, found.by) == (NOW, NOW + 60, kind)
        assert (found.seen_after, found.credential) == (0.2, "c0ffee")


def test_the_same_death_told_twice_is_one_episode() -> None:
    assert len(episodes(died(NOW), died(NOW + 5), event("seat.alive", NOW + 9), died(NOW + 20))) == 2


def test_a_stall_that_becomes_a_death_is_one_episode() -> None:
    (found,) = episodes(died(NOW, cause="provider.overloaded"), died(NOW + 5))
    assert (found.state, found.cause, found.began) == (State.DEAD, "auth.token_revoked", NOW)
    (found,) = episodes(died(NOW, cause="provider.overloaded"), died(NOW + 5, cause="network.unreachable"))
    assert found.cause == "provider.overloaded"
    (found,) = episodes(died(NOW), died(NOW + 5, cause="provider.overloaded"))
    assert (found.state, found.cause) == (State.DEAD, "auth.token_revoked")


def test_a_seat_that_was_ended_is_down_no_more_and_repaired_when_somebody_resumes_it() -> None:
    (found,) = episodes(died(NOW), event("seat.exited", NOW + 60))
    assert (found.ended, found.by) == (NOW + 60, "exited")
    (found,) = episodes(died(NOW), event("seat.exited", NOW + 60), event("seat.resumed", NOW + 600))
    assert (found.ended, found.by) == (NOW + 600, "resumed")
    assert len(episodes(died(NOW), event("seat.exited", NOW + 60), died(NOW + 90))) == 2


def test_a_seat_that_died_of_ending_is_down_until_it_is_back() -> None:
    (found,) = episodes(died(NOW, cause="process.crashed"), event("seat.exited", NOW + 1))
    assert found.ended is None


def test_seats_are_told_apart() -> None:
    first, second = episodes(died(NOW), died(NOW + 1, "beta"), event("seat.alive", NOW + 2, "beta"))
    assert (first.ended, second.ended) == (None, NOW + 2)


def test_an_item_is_blocked_while_only_dead_seats_are_on_it() -> None:
    told = [
        event("seat.started", NOW, "alpha", ticket="T-1"),
        event("seat.started", NOW, "beta", ticket="T-1"),
        died(NOW + 10, "alpha", ticket="T-1"),
        died(NOW + 20, "beta", ticket="T-1"),
        event("seat.alive", NOW + 50, "alpha", ticket="T-1"),
        died(NOW + 60, "alpha", ticket="T-1"),
    ]
    assert fold(told).blocked == [Blocked("T-1", NOW + 20, NOW + 50), Blocked("T-1", NOW + 60)]


def test_an_item_that_somebody_closes_is_not_blocked_any_more() -> None:
    moved = {"id": "T-1", "from": "BLOCKED-on-seat-death", "to": "DONE"}
    told = [died(NOW, ticket="T-1"), event("item.changed", NOW + 30, "gamma", item=moved, posted=True)]
    assert fold(told).blocked == [Blocked("T-1", NOW, NOW + 30)]


def test_what_makes_no_sense_is_passed_over() -> None:
    broken = died(NOW)._replace(time="yesterday")
    (found,) = episodes(broken, died(NOW, seen_after_ms="soon", ticket=3, item=[1]), event("seat.alive", NOW - 5))
    assert (found.seen_after, found.ended) == (None, NOW)
    assert fold([event("limit.warning", NOW, "c0ffee")]).warnings == [NOW]
