import json
import sys
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events, journal
from codexwrap.journal import Journal
from tests.commandline import codexwrap, complaint, environment, program, state, until_all_free


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def feed(env: dict[str, str], *arguments: str) -> str:
    done = codexwrap("feed", *arguments, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def items(env: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(feed(env, "items", "--json"))
    return found


def test_what_is_posted_is_what_items_shows(env: dict[str, str]) -> None:
    assert feed(env, "post", "--item", "HWD-0373", "--state", "IN_PROGRESS", "--seat", "alpha") == ""
    assert [(item["id"], item["state"]) for item in items(env)] == [("HWD-0373", "IN_PROGRESS")]
    row = feed(env, "items").splitlines()[1].split()
    assert row[:3] == ["HWD-0373", "IN_PROGRESS", "alpha"]
    feed(env, "post", "--item", "HWD-0373", "--state", "DONE")
    assert [(item["state"], item["seats"]) for item in items(env)] == [("DONE", [])]
    moves = [event.data["item"] for event in journal.read(state(env).feed).events]
    assert moves == [
        {"id": "HWD-0373", "from": None, "to": "IN_PROGRESS"},
        {"id": "HWD-0373", "from": "IN_PROGRESS", "to": "DONE"},
    ]


def test_what_is_posted_from_within_a_seat_is_that_seats(tmp_path: Path, env: dict[str, str]) -> None:
    program(tmp_path, "agent", f"{sys.executable} -P -m codexwrap feed post --item T-1 --state IN_PROGRESS")
    codexwrap("--seat", "alpha", "agent", env=env, cwd=tmp_path)
    until_all_free(env)
    (posted,) = [event for event in journal.read(state(env).feed).events if event.data.get("posted")]
    assert posted.subject == "alpha"


def test_without_items_it_says_how_to_post_one(env: dict[str, str]) -> None:
    assert "codexwrap feed post --item" in feed(env, "items")
    assert items(env) == []


@pytest.mark.parametrize("odd", ["a\nb", "\x1b[2Jx", "x\u202ey", "<!channel>", "x" * 200])
def test_an_odd_item_is_one_line_in_the_feed_and_nothing_raw_on_the_terminal(env: dict[str, str], odd: str) -> None:
    feed(env, "post", "--item", odd, "--state", odd)
    assert len(state(env).feed.read_bytes().splitlines()) == 1
    assert [(item["id"], item["state"]) for item in items(env)] == [(odd, odd)]
    for shown in (feed(env, "items"), feed(env)):
        assert all(line.isprintable() for line in shown.splitlines())
    assert len(feed(env, "items").splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--state", "DONE"], "--item"),
        (["--item", "T-1"], "--state"),
        (["--item", " ", "--state", "DONE"], "--item must be"),
        (["--item", "T-1", "--state", "x" * 201], "--state must be"),
        (["--item", "T-1", "--state", "DONE", "--sate", "x"], "--sate"),
    ],
)
def test_a_bad_post_is_told_in_one_line(env: dict[str, str], arguments: list[str], told: str) -> None:
    assert told in complaint(codexwrap("feed", "post", *arguments, env=env), 2)


def test_a_feed_that_cannot_be_written_is_told(env: dict[str, str]) -> None:
    Path(env["CODEXWRAP_HOME"]).write_text("in the way")
    assert "could not be posted" in complaint(codexwrap("feed", "post", "--item", "T", "--state", "S", env=env), 1)


def test_a_death_in_the_feed_blocks_the_item(env: dict[str, str]) -> None:
    data = {"ticket": "T-1", "cause": "auth.token_revoked", "checkpoint": "/some/where/c.json"}
    Journal(state(env).feed).append(events.new("seat.dead", seat="alpha", data=data))
    row = feed(env, "items").splitlines()[1]
    assert row.split()[:4] == ["T-1", "BLOCKED-on-seat-death", "alpha", "(dead)"]
    assert row.endswith("auth.token_revoked  c.json")
