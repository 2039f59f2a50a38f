import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from codexwrap import events
from codexwrap.events import Event
from codexwrap.feed.incidents import DEAD, STALLED, WARNING, Incident, Incidents

NOW = 1_900_000_000.0


def event(kind: str, seat: str = "a", at: float = 0, credential: str | None = "c1", **data: Any) -> Event:
    return events.new(kind, seat=seat, data={"seat": seat, "credential": credential, **data}, at=NOW + at)


def dead(seat: str = "a", cause: str = "auth.token_revoked", at: float = 0, **data: Any) -> Event:
    return event("seat.dead", seat, at, cause=cause, **data)


def stalled(seat: str = "a", cause: str = "network.unreachable", at: float = 0, **data: Any) -> Event:
    return event("seat.stalled", seat, at, cause=cause, **data)


def fold(*told: Event) -> Incidents:
    incidents = Incidents()
    for each in told:
        incidents.add(each)
    return incidents


def open_at(at: float, *told: Event) -> list[Incident]:
    found = fold(*told)
    again = Incidents.from_json(json.loads(json.dumps(found.to_json())))
    assert again.to_json() == found.to_json()
    return found.open(NOW + at)


def seats(incident: Incident) -> list[str]:
    return [each.seat for each in incident.casualties.values()]


def test_seats_that_die_on_one_credential_are_one_incident() -> None:
    told = [dead(f"seat{number}", at=number, ticket=f"T-{number}", checkpoint=f"/c{number}") for number in range(60)]
    (incident,) = open_at(100, *told)
    assert (incident.id, incident.key, incident.severity, incident.cause) == (
        told[0].id,
        "c1",
        DEAD,
        "auth.token_revoked",
    )
    assert seats(incident) == [f"seat{number}" for number in range(60)]
    assert (incident.opened_at, incident.last_at) == (NOW, NOW + 59)
    last = incident.casualties[told[59].source]
    assert (last.item, last.checkpoint, last.over) == ("T-59", "/c59", False)
    assert incident.remedy.startswith("Sign in again")


def test_two_credentials_are_two_incidents_and_a_crash_is_its_seats_own() -> None:
    told = [dead("a"), dead("b", credential="c2"), dead("c", "process.crashed"), dead("d", "process.crashed")]
    assert [incident.key for incident in open_at(1, *told)] == ["c1", "c2", told[2].source, told[3].source]


def test_a_turn_that_ends_well_closes_the_incident_for_all() -> None:
    told = [dead("a"), dead("b", at=1), event("seat.alive", "b", 50)]
    assert open_at(60, *told) == []
    (closed,) = fold(*told).all()
    assert (closed.closed_at, closed.why) == (NOW + 50, "a turn ended well")
    assert open_at(60, *told, dead("a", at=55))[0].id != told[0].id


def test_a_turn_on_the_old_sign_in_closes_nothing() -> None:
    told = [dead("a", credential_at=100.0), dead("b", credential_at=100.0)]
    assert len(open_at(60, *told, event("seat.alive", "b", 5, credential_at=100.0))) == 1
    assert open_at(60, *told, event("seat.alive", "b", 5, credential_at=101.0)) == []


def test_a_living_seat_of_another_credential_closes_nothing() -> None:
    assert len(open_at(60, dead("a"), event("seat.alive", "z", 5, credential="c2"))) == 1


def test_a_seat_that_never_died_closes_the_incident_of_its_sign_in() -> None:
    told = dead("a", credential_at=100.0)
    assert len(open_at(60, told, event("seat.alive", "z", 5, credential_at=100.0))) == 1
    assert open_at(60, told, event("seat.alive", "z", 5, credential_at=101.0)) == []


def test_a_limit_ends_by_the_clock() -> None:
    told = dead("a", "limit.usage", resets_at=NOW + 3600)
    assert len(open_at(3599, told)) == 1
    assert open_at(3600, told) == []
    (incident,) = fold(told).all()
    assert (incident.ended(NOW + 3599), incident.ended(NOW + 3600)) == (None, (NOW + 3600, "its time is over"))
    later = open_at(3700, told, dead("b", "limit.usage", 3650, resets_at=NOW + 7200))
    assert [seats(each) for each in later] == [["b"]]


