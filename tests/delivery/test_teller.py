import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codexwrap import events
from codexwrap.alerts.message import Message
from codexwrap.alerts.rules import Rules
from codexwrap.delivery import progress
from codexwrap.delivery.teller import Teller, place
from codexwrap.journal import Journal
from codexwrap.paths import State
from codexwrap.sinks.outcome import LaterError, RefusedError, StuckError
from tests.commandline import codexwrap, environment, state
from tests.support import eventually


class Person:
    def __init__(self, fails: Callable[[], Exception | None] = lambda: None) -> None:
        self.heard: list[str] = []
        self.fails = fails

    def tell(self, message: Message) -> None:
        if error := self.fails():
            raise error
        self.heard.append(message.title.removeprefix("codexwrap: "))


@pytest.fixture
def root(tmp_path: Path) -> State:
    return State(tmp_path)


def die(root: State, seat: str, credential: str = "c") -> None:
    data = {"cause": "auth.token_revoked", "credential": credential}
    Journal(root.feed).append(events.new("seat.dead", seat=seat, data=data, at=time.time() - 10))


def drain(teller: Teller) -> float | None:
    while (wait := teller.step()) == 0:
        pass
    return wait


def teller(root: State, person: Person, settings: str = "") -> Teller:
    return Teller(root, "slack", person, Rules(), settings)


def kept(root: State) -> progress.Progress:
    return progress.load(root, place("slack"))


def test_an_incident_is_told_once_over_any_number_of_restarts(root: State) -> None:
    person = Person()
    assert drain(teller(root, person)) is None
    for number in range(60):
        die(root, f"s{number}")
        if number % 20 == 0:
            drain(teller(root, person))
    drain(teller(root, person))
    assert person.heard == ["DEAD: seat s0, auth.token_revoked"]
    Journal(root.feed).append(events.new("seat.alive", seat="s3", data={}))
    drain(teller(root, person))
    assert person.heard[1:] == ["OVER: 60 seats on one credential, auth.token_revoked"]


def test_an_alert_that_fails_is_tried_again_after_a_while_and_told_then(root: State) -> None:
    person = Person(lambda: LaterError("down"))
    die(root, "a")
    wait = drain(teller(root, person))
    assert wait is not None
    assert 0 < wait <= 1
    assert (kept(root).failures, kept(root).error) == (1, "down")
    person.fails = lambda: None
    mended = teller(root, person)
    eventually(lambda: drain(mended) is None)
    assert person.heard == ["DEAD: seat a, auth.token_revoked"]
    assert kept(root).failures == 0


def test_an_alert_that_somebody_must_mend_waits_for_other_settings(root: State) -> None:
    person = Person(lambda: StuckError("HTTP 404"))
    die(root, "a")
    stuck = teller(root, person)
    assert (drain(stuck) or 0) > 3000
    assert not stuck.owes
    person.fails = lambda: None
    assert (teller(root, person).step() or 0) > 3000
    drain(teller(root, person, "new"))
    assert person.heard


def test_an_alert_that_is_refused_is_set_aside_and_the_next_is_told(root: State) -> None:
    refused = iter([RefusedError("invalid_blocks"), None])
    person = Person(lambda: next(refused))
    die(root, "a", "c1")
    die(root, "b", "c2")
    drain(teller(root, person))
    assert person.heard == ["DEAD: seat b, auth.token_revoked"]
    (aside,) = progress.parked(root, place("slack"))
    assert (aside.reason, aside.event.data["text"][:20]) == ("invalid_blocks", "codexwrap: DEAD: sea")


def test_a_process_that_is_killed_after_telling_tells_it_again_under_the_same_id(root: State) -> None:
    die(root, "a")
    told: list[str] = []

    class Killed(Person):
        def tell(self, message: Message) -> None:
            told.append(message.id)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(teller(root, Killed()))
    with pytest.raises(KeyboardInterrupt):
        drain(teller(root, Killed()))
    assert len(told) == 2
    assert len(set(told)) == 1


def test_a_death_reaches_a_program_through_the_real_deliverer_and_status_says_what_fails(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[alerts.file]\nkind = "command"\nargv = ["/bin/sh", "-c", "cat >> {tmp_path}/out"]\n'
        '[alerts.broken]\nkind = "command"\nargv = ["/bin/sh", "-c", "echo no such channel >&2; exit 1"]\n'
    )
    env = environment(tmp_path, CODEXWRAP_CONFIG=str(config))
    before = dict(os.environ)
    os.environ.update(env)
    try:
        for number in range(60):
            die(state(env), f"s{number}")
    finally:
        os.environ.clear()
        os.environ.update(before)
    out = tmp_path / "out"
    eventually(lambda: out.exists() and "Incident:" in out.read_text())
    eventually(lambda: progress.load(state(env), place("broken")).failures)
    assert out.read_text().count("DEAD: ") == 1
    assert "alert broken: sh ended with 1: no such channel" in codexwrap("status", env=env).stderr
    rows = json.loads(codexwrap("status", "--json", env=env).stdout)
    assert rows == []
    config.write_text("")
