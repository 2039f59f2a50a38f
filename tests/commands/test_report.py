"""`codexwrap report`, in its three forms."""

import json
import time
from pathlib import Path

import pytest

from codexwrap.journal import Journal
from tests.commandline import codexwrap, complaint, environment, state
from tests.report.feeds import HOUR, died, event


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    env = environment(tmp_path, TZ="UTC")
    now = time.time()
    told = [
        died(now - 30 * HOUR, ticket="HWD-1"),
        event("seat.alive", now - 29 * HOUR, ticket="HWD-1"),
        died(now - 60, "beta", "limit.usage", ticket="HWD-2"),
    ]
    Journal(state(env).feed).append(*told)
    return env


def test_in_text(env: dict[str, str]) -> None:
    shown = codexwrap("report", env=env)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "2 deaths and 0 stalls" in shown.stdout
    for word in ("auth.token_revoked", "limit.usage", "alpha", "beta", "HWD-2"):
        assert word in shown.stdout
    assert "1 death and 0 stalls" in codexwrap("report", "--days", "1", env=env).stdout


def test_for_programs(env: dict[str, str]) -> None:
    found = json.loads(codexwrap("report", "--json", env=env).stdout)
    assert (found["total"]["dead"], found["total"]["open"]) == (2, 1)
    assert found["total"]["detect"] == {"number": 2, "median": 0.2, "nine_in_ten": 0.2, "longest": 0.2}
    assert found["total"]["repair"]["median"] == pytest.approx(HOUR, abs=1)
    assert [(each["item"], each["still"]) for each in found["blocked"]] == [("HWD-1", False), ("HWD-2", True)]
    assert len(found["days"]) == 7
    assert [each["cause"] for each in found["episodes"]] == ["auth.token_revoked", "limit.usage"]


def test_as_a_page(env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert codexwrap("report", "--html", str(path), env=env).stdout == f"{path}\n"
    printed = codexwrap("report", "--html", "-", env=env).stdout
    assert printed.startswith("<!doctype html>")
    assert path.read_text().startswith("<!doctype html>")
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_feed_nothing_happened(tmp_path: Path) -> None:
    shown = codexwrap("report", env=environment(tmp_path))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "No seat died or stalled." in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--days", "0"], "report: --days must be from 1 to 3660, not 0"),
        (["--days", "99999"], "report: --days must be from 1 to 3660, not 99999"),
        (["--json", "--html", "-"], "report: --json and --html exclude each other"),
    ],
)
def test_what_makes_no_sense(env: dict[str, str], arguments: list[str], said: str) -> None:
    assert complaint(codexwrap("report", *arguments, env=env), 2) == said


def test_a_page_that_cannot_be_written(env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "none" / "report.html"
    said = complaint(codexwrap("report", "--html", str(path), env=env), 1)
    assert said == f"{path} cannot be written: No such file or directory"
