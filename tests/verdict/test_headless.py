"""What a seat without a screen is, from the lines that it writes; and from those of a real Codex."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from codexwrap import cast
from codexwrap.agents import codex
from codexwrap.cast import Record
from codexwrap.drill import codexhome, refusals
from codexwrap.drill.provider import Provider
from codexwrap.drill.tokens import Login
from codexwrap.verdict.headless import Headless
from tests import support

LIMIT = "You've hit your usage limit. Try again at 3:04 PM."


def _seat(*lines: object, status: int | None = None) -> Headless:
    seat = Headless(codex)
    for second, line in enumerate(lines):
        text = line if isinstance(line, str) else json.dumps(line)
        seat.feed(Record(float(second), cast.OUTPUT, text + "\n"))
    if status is not None:
        seat.feed(Record(float(len(lines)), cast.EXIT, str(status)))
    return seat


def _cause(seat: Headless) -> str | None:
    return seat.episode.cause.name if seat.episode and seat.episode.cause else None


def test_a_failed_turn_is_a_death() -> None:
    assert (
        _cause(_seat({"type": "turn.started"}, {"type": "turn.failed", "error": {"message": LIMIT}})) == "limit.usage"
    )


def test_a_bare_error_is_a_retry() -> None:
    assert _cause(_seat({"type": "turn.started"}, {"type": "error", "message": LIMIT})) is None


def test_a_turn_that_ends_well_ends_the_death() -> None:
    seat = _seat({"type": "turn.failed", "error": {"message": LIMIT}}, {"type": "turn.completed"})
    assert _cause(seat) is None


def test_an_error_that_will_not_be_retried_is_a_death() -> None:
    error = {"method": "error", "params": {"error": {"message": LIMIT}, "willRetry": False}}
    assert _cause(_seat(error)) == "limit.usage"
    assert _cause(_seat({**error, "params": {**error["params"], "willRetry": True}})) is None  # type: ignore[dict-item]


def test_a_complaint_counts_once_the_program_ends_with_an_error() -> None:
    assert _cause(_seat(f"ERROR: {LIMIT}")) is None
    assert _cause(_seat(f"ERROR: {LIMIT}", status=0)) is None
    assert _cause(_seat(f"ERROR: {LIMIT}", status=1)) == "limit.usage"


def test_words_of_a_death_in_what_the_agent_says_are_none() -> None:
    item = {"type": "item.completed", "item": {"type": "agent_message", "text": "■ " + LIMIT}}
    assert _cause(_seat({"type": "turn.started"}, item, "■ " + LIMIT, {"type": "turn.completed"}, status=0)) is None


def test_a_failure_that_nobody_knows_is_an_unknown_banner() -> None:
    assert _cause(_seat({"type": "turn.failed", "error": {"message": "The moon is full."}})) == "unknown.banner"


def test_waiting_for_the_network_is_a_stall_after_ten_seconds() -> None:
    seat = _seat({"type": "error", "message": "Reconnecting... waiting for network"})
    seat.tick(9.0)
    assert _cause(seat) is None
    seat.tick(10.5)
    assert _cause(seat) == "network.unreachable"


@pytest.mark.parametrize("arguments", [["exec"], ["exec", "--json"]], ids=["plain", "json"])
@pytest.mark.parametrize("dies", [True, False], ids=["dies", "lives"])
def test_the_real_codex_exec(arguments: list[str], dies: bool, tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    (tmp_path / "tmp").mkdir()
    with Provider(plan="plus") as provider:
        codexhome.prepare(home, provider=provider.url, cwd=cwd, login=Login(plan="plus"))
        if dies:
            provider.default = refusals.usage_limit("plus", resets_at=int(time.time()) + 3600)
        env = codexhome.environment(home, provider=provider.url, temporary=tmp_path / "tmp", caller=os.environ)
        program = [str(support.codex()), *arguments, "--skip-git-repo-check", "go on"]
        ended = subprocess.run(program, cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    seat = Headless(codex)
    seat.feed(Record(0.0, cast.ERROR, ended.stderr))
    seat.feed(Record(0.0, cast.OUTPUT, ended.stdout))
    seat.feed(Record(1.0, cast.EXIT, str(ended.returncode)))
    assert _cause(seat) == ("limit.usage" if dies else None), ended
