import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events
from codexwrap.errors import UsageError
from codexwrap.events import Event
from codexwrap.sinks import redis
from codexwrap.sinks.outcome import LaterError, NoSecretError, NotTakenError, StuckError
from codexwrap.sinks.redis import Settings, Sink
from codexwrap.sinks.tables import Table
from tests.redisserver import Redis
from tests.redisserver import redis as server_in


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    with server_in(tmp_path / "redis") as server:
        yield server


def event(number: int, kind: str = "seat.dead", seat: str = "alpha") -> Event:
    return events.new(kind, seat=seat, data={"number": number})


def ask(settings: Settings, *command: Any) -> Any:
    client = redis.connect(settings, os.environ)
    try:
        return client.execute_command(*command)
    finally:
        client.close()


def stream(settings: Settings) -> list[Event]:
    client = redis.connect(settings, os.environ)
    try:
        return [events.from_line(fields[b"e"]) for _, fields in client.xrange(settings.stream)]
    finally:
        client.close()


def failure(sink: Sink) -> NotTakenError:
    with pytest.raises(NotTakenError) as error:
        sink.send([event(0)])
    assert str(error.value).isprintable()
    return error.value


def test_events_stand_in_the_stream_in_order_and_the_last_of_each_seat_in_the_hash(server: Redis) -> None:
    settings = Settings(server.url)
    told = [event(1), event(2, seat="beta"), event(3), event(4, "item.changed")]
    sink = Sink(settings, {})
    sink.send(told[:2])
    sink.send(told[2:])
    sink.close()
    assert stream(settings) == told
    seats = ask(settings, "HGETALL", settings.seats)
    assert {events.from_line(line).data["number"] for line in seats.values()} == {2, 3}
    assert set(seats) == {told[0].source.encode(), told[1].source.encode()}


def test_the_stream_does_not_grow_for_ever(server: Redis) -> None:
    settings = Settings(server.url, keep=200)
    sink = Sink(settings, {})
    for start in range(0, 2000, 100):
        sink.send([event(number) for number in range(start, start + 100)])
    sink.close()
    assert 200 <= ask(settings, "XLEN", settings.stream) <= 400


def test_a_server_that_was_killed_is_found_again_and_nothing_is_half_done(server: Redis) -> None:
    settings = Settings(server.url, timeout=2)
    sink = Sink(settings, {})
    sink.send([event(1)])
    server.kill()
    assert isinstance(failure(sink), LaterError)
    server.up()
    sink.send([event(2)])
    sink.close()
    assert [each.data["number"] for each in stream(settings)] == [1, 2]


def test_a_user_with_a_password_may_send_and_no_other(tmp_path: Path) -> None:
    acl = ["--user", "seats", "on", ">hunter22", "~codexwrap:*", "+@all", "--user", "default", "off"]
    with server_in(tmp_path / "redis", *acl) as server:
        url = server.url.replace("redis://", "redis://seats@")
        good = Settings(url, password="env:PW")
        sink = Sink(good, {"PW": "hunter22"})
        sink.send([event(1)])
        sink.close()
        assert isinstance(failure(Sink(good, {"PW": "wrong-one"})), StuckError)
        assert isinstance(failure(Sink(good, {})), NoSecretError)
        assert isinstance(failure(Sink(Settings(server.url), {})), StuckError)
        assert isinstance(failure(Sink(good._replace(stream="other"), {"PW": "hunter22"})), StuckError)


def test_a_key_that_holds_something_else_is_for_somebody_to_mend(server: Redis) -> None:
    settings = Settings(server.url)
    ask(settings, "SET", settings.stream, "x")
    sink = Sink(settings, {})
    assert isinstance(failure(sink), StuckError)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "url is missing"),
        ({"url": "localhost:6379"}, "must look like"),
        ({"url": "redis://"}, "must look like"),
        ({"url": "redis://:hunter2@h"}, "holds a password"),
        ({"url": "redis://h?password=hunter2"}, "holds a password"),
        ({"url": "redis://h", "password": "hunter2"}, "not kept in the config"),
        ({"url": "redis://h", "keep": 0}, "at least 1"),
        ({"url": "redis://h", "steam": "x"}, "did you mean 'stream'?"),
    ],
)
def test_bad_settings_are_told_without_their_secrets(values: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        redis.read(Table("sinks.fleet: ", "fleet", "redis", values), values)
    assert told in str(error.value)
    assert "hunter2" not in str(error.value)
