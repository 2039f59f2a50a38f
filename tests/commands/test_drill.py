"""What the drill prints."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap.commands import drill
from codexwrap.drill.causes import CAUSES
from codexwrap.errors import UsageError
from tests.support import codex


def run(home: Path, *arguments: str, path: str = "/usr/bin:/bin") -> "subprocess.CompletedProcess[str]":
    env = {"HOME": str(home), "PATH": path, "TMPDIR": str(home / "tmp")}
    (home / "tmp").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "codexwrap", "drill", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=110, stdin=subprocess.DEVNULL)


@pytest.mark.timeout(120)
def test_without_codex_it_says_how_to_install_it_and_replays_a_recorded_death(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    said, headings, row = done.stdout.splitlines()
    assert "npm install -g @openai/codex" in said
    assert "recording" in said
    assert headings.split()[:5] == ["CAUSE", "CODEX", "VERDICT", "DETECTED", "CHECKPOINT"]
    assert row.startswith("recording")
    assert "(recorded)" in row
    assert "DEAD auth.token_revoked" in row
    assert row.endswith("yes")


@pytest.mark.timeout(120)
def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    run(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


@pytest.mark.timeout(120)
def test_with_codex_the_session_is_killed_for_real_and_the_users_home_stays_as_it_was(tmp_path: Path) -> None:
    own = tmp_path / ".codex"
    own.mkdir()
    (own / "auth.json").write_text("the user's own")
    done = run(tmp_path, "usage_limit", "--json", "--codex", str(codex()), path=os.environ["PATH"])
    assert (done.returncode, done.stderr) == (0, "")
    (result,) = json.loads(done.stdout)
    assert result["verdict"] == "DEAD limit.usage"
    assert result["resumed"] is True
    assert result["ok"] is True
    assert 0 <= result["checkpoint_ms"] <= result["feed_ms"]
    assert [path.name for path in own.iterdir()] == ["auth.json"]
    assert (own / "auth.json").read_text() == "the user's own"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".codex", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_cause_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"'nope'.*token_revoked") as raised:
        drill.main(["nope"])
    assert all(name in str(raised.value) for name in CAUSES)


def test_a_codex_that_is_not_there_is_an_error_and_no_reason_to_replay() -> None:
    with pytest.raises(UsageError, match="no-such-codex: no such program"):
        drill.main(["--codex", "no-such-codex"])
