"""A death, its checkpoint and the resume of the real Claude Code and the real Gemini CLI, wrapped."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codexwrap.drill import processes
from codexwrap.drill.driver import Terminal
from tests import support
from tests.record import claude_scenarios, gemini_scenarios, guests
from tests.record.claude import Claude
from tests.record.gemini import Gemini
from tests.record.stage import project

AGENTS = {
    "claude": (Claude(), claude_scenarios.SESSION_LIMIT, "limit.usage"),
    "gemini": (Gemini(), gemini_scenarios.BAD_KEY, "auth.api_key_rejected"),
}


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path: these agents draw it."""
    folder = Path(tempfile.mkdtemp(prefix="seat-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def program(name: str) -> Path:
    prefix = os.environ.get(f"CODEXWRAP_TEST_{name.upper()}")
    if not prefix:
        pytest.skip(f"no real {name}: set CODEXWRAP_TEST_{name.upper()} to the npm prefix where it is installed")
    return Path(prefix) / "node_modules/.bin" / name


def events(root: Path, kind: str) -> list[dict[str, Any]]:
    feed = root / "state/feed.jsonl"
    lines = feed.read_text().splitlines() if feed.exists() else []
    return [event["data"] for event in map(json.loads, lines) if event["type"] == f"codexwrap.seat.{kind}"]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", AGENTS)
def test_a_seat_that_died_is_on_the_feed_with_its_session_and_comes_back(name: str, root: Path) -> None:
    binary = program(name)
    guest, death, cause = AGENTS[name]
    home, cwd = root / "home", root / "project"
    home.mkdir()
    project(cwd)
    scenario = guests.Scenario("live", (), auth=death.auth)
    wrapper = [sys.executable, "-m", "codexwrap"]
    with guest.provider(scenario) as provider, guest.surroundings(root, provider) as leading:
        env = {**guests.ENVIRONMENT, "HOME": str(root), "TZ": "UTC", **leading, **guest.prepare(home, cwd, scenario)}
        env |= {"CODEXWRAP_HOME": str(root / "state"), "PYTHONPATH": str(Path(__file__).parents[2])}
        env["PATH"] = f"{binary.parent}:{env['PATH']}"

        def start(*arguments: str) -> Terminal:
            return Terminal([*wrapper, *arguments], cwd=cwd, env=env)

        seat = guests.Seat(guest, provider, home, cwd, start, start("--seat", "s", name))
        try:
            guest.ready(seat.terminal)
            guests.works()(seat)
            guests.dies(death)(seat)
            dead = support.eventually(lambda: events(root, "dead"), within=20)[0]
        finally:
            seat.terminal.close()
        assert dead["cause"] == cause
        checkpoint = json.loads(Path(dead["checkpoint"]).read_text())
        assert checkpoint["session"]["id"] == dead["session"]
        assert checkpoint["resume"] == f"{name} --resume {dead['session']}"
        assert checkpoint["prompt"] == "and now the next step please"
        guests.mends()(seat)
        seat.terminal = start("resume", "s")
        try:
            guest.ready(seat.terminal)
            seat.terminal.wait_for("stepone", 20)  # of the session before
            guests.works()(seat)
        finally:
            seat.terminal.close()
            processes.end_with_variable(guest.seat_variable, str(home), grace=2)
        assert len(events(root, "dead")) == 1, "what is drawn again is no death"
        assert events(root, "resumed")
