import json
from typing import Any

import pytest

from codexwrap import events
from codexwrap.alerts import agenda
from codexwrap.alerts.agenda import Told
from codexwrap.alerts.rules import Rules
from codexwrap.events import Event
from codexwrap.feed.incidents import Incidents

NOON = 1_900_065_600.0  # 2030-03-17 12:00 UTC; tests run in UTC
MINUTE = 60.0


class Story:
    """What an alert says as time goes by: events are added, then it is asked until it has no more to say."""

    def __init__(self, rules: Rules = Rules(), *, began: float = NOON) -> None:  # noqa: B008
        self.rules, self.incidents, self.now = rules, Incidents(), NOON
        self.told = agenda.begin({}, began)
        self.at: float | None = None

    def event(self, kind: str, seat: str = "a", **data: Any) -> Event:
        made = events.new(kind, seat=seat, data={"credential": "c1", **data}, at=self.now)
        self.incidents.add(made)
        return made

    def dead(self, seat: str = "a", cause: str = "auth.token_revoked", **data: Any) -> Event:
        return self.event("seat.dead", seat, cause=cause, **data)

    def titles(self, after: float = 0.0) -> list[str]:
        """What is said `after` so many seconds."""
        self.now += after
        said: list[str] = []
        while True:
            due = agenda.next_due(self.rules, self.incidents.all(), self.told, self.now)
            # What is kept between two looks goes through a file.
            self.told = agenda.begin(json.loads(json.dumps(due.told._asdict())), 0)
            self.at = due.at
            if due.message is None:
                return said
            said.append(due.message.title.removeprefix("codexwrap: "))
            assert len(said) < 200


def test_a_death_is_told_once_and_once_that_it_is_over() -> None:
    story = Story()
    story.dead()
    assert story.titles(5) == ["DEAD: seat a, auth.token_revoked"]
    assert story.titles(9999) == []
    story.event("seat.alive")
    assert story.titles(1) == ["OVER: seat a, auth.token_revoked"]
    assert story.titles(9999) == []


def test_sixty_seats_of_one_credential_are_one_alert_and_those_that_join_are_silent() -> None:
    story = Story()
    for number in range(60):
        story.dead(f"seat{number}")
    assert story.titles(3) == ["DEAD: 60 seats on one credential, auth.token_revoked"]
    for number in range(60, 100):
        story.dead(f"seat{number}")
        assert story.titles(1) == []
    story.event("seat.alive", "seat7")
    assert story.titles(1) == ["OVER: 100 seats on one credential, auth.token_revoked"]


def test_seats_that_die_together_are_waited_for() -> None:
    story = Story()
    story.dead("a")
    assert story.titles(0.5) == []
    assert story.at == NOON + 2
    story.dead("b")
    assert story.titles(1.5) == ["DEAD: 2 seats on one credential, auth.token_revoked"]


def test_a_limit_that_resets_is_over_by_the_clock() -> None:
    story = Story()
    story.dead(cause="limit.usage", resets_at=NOON + 3600)
    assert story.titles(5) == ["DEAD: seat a, limit.usage"]
    assert story.at == NOON + 3600
    assert story.titles(3595) == ["OVER: seat a, limit.usage"]


def test_a_stall_is_told_only_when_it_lasts() -> None:
    story = Story(Rules(stalled_minutes=5))
    story.event("seat.stalled", cause="network.unreachable")
    assert story.titles(4 * MINUTE) == []
    assert story.at == NOON + 5 * MINUTE
    assert story.titles(MINUTE) == ["STALLED: seat a, network.unreachable"]
    short = Story(Rules(stalled_minutes=5))
    short.event("seat.stalled", cause="network.unreachable")
    short.titles(MINUTE)
    short.event("seat.alive")
    assert short.titles(9999) == []


def test_only_what_concerns_it_is_told() -> None:
    story = Story(Rules(causes=["auth.*", "credits.spend_cap"], severity=["dead"]))
    story.dead("a", credential="c1")
    story.dead("b", "credits.spend_cap", credential="c2")
    story.dead("c", "credits.not_in_plan", credential="c3")
    story.event("seat.stalled", "d", cause="auth.unauthorized")
    assert story.titles(9999) == ["DEAD: seat a, auth.token_revoked", "DEAD: seat b, credits.spend_cap"]


