import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events, wake
from codexwrap.delivery import progress
from codexwrap.events import Event
from codexwrap.paths import State
from codexwrap.sinks import redis
from codexwrap.sinks.redis import Settings, Sink
from tests.commandline import codexwrap, complaint, environment
from tests.redisserver import Redis
from tests.redisserver import redis as server_in
from tests.support import eventually


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    with server_in(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def env(tmp_path: Path, server: Redis) -> dict[str, str]:
    config = tmp_path / "config.toml"
    config.write_text(f'[sinks.fleet]\nkind = "redis"\nurl = "{server.url}"\n')
    return environment(tmp_path, CODEXWRAP_CONFIG=str(config), CODEXWRAP_HOST="east")


def tell(server: Redis, host: str, *told: tuple[str, str, dict[str, Any]]) -> list[Event]:
    """Have a host's deliverer send events."""
    before = os.environ.get("CODEXWRAP_HOST")
    os.environ["CODEXWRAP_HOST"] = host
    try:
        made = [events.new(kind, seat=seat, data=data) for kind, seat, data in told]
    finally:
        os.environ.pop("CODEXWRAP_HOST") if before is None else os.environ.update(CODEXWRAP_HOST=before)
    sink = Sink(Settings(server.url), {})
    sink.send(made)
    sink.close()
    return made


def shown(env: dict[str, str], *arguments: str) -> str:
    done = codexwrap(*arguments, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_all_hosts_seats_are_shown_with_their_age_and_a_name_that_two_claim(env: dict[str, str], server: Redis) -> None:
    tell(server, "east", ("seat.started", "alpha", {"state": "STARTING"}), ("seat.dead", "beta", {"state": "DEAD"}))
    tell(server, "west", ("seat.alive", "alpha", {"state": "IDLE", "ticket": "T-1"}))
    found = json.loads(shown(env, "status", "--fleet", "--json"))
    assert [(each["seat"], each["host"], each["state"], each["also_on"]) for each in found] == [
        ("alpha", "east", "STARTING", ["west"]),
        ("alpha", "west", "IDLE", ["east"]),
        ("beta", "east", "DEAD", []),
    ]
    assert all(0 <= each["age_seconds"] < 60 for each in found)
    rows = shown(env, "status", "--fleet").splitlines()
    assert len(rows) == 4
    assert rows[1].split()[:3] == ["alpha", "east", "STARTING"]
    assert rows[2].split()[-1] == "east"


def test_the_fleets_feed_and_items_are_those_of_all_hosts_each_event_once(env: dict[str, str], server: Redis) -> None:
    (first,) = tell(server, "east", ("seat.started", "alpha", {"ticket": "T-1"}))
    made = tell(server, "west", ("seat.dead", "gamma", {"ticket": "T-2", "cause": "auth.token_revoked"}))
    again = Sink(Settings(server.url), {})
    again.send(made)
    again.close()
    lines = shown(env, "feed", "--fleet", "--json").splitlines()
    assert [events.from_line(line) for line in lines] == [first, *made]
    assert "gamma@west" in shown(env, "feed", "--fleet", "-n", "1")
    items = json.loads(shown(env, "feed", "items", "--fleet", "--json"))
    assert [(item["id"], item["state"]) for item in items] == [
        ("T-1", "IN_PROGRESS"),
        ("T-2", "BLOCKED-on-seat-death"),
    ]


def test_what_is_no_event_in_the_stream_is_passed_over(env: dict[str, str], server: Redis) -> None:
    client = redis.connect(Settings(server.url), {})
    client.xadd("codexwrap:feed", {"x": "y"})
    client.xadd("codexwrap:feed", {"e": b"\xff{"})
    client.hset("codexwrap:seats", "x", "y")
    client.close()
    assert shown(env, "feed", "--fleet", "--json") == ""
    assert shown(env, "status", "--fleet") == "no host has told of a seat yet\n"


def test_a_fleet_that_is_not_there_is_told(tmp_path: Path, env: dict[str, str], server: Redis) -> None:
    server.kill()
    for command in (["status", "--fleet"], ["feed", "--fleet"], ["feed", "items", "--fleet"]):
        assert "fleet: ConnectionError" in complaint(codexwrap(*command, env=env), 1)
    assert "no redis sink 'other'" in complaint(codexwrap("status", "--fleet=other", env=env), 2)
    (tmp_path / "config.toml").write_text("")
    assert "no redis sink is configured" in complaint(codexwrap("status", "--fleet", env=env), 2)


def test_a_server_that_is_killed_under_load_gets_every_event_of_every_host_in_order(
    tmp_path: Path, server: Redis
) -> None:
    (tmp_path / "config.toml").write_text(f'[sinks.fleet]\nkind = "redis"\nurl = "{server.url}"\ntimeout = 2\n')
    code = (
        "import os, time; from codexwrap import events; from codexwrap.journal import Journal; from pathlib import Path\n"
        "for n in range(300):\n"
        "    Journal(Path(os.environ['CODEXWRAP_HOME'], 'feed.jsonl')).append(\n"
        "        events.new('seat.dead', seat=f's{n}', data={'number': n}), durable=False)\n"
        "    time.sleep(0.005)\n"
    )
    hosts = [
        environment(
            tmp_path,
            CODEXWRAP_CONFIG=str(tmp_path / "config.toml"),
            CODEXWRAP_HOST=f"host{number}",
            CODEXWRAP_HOME=str(tmp_path / f"host{number}"),
        )
        for number in range(3)
    ]
    running = [subprocess.Popen([sys.executable, "-c", code], env=env) for env in hosts]
    settings = Settings(server.url)
    eventually(lambda: len(stream(settings)) > 50)
    server.kill()
    eventually(lambda: any(progress.load(State(tmp_path / f"host{n}"), "fleet").failures for n in range(3)))
    server.up()
    assert [each.wait() for each in running] == [0] * 3
    eventually(lambda: len({event.id for event in stream(settings)}) == 900, within=40)
    for number in range(3):
        own = [event for event in stream(settings) if event.source.startswith(f"//host{number}/")]
        once = list(dict.fromkeys(event.data["number"] for event in own))
        assert once == list(range(300))
    (tmp_path / "config.toml").write_text("")
    eventually(lambda: not any(wake.is_running(tmp_path / f"host{number}") for number in range(3)))


def stream(settings: Settings) -> list[Event]:
    client = redis.connect(settings, {})
    try:
        return [events.from_line(fields[b"e"]) for _, fields in client.xrange(settings.stream)]
    finally:
        client.close()
