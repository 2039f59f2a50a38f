"""The deliverer as it really runs: in a process of its own, started by whoever posts."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap import events, journal, processes, wake
from codexwrap.delivery import progress
from codexwrap.journal import Journal
from codexwrap.paths import State
from tests.commandline import environment, state
from tests.support import eventually
from tests.webserver import Web, answer, web


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as server:
        yield server


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    env = environment(tmp_path, CODEXWRAP_CONFIG=str(tmp_path / "config.toml"))
    yield env
    (tmp_path / "config.toml").unlink(missing_ok=True)  # without sinks the deliverer ends
    root = state(env)
    eventually(lambda: not root.root.exists() or not wake.is_running(root.root))


def configure(env: dict[str, str], text: str) -> None:
    path = Path(env["CODEXWRAP_CONFIG"])
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").replace(path)


def hub(server: Web, *more: str) -> str:
    return "\n".join(["[sinks.hub]", 'kind = "http"', f'url = "{server.url}"', "timeout = 5", *more, ""])


def post(env: dict[str, str], *numbers: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with monkeypatch.context() as patch:
        for name in ("CODEXWRAP_CONFIG", "CODEXWRAP_HOME"):
            patch.setenv(name, env[name])
        made = [events.new("seat.dead", seat="a", data={"number": number}) for number in numbers]
        Journal(state(env).feed).append(*made)
    return [event.id for event in made]


def got(server: Web) -> list[str]:
    return [each["id"] for request in list(server.requests) for each in json.loads(request.body)]


def test_what_is_posted_is_delivered_without_anybody_waiting_for_it(
    env: dict[str, str], server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(env, hub(server))
    ids = post(env, 1, 2, monkeypatch=monkeypatch)
    eventually(lambda: got(server) == ids)
    more = post(env, 3, monkeypatch=monkeypatch)
    eventually(lambda: got(server) == ids + more)
    assert wake.is_running(state(env).root)


def test_however_many_post_there_is_one_deliverer_and_nothing_is_sent_twice(
    env: dict[str, str], server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(env, hub(server))
    code = (
        "import sys; from codexwrap import events; from codexwrap.journal import Journal; from pathlib import Path\n"
        "for n in range(20): Journal(Path(sys.argv[1])).append(events.new('seat.dead', seat=sys.argv[2], data={}))"
    )
    feed = str(state(env).feed)
    writers = [subprocess.Popen([sys.executable, "-c", code, feed, f"s{n}"], env=env) for n in range(6)]
    assert [each.wait() for each in writers] == [0] * 6
    ids = [event.id for event in journal.read(Path(feed)).events]
    assert len(ids) == 120
    eventually(lambda: len(got(server)) >= 120)
    assert got(server) == ids


def test_a_deliverer_that_is_killed_between_sending_and_its_cursor_sends_again_and_loses_nothing(
    env: dict[str, str], server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(env, hub(server))
    root = state(env).root
    before = threading.Event()
    server.answers = [lambda *_: before.set() or server.wait(*_)]  # type: ignore[func-returns-value]
    ids = post(env, 1, 2, monkeypatch=monkeypatch)
    assert before.wait(20)  # it was sent, and not answered
    kill_holder(root)
    eventually(lambda: not wake.is_running(root))
    assert progress.load(State(root), "hub").delivered == 0
    ids += post(env, 3, monkeypatch=monkeypatch)
    eventually(lambda: set(got(server)) == set(ids))
    times = Counter(got(server))
    assert [times[each] for each in ids] == [2, 2, 1]


def kill_holder(root: Path) -> None:
    """kill -9 for whoever delivers, found by the lock that it has open."""
    for each in Path("/proc").glob("[0-9]*"):
        if root / wake.LOCK in processes.open_files(int(each.name)) and int(each.name) != os.getpid():
            os.kill(int(each.name), signal.SIGKILL)


def test_a_server_that_comes_back_gets_everything_and_one_that_hangs_delays_no_other(
    env: dict[str, str], server: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with web() as other:
        server.down()
        other.default = other.wait
        configure(
            env,
            hub(server)
            + hub(other).replace("hub", "slow")
            + f'[sinks.file]\nkind = "command"\nargv = ["/bin/sh", "-c", "cat >> {tmp_path}/out"]\n',
        )
        ids = post(env, 1, 2, monkeypatch=monkeypatch)
        out = tmp_path / "out"
        eventually(lambda: out.exists() and len(out.read_text().splitlines()) == 2)
        eventually(lambda: progress.load(state(env), "hub").failures)
        server.up()
        eventually(lambda: got(server) == ids)
        other.released.set()


def test_a_changed_config_is_taken_up_and_a_broken_one_is_written_down(
    env: dict[str, str], server: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.default = answer(404)
    configure(env, hub(server))
    ids = post(env, 1, monkeypatch=monkeypatch)
    eventually(lambda: progress.load(state(env), "hub").stuck)
    server.default = answer(204)
    configure(env, hub(server, "batch = 50"))
    eventually(lambda: got(server)[-1:] == ids and not progress.load(state(env), "hub").stuck)
    configure(env, hub(server, 'colour = "red"'))
    log = state(env).root / "delivery.log"
    eventually(lambda: log.exists() and "'colour'" in log.read_text())


def test_without_sinks_nothing_is_started(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    configure(env, "# [sinks.hub]\nseat = 'alpha'\n")
    post(env, 1, monkeypatch=monkeypatch)
    assert not (state(env).root / wake.LOCK).exists()
