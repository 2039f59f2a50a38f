"""The watchdog on the real Codex: in tmux, and as the engine of a desktop program."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from codexwrap import checkpoint, journal, seats
from codexwrap.drill import codexhome, driver, refusals
from codexwrap.drill.answers import Shell, Text
from codexwrap.drill.causes import CAUSES, Cause
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import TICKET, Stage
from codexwrap.events import Event
from codexwrap.paths import State
from codexwrap.watchdog import once
from tests.appserver import AppServer
from tests.support import codex, eventually, need

TRIGGERS = [
    CAUSES["token_revoked"],
    CAUSES["workspace_credits"],
    CAUSES["usage_limit"],
    CAUSES["rate_limit"],
]


class Tmux:
    """A tmux server of its own, and the programs in it, each in a window."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "tmux"
        self._ask("-f", "/dev/null", "new-session", "-d", "-s", "work", "-x", "100", "-y", "30", "sleep 1000")

    def _ask(self, *words: str) -> str:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TMUX")}
        command = [need("tmux"), "-u", "-S", str(self._socket), *words]
        return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout

    def open(self, stage: Stage, *argv: str | Path, width: int = 0) -> "Window":
        """A window in which a program runs in the stage's project, in nothing but its environment."""
        settings = [f"{name}={value}" for name, value in stage.environ.items()]
        inner = ["env", "-i", *settings, "TMUX=$TMUX", *map(str, argv)]
        line = " ".join("TMUX=$TMUX" if word == "TMUX=$TMUX" else shlex.quote(word) for word in inner)
        pane = self._ask("new-window", "-d", "-P", "-F", "#{pane_id}", "-c", str(stage.project), f"exec {line}").strip()
        if width:
            self._ask("resize-window", "-t", pane, "-x", str(width))
        return Window(self._ask, pane)

    def close(self) -> None:
        self._ask("kill-server")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Window:
    def __init__(self, ask: Any, pane: str) -> None:
        self._ask, self.id = ask, pane

    @property
    def place(self) -> str:
        where = self._ask("display-message", "-p", "-t", self.id, "#{session_name}:#{window_index}.#{pane_index}")
        return f"tmux/tmux/{where.strip()}"

    def text(self) -> str:
        return driver.squash(self._ask("capture-pane", "-p", "-t", self.id))

    def shows(self, what: str) -> None:
        eventually(lambda: what in self.text(), within=60, every=0.1)

    def type(self, text: str) -> None:
        for character in text:
            self._ask("send-keys", "-t", self.id, "-l", "--", character)
            time.sleep(driver.KEYSTROKE)
        time.sleep(driver.PAUSE)
        self._ask("send-keys", "-t", self.id, "Enter")

    def scroll(self) -> None:
        self._ask("copy-mode", "-t", self.id)
        self._ask("send-keys", "-t", self.id, "-X", "page-up")

    def up(self) -> Self:
        """Once Codex waits for a prompt and has drawn all that it draws."""
        self.shows("›")
        before = ""
        while before != (before := self.text()):
            time.sleep(0.7)
        return self

    def turn(self, provider: Provider, answer: str) -> None:
        provider.queue.append(Text(answer))
        self.type("begin")
        self.shows(driver.squash(answer))