def test_a_limit_ends_at_the_latest_time_that_was_told_and_never_where_none_was() -> None:
    first, second = dead("a", "limit.usage", resets_at=NOW + 10), dead("b", "limit.usage", resets_at=NOW + 20)
    assert len(open_at(15, first, second)) == len(open_at(15, second, first)) == 1
    assert len(open_at(1e9, dead("a", "limit.usage", resets_at=None))) == 1
    assert open_at(121, dead("a", "limit.rate")) == []


def test_a_burned_sign_in_does_not_end_by_the_clock_of_a_limit() -> None:
    limit, burned = dead("a", "limit.usage", resets_at=NOW + 10), dead("b", at=1)
    assert [each.cause for each in open_at(20, limit, burned)] == ["auth.token_revoked"]
    assert [each.cause for each in open_at(20, burned, limit)] == ["auth.token_revoked"]


def test_what_one_seat_died_of_is_over_when_it_starts_again_and_not_when_it_exits() -> None:
    crashed = dead("a", "process.crashed")
    assert len(open_at(9, crashed, event("seat.exited"))) == 1
    assert open_at(9, crashed, event("seat.started")) == []
    assert open_at(9, crashed, event("seat.resumed")) == []


def test_that_somebody_acts_is_known_and_ends_no_credentials_incident() -> None:
    (incident,) = open_at(9, dead("a"), event("seat.started", at=5, credential=None), event("seat.resumed", at=7))
    assert incident.acted_at == NOW + 5


def test_a_network_that_fails_for_many_is_one_incident_until_the_last_recovered_or_ended() -> None:
    told = [stalled("a"), stalled("b", at=1)]
    (incident,) = open_at(2, *told)
    assert (incident.severity, seats(incident)) == (STALLED, ["a", "b"])
    assert len(open_at(9, *told, event("seat.alive", "a", 3))) == 1
    assert open_at(9, *told, event("seat.alive", "a", 3), event("seat.exited", "b", 4)) == []


def test_a_stall_that_becomes_a_death_is_the_deaths_incident() -> None:
    assert [each.key for each in open_at(9, stalled("a"), dead("a", at=1))] == ["c1"]


def test_a_warning_is_worth_one_word_for_hours() -> None:
    told = [event("limit.warning", at=at, says="10% left") for at in (0, 60, 3600)]
    (incident,) = open_at(3700, *told)
    assert (incident.id, incident.severity, incident.says) == (told[0].id, WARNING, "10% left")
    again = event("limit.warning", at=7 * 3600)
    assert [each.id for each in open_at(7 * 3600, *told, again)] == [again.id]


def test_somebody_can_close_an_incident_by_its_id_or_its_credential() -> None:
    first = dead("a")
    for name in (first.id, "c1"):
        assert open_at(9, first, event("incident.closed", "", incident=name)) == []
    assert len(open_at(9, first, event("incident.closed", "", incident="other"))) == 1


def test_a_death_without_a_credential_is_its_seats_own() -> None:
    assert open_at(9, dead("a", credential=None))[0].key == dead("a").source


KINDS = ["dead", "stalled", "alive", "started", "resumed", "exited"]
CAUSES = ["auth.token_revoked", "limit.usage", "limit.rate", "process.crashed", "network.unreachable", "odd", None, 3]
ODD = st.none() | st.booleans() | st.integers(0, 100) | st.text(max_size=3)


@given(
    st.lists(
        st.builds(
            lambda kind, seat, cause, credential, odd: events.new(
                f"seat.{kind}",
                seat=seat,
                data={"cause": cause, "credential": credential, "resets_at": odd, "item": odd, "evidence": [odd]},
                at=NOW,
            ),
            st.sampled_from(KINDS),
            st.sampled_from("ab"),
            st.sampled_from(CAUSES),
            st.sampled_from(["c1", "c2", None]) | ODD,
            ODD,
        )
    )
)
def test_whatever_is_told_there_is_one_open_incident_for_a_key_and_none_is_lost(told: list[Event]) -> None:
    found = fold(*told).all()
    assert len({incident.id for incident in found}) == len(found)
    unclosed = [incident.key for incident in found if incident.closed_at is None]
    assert len(set(unclosed)) == len(unclosed)
    assert bool(found) == any(event.type.endswith((".dead", ".stalled")) for event in told)
    assert Incidents.from_json(fold(*told).to_json()).all() == found
