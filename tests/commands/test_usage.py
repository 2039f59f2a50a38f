"""`codexwrap usage`, for people and for programs."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from codexwrap import credential, events
from codexwrap.journal import Journal
from tests.commandline import codexwrap, complaint, environment, program, state
from tests.usage.rollouts import HOUR, begin, count, session_id, sign_in, write


@pytest.fixture
def home(tmp_path: Path) -> Path:
    sign_in(tmp_path / "codex")
    return tmp_path / "codex"


@pytest.fixture
def env(tmp_path: Path, home: Path) -> dict[str, str]:
    return environment(tmp_path, CODEX_HOME=str(home), TZ="UTC")


def session(home: Path, number: int = 1, **more: Any) -> float:
    """A session that used 30 % of its window within the last hour; when it was read last."""
    now = time.time()
    lines = [begin(number)]
    for minute in range(0, 61, 2):
        primary = {"used_percent": 10 + minute / 2, "window_minutes": 300, "resets_at": int(now + 4 * HOUR)}
        at = now - HOUR + minute * 60 - 5
        lines.append(count(at, total=minute * 1000 + 1, last=2000, used=1, primary=primary, secondary=None, **more))
    write(home, number, lines, at=now)
    return now


def test_a_page_of_what_is_used(env: dict[str, str], home: Path) -> None:
    now = session(home, plan_type="plus", credits={"has_credits": True, "balance": "12.5"})
    data = {"session": session_id(1), "ticket": "HWD-0373"}
    Journal(state(env).feed).append(events.new("seat.started", seat="alpha", data=data, at=now - 5 * HOUR))
    shown = codexwrap("usage", env=env)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"plan plus · credits 12.5 · {home}" in shown.stdout
    row = next(line for line in shown.stdout.splitlines() if " 5 h " in line)
    assert "40 %" in row
    assert "at this rate the 5 h window is full at " in row
    assert " before it resets (" in row
    if time.gmtime(now - HOUR).tm_mday == time.gmtime(now).tm_mday:
        assert next(line for line in shown.stdout.splitlines() if "alpha" in line).split()[1:4] == [
            "alpha",
            "HWD-0373",
            "62.0k",
        ]


def test_the_same_for_programs(env: dict[str, str], home: Path) -> None:
    now = session(home)
    (found,) = json.loads(codexwrap("usage", "--json", env=env).stdout)
    assert found["credential"] == credential.of(home, "account-1")
    assert found["signed_in"] is True
    (window,) = found["windows"]
    assert (window["limit"], window["minutes"], window["used"]) == ("codex", 300, 40)
    assert window["forecast"]["hits_before_reset"] is True
    assert now < window["forecast"]["earliest"] < window["forecast"]["full_at"] < window["forecast"]["latest"]
    assert "account-1" not in json.dumps(found)


def test_nothing_to_show(env: dict[str, str], home: Path) -> None:
    assert codexwrap("usage", env=env).stdout == "no sessions of Codex were found: name its home with --home\n"
    assert json.loads(codexwrap("usage", "--json", env=env).stdout) == []


def test_another_home_is_looked_in_when_it_is_named(env: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    sign_in(other, "account-2")
    session(other)
    assert str(other) in codexwrap("usage", "--home", str(other), env=env).stdout
    assert str(other) in codexwrap("usage", env=env).stdout  # and remembered


def test_words_from_outside_cannot_move_the_cursor(env: dict[str, str], home: Path) -> None:
    session(home, plan_type="pl\x1b[2Jus\u202e", limit_name="c\x1b[Hd\nx")
    shown = codexwrap("usage", env=env).stdout
    assert "pl[2Jus" in shown
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 3", "the app-server ended without an answer"),
        ("echo nonsense; exec sleep 0", "the app-server ended without an answer"),
        (
            'read l; echo \'{"id":1,"result":{}}\'; read l; read l; echo \'{"id":2,"error":{"message":"not signed in"}}\'',
            "the app-server says: not signed in",
        ),
        ('read l; echo \'{"id":1,"result":{}}\'; read l; read l; echo \'{"id":2,"result":{}}\'', "has no rate limits"),
    ],
)
def test_an_app_server_that_cannot_say_is_told_of_in_one_line(
    env: dict[str, str], home: Path, tmp_path: Path, script: str, said: str
) -> None:
    program(tmp_path, "codex", script)
    session(home)
    shown = codexwrap("usage", "--ask", env=env)
    assert shown.returncode == 0
    assert said in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
    assert "40 %" in shown.stdout


def test_it_is_not_asked_unless_it_is_allowed(env: dict[str, str], home: Path, tmp_path: Path) -> None:
    program(tmp_path, "codex", f"touch {tmp_path}/asked")
    session(home)
    codexwrap("usage", env=env)
    assert not (tmp_path / "asked").exists()
    codexwrap("usage", env={**env, "CODEXWRAP_APP_SERVER": "true"})
    assert (tmp_path / "asked").exists()


@pytest.mark.parametrize("value", ["0", "101", "80;95", "eighty", "80, -5", "٨٠"])
def test_thresholds_must_make_sense(env: dict[str, str], value: str) -> None:
    said = complaint(codexwrap("usage", env={**env, "CODEXWRAP_WARN_AT": value}), 2)
    assert said.startswith("CODEXWRAP_WARN_AT: warn_at must be percents from 1 to 100 and `forecast`")