@pytest.mark.parametrize(("quiet", "until"), [("11:00-13:00", 60), ("23:00-12:30", 30), ("12:00-12:01", 1)])
def test_in_quiet_hours_only_what_is_urgent_is_told_and_the_rest_when_they_end(quiet: str, until: int) -> None:
    story = Story(Rules(quiet=quiet, urgent=["auth.*"]))
    story.dead("a", credential="c1")
    story.dead("b", "process.crashed", credential="c2")
    assert story.titles(5) == ["DEAD: seat a, auth.token_revoked"]
    assert story.at == NOON + until * MINUTE
    assert story.titles(until * MINUTE - 5) == ["DEAD: seat b, process.crashed"]


@pytest.mark.parametrize("quiet", ["13:00-11:00", "08:00-12:00", ""])
def test_outside_of_quiet_hours_all_is_told(quiet: str) -> None:
    story = Story(Rules(quiet=quiet))
    story.dead()
    assert len(story.titles(5)) == 1


def test_what_came_and_went_in_quiet_hours_is_not_told() -> None:
    story = Story(Rules(quiet="11:00-13:00"))
    story.dead()
    story.titles(60)
    story.event("seat.alive")
    assert story.titles(9999) == []


def test_a_flood_is_held_back_and_told_in_one() -> None:
    story = Story(Rules(per_hour=3))
    for number in range(10):
        story.dead(f"s{number}", credential=f"c{number}")
    assert story.titles(5) == [f"DEAD: seat s{number}, auth.token_revoked" for number in range(3)]
    story.event("seat.alive", "s9", credential="c9")
    assert story.titles(3000) == []
    assert story.titles(605) == ["7 incidents were held back, so as not to flood you"]
    assert story.titles(9999) == []


def test_what_nobody_acts_upon_is_told_once_more() -> None:
    story = Story(Rules(escalate_minutes=30))
    story.dead()
    story.titles(5)
    assert story.titles(29 * MINUTE) == []
    assert story.titles(MINUTE) == ["DEAD: seat a, auth.token_revoked (nobody acted in 30 min)"]
    assert story.titles(9999) == []


def test_what_somebody_acted_upon_is_not_told_once_more() -> None:
    story = Story(Rules(escalate_minutes=30))
    story.dead()
    story.titles(5)
    story.event("seat.resumed")
    assert story.titles(9999) == []


def test_who_is_called_second_hears_only_what_nobody_acted_upon() -> None:
    story = Story(Rules(after_minutes=15))
    story.dead("a", credential="c1")
    story.dead("b", credential="c2")
    assert story.titles(60) == []
    story.event("seat.started", "b")
    assert story.titles(14 * MINUTE) == ["DEAD: seat a, auth.token_revoked"]


def test_an_alert_that_is_new_says_nothing_of_the_past() -> None:
    story = Story(began=NOON + 7200)
    story.dead()
    assert story.titles(7300) == []


def test_a_warning_is_told_once_and_never_that_it_is_over() -> None:
    story = Story()
    story.event("limit.warning", says="10% left")
    assert story.titles(1) == ["WARNING: seat a, limit.warning"]
    assert story.titles(999_999) == []


def test_what_was_told_does_not_grow_for_ever() -> None:
    told = Told(0, {str(n): 1.0 for n in range(2000)}, {}, {}, sent=tuple(range(2000)))
    story = Story()
    story.told = told
    story.dead()
    story.titles(5)
    assert len(story.told.opened) == 1
    assert len(story.told.sent) == 1


@pytest.mark.parametrize("record", [{}, {"x": 1}, {"since": None, "opened": {}, "again": {}, "closed": {}}])
def test_what_was_kept_and_is_spoiled_begins_anew(record: dict[str, Any]) -> None:
    assert agenda.begin(record, 7.0) == Told(7.0, {}, {}, {})
