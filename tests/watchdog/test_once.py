"""A pass is one, whatever fails in it, and says so."""

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock

from codexwrap import journal
from codexwrap.paths import State
from codexwrap.watchdog import heartbeat, memory, once, proctable
from tests import commandline
from tests.usage import rollouts
from tests.usage.rollouts import begin, count, sign_in, write

ENV = {"CODEX_HOME": "/nonexistent"}
NOW = 1_800_000_000.0


@pytest.fixture
def root(tmp_path: Path) -> State:
    return State(tmp_path / "state")


def kinds(root: State) -> list[str]:
    return [event.type for event in journal.read(root.feed).events if event.subject == "watchdog"]


def test_of_two_watchdogs_one_works(root: State) -> None:
    once.run(root, ENV)
    with FileLock(heartbeat.folder(root) / "lock"), pytest.raises(once.Busy):
        once.run(root, ENV)


def test_the_other_one_says_so_and_is_content(tmp_path: Path) -> None:
    env = commandline.environment(tmp_path)
    root = commandline.state(env)
    assert commandline.codexwrap("watchdog", "--once", env=env).returncode == 0
    with FileLock(heartbeat.folder(root) / "lock"):
        done = commandline.codexwrap("watchdog", "--once", env=env)
    assert (done.returncode, done.stdout) == (0, "another watchdog is at work\n")


def test_a_pass_leaves_its_heartbeat(root: State) -> None:
    once.run(root, ENV, every=60, now=NOW)
    assert heartbeat.read(root) == {**(heartbeat.read(root) or {}), "time": "2027-01-15T08:00:00.000Z", "every": 60}
    assert heartbeat.overdue(root, NOW + 170) is None
    assert heartbeat.overdue(root, NOW + 600) == 600


def test_a_pass_made_by_hand_sets_nothing_up(root: State) -> None:
    once.run(root, ENV, now=NOW)
    assert heartbeat.overdue(root, NOW + 1e6) is None
    once.run(root, ENV, every=60, now=NOW)
    once.run(root, ENV, now=NOW)
    assert heartbeat.overdue(root, NOW + 1e6) is not None


def test_a_watchdog_that_was_away_says_so_when_it_is_back(root: State) -> None:
    once.run(root, ENV, every=60, now=NOW)
    once.run(root, ENV, every=60, now=NOW + 100)
    assert kinds(root) == []
    once.run(root, ENV, every=60, now=NOW + 4000)
    (event,) = [each for each in journal.read(root.feed).events if each.type == "codexwrap.watchdog.missing"]
    assert event.data == {"since": "2027-01-15T08:01:40.000Z", "seconds": 3900, "every": 60}


def test_an_observer_that_fails_is_named_and_blinds_no_other(root: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> proctable.Table:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(proctable, "table", broken)
    (root.seat("alpha")).mkdir(parents=True)
    (root.seat("alpha") / "seat.json").write_text("{")
    outcome = once.run(root, ENV)
    assert any("Resource temporarily unavailable" in line for line in outcome.unknown)
    assert any("seat.json cannot be read" in line for line in outcome.unknown)
    assert not [line for line in outcome.told if "alpha" in line]
    assert heartbeat.read(root) is not None


@pytest.mark.parametrize(
    "spoilt", ["", "{", "[]", '{"version":2}', '{"version":1,"logs":{"a":[1]}}', '{"version":1,"logs":3}']
)
def test_a_memory_that_cannot_be_read_is_none(root: State, spoilt: str) -> None:
    once.run(root, ENV)
    path = heartbeat.folder(root) / "memory.json"
    path.write_text(spoilt)
    assert memory.load(root).logs == {}
    once.run(root, ENV)
    assert json.loads(path.read_text())["version"] == 1


def test_a_root_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    done = commandline.codexwrap("watchdog", "--once", env=commandline.environment(tmp_path))
    assert "cannot be written" in commandline.complaint(done, 1)


class _Switch(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012
    status = 200

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "says"), [(200, []), (500, ["the dead man's switch answered 500"])])
def test_a_dead_mans_switch_is_told(root: State, monkeypatch: pytest.MonkeyPatch, status: int, says: list[str]) -> None:
    monkeypatch.setattr(_Switch, "asked", [])
    monkeypatch.setattr(_Switch, "status", status)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Switch) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/ping/secret"
        outcome = once.run(root, {**ENV, "CODEXWRAP_PING_URL": url})
        server.shutdown()
        thread.join()
    assert _Switch.asked == ["/ping/secret"]
    assert outcome.unknown == says


def test_a_switch_out_of_reach_is_no_death_and_its_secret_is_not_told(root: State) -> None:
    outcome = once.run(root, {**ENV, "CODEXWRAP_PING_URL": "http://127.0.0.1:9/secret"})
    (line,) = outcome.unknown
    assert line == "the dead man's switch could not be reached (ConnectionError)"


def test_metrics_are_written_where_asked_for(root: State, tmp_path: Path) -> None:
    path = tmp_path / "codexwrap.prom"
    root.seat('a"b').mkdir(parents=True)
    record = {"version": 1, "seat": 'a"b', "state": "DEAD", "cause": "auth.token_revoked", "host": "elsewhere"}
    (root.seat('a"b') / "seat.json").write_text(json.dumps(record))
    once.run(root, {**ENV, "CODEXWRAP_METRICS_FILE": str(path)})
    text = path.read_text()
    assert 'codexwrap_seat_state{seat="a\\"b",state="DEAD"} 1\n' in text
    assert 'codexwrap_seat_cause{seat="a\\"b",cause="auth.token_revoked"} 1\n' in text
    assert path.stat().st_mode & 0o777 == 0o644
    for line in text.splitlines():
        assert line.startswith("#") or float(line.rpartition(" ")[2]) >= 0


def test_the_loop_goes_on_until_it_is_stopped(tmp_path: Path) -> None:
    env = commandline.environment(tmp_path, CODEX_HOME=str(tmp_path))
    command = [*commandline.CODEXWRAP, "watchdog", "--every", "1", "--json"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for _ in range(2):
            assert "states" in json.loads(process.stdout.readline())
        process.terminate()
    assert os.WTERMSIG(process.returncode) or process.returncode == -15


def test_a_pass_warns_of_a_limit_once(root: State, tmp_path: Path) -> None:
    home = tmp_path / "codex"
    sign_in(home)
    primary = {"used_percent": 96.0, "window_minutes": 300, "resets_at": int(rollouts.NOW + 3 * rollouts.HOUR)}
    write(home, 1, [begin(1), count(rollouts.NOW, used=96.0, primary=primary, secondary=None)], at=rollouts.NOW)
    environ = {"CODEX_HOME": str(home), "TZ": "UTC"}
    told = [line for _ in range(2) for line in once.run(root, environ, now=rollouts.NOW).told]
    assert len([line for line in told if line.startswith("limit warning: ")]) == 1
    posted = [
        event.data["threshold"] for event in journal.read(root.feed).events if event.type.endswith("limit.warning")
    ]
    assert posted == [95]