class Fleet:
    """Stages, their providers and a tmux server, all of them gone at the end; one state root for all."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self.root = State(folder / "state")
        self.tmux = stack.enter_context(Tmux(folder))

    def stage(self) -> Stage:
        provider = self._stack.enter_context(Provider())
        stage = self._stack.enter_context(Stage(codex("0.169.0"), provider=provider))
        stage.environ = {**stage.environ, "CODEXWRAP_HOME": str(self.root.root)}
        return stage

    def bare(self, stage: Stage, *arguments: str, width: int = 0) -> Window:
        return self.tmux.open(stage, stage.codex, *stage.isolation, *arguments, width=width)

    def wrapped(self, stage: Stage, seat: str) -> Window:
        command = (sys.executable, "-P", "-m", "codexwrap", "--seat", seat)
        return self.tmux.open(stage, *command, stage.codex, *stage.isolation)

    def watch(self, environ: Mapping[str, str]) -> list[Event]:
        """One pass; what it told of the seats of these stages."""
        before = len(journal.read(self.root.feed).events)
        once.run(self.root, environ)
        return [
            each for each in journal.read(self.root.feed).events[before:] if each.type.startswith("codexwrap.seat.")
        ]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(stack, tmp_path)


def own(told: list[Event], *names: str) -> list[Event]:
    """Those about some seats: this machine may run agents of others."""
    return [event for event in told if event.subject in names]


@pytest.mark.timeout(400)
def test_wrapped_and_unwrapped_living_and_dead_side_by_side(fleet: Fleet) -> None:
    alive = fleet.stage()
    environ = dict(alive.environ)
    names = [f"wrapped-{number}" for number in range(3)]
    wrapped = [fleet.wrapped(alive, name) for name in names]
    bare = [fleet.bare(alive) for _ in range(3)]
    for number, window in enumerate([*wrapped, *bare]):
        window.up().turn(alive.provider, f"Answer number {number} is done.")
    decoy = fleet.bare(alive).up()
    alive.provider.queue.extend(CAUSES["decoy_quotes"].answers)
    decoy.type("quote them")
    decoy.shows(CAUSES["decoy_quotes"].ends_with)
    dying: list[tuple[Cause, Stage, Window]] = []
    for cause in TRIGGERS:
        stage = fleet.stage()
        window = fleet.bare(stage).up()
        window.turn(stage.provider, "The first step is done.")
        cause.break_it(stage.provider)
        window.type("go on")
        dying.append((cause, stage, window))
    for _, _, window in dying:
        window.shows("■")
        window.up()
    dying[0][2].scroll()

    told = fleet.watch(environ)

    spared = {window.place for window in (*bare, decoy)} | set(names)
    assert not [event for event in told if event.subject in spared and event.type != "codexwrap.seat.started"]
    by_seat = {event.subject: event for event in told if event.type == "codexwrap.seat.dead"}
    for cause, stage, window in dying:
        event = by_seat[window.place]
        assert event.data["cause"] == cause.expected
        assert {each["witness"] for each in event.data["evidence"]} == {"screen", "rollout"}
        saved = checkpoint.load(Path(event.data["checkpoint"])).record
        assert (saved["ticket"], saved["prompt"], saved["cwd"]) == (TICKET, "go on", str(stage.project))
        assert saved["session"]["id"] == event.data["session"]
        assert saved["resume"].endswith(f"resume {event.data['session']}")
        assert any("■" in row for row in saved["screen"])
        assert saved["snapshot"]["state"] == checkpoint.TAKEN
    records = {record["seat"]: record for record in seats.load_all(fleet.root)[0]}
    assert {records[name]["state"] for name in spared} == {"IDLE"}
    assert not [name for name in records if name.startswith("terminal/project")], "one session, told of as two seats"

    assert not own(fleet.watch(environ), *spared, *by_seat), "told twice"

    cause, stage, window = dying[3]
    stage.provider.default = Text("Here I am again.")
    window.type("and now")
    window.shows("HereIamagain")
    window.up()
    (back,) = own(fleet.watch(environ), window.place)
    assert (back.type, back.data["was"]) == ("codexwrap.seat.alive", cause.expected)
    assert back.data["item"] == {"id": TICKET, "from": "BLOCKED-on-seat-death", "to": "IN_PROGRESS"}
    assert not own(fleet.watch(environ), window.place)


@pytest.mark.timeout(200)
def test_a_resumed_session_that_draws_its_old_death_again_is_alive_until_it_dies_itself(fleet: Fleet) -> None:
    stage = fleet.stage()
    window = fleet.bare(stage).up()
    window.turn(stage.provider, "The first step is done.")
    CAUSES["usage_limit"].break_it(stage.provider)
    window.type("go on")
    window.shows("■")
    window.up()
    (dead,) = own(fleet.watch(stage.environ), window.place)
    window._ask("kill-window", "-t", window.id)

    again = fleet.bare(stage, "resume", dead.data["session"])
    again.shows("■")
    again.up()
    told = own(fleet.watch(stage.environ), again.place)
    assert [event.type for event in told] == ["codexwrap.seat.started"]  # in place of what died there
    again.type("and now")
    eventually(lambda: again.text().count("■") == 2, within=30, every=0.1)
    again.up()
    (dead,) = own(fleet.watch(stage.environ), again.place)
    assert (dead.type, dead.data["cause"]) == ("codexwrap.seat.dead", "limit.usage")


@pytest.mark.timeout(200)
def test_a_narrow_pane_is_judged_like_a_wide_one(fleet: Fleet) -> None:
    stage = fleet.stage()
    window = fleet.bare(stage, width=40).up()
    window.turn(stage.provider, "Done.")
    CAUSES["token_revoked"].break_it(stage.provider)
    window.type("go on")
    window.shows("■")
    window.up()
    (dead,) = own(fleet.watch(stage.environ), window.place)
    assert (dead.type, dead.data["cause"]) == ("codexwrap.seat.dead", "auth.token_revoked")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("cause", TRIGGERS, ids=lambda cause: cause.name)
def test_a_desktop_session_that_dies_is_on_the_feed_after_one_pass(fleet: Fleet, cause: Cause) -> None:
    stage = fleet.stage()
    with AppServer(stage, str(stage.codex)) as server:
        stage.provider.queue.extend([Shell("echo started >> notes.txt"), Text("The first step is done.")])
        assert server.turn("begin") == "completed"
        seat = f"app/project-{server.thread[-6:]}"
        assert not own(fleet.watch(stage.environ), seat)
        cause.break_it(stage.provider)
        assert server.turn("go on") == "failed"
        (dead,) = own(fleet.watch(stage.environ), seat)
        assert (dead.data["cause"], dead.data["ticket"]) == (cause.expected, TICKET)
        assert dead.data["session"] == server.thread
        saved = checkpoint.load(Path(dead.data["checkpoint"])).record
        assert (saved["prompt"], saved["cwd"]) == ("go on", str(stage.project))
        assert saved["snapshot"]["state"] == checkpoint.TAKEN
        assert not own(fleet.watch(stage.environ), seat)

        stage.provider.accepted = stage.provider.refresh = None
        codexhome.replace_auth(stage.home, driver_login())
        stage.provider.default = Text("Here I am again.")
        assert server.turn("and now") == "completed"
        (alive,) = own(fleet.watch(stage.environ), seat)
        assert alive.type == "codexwrap.seat.alive"


@pytest.mark.timeout(120)
def test_codex_exec_that_died_is_on_the_feed_although_it_is_gone(fleet: Fleet) -> None:
    stage = fleet.stage()
    stage.provider.default = refusals.usage_limit("plus", resets_at=int(time.time()) + 3600)
    command = [str(stage.codex), "exec", "do something"]
    done = subprocess.run(
        command, cwd=stage.project, env=dict(stage.environ), stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode == 1
    (dead,) = [event for event in fleet.watch(stage.environ) if event.subject.startswith("exec/project-")]
    assert (dead.data["cause"], dead.data["ticket"]) == ("limit.usage", TICKET)
    assert abs(dead.data["resets_at"] - time.time() - 3600) < 120


def driver_login() -> Any:
    from codexwrap.drill.tokens import Login

    return Login(token="access-2", refresh_token="refresh-2")
