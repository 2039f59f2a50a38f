"""A checkpoint that somebody asks for, of a seat that runs the real Codex."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import shelf
from codexwrap.drill import run
from codexwrap.drill.provider import Provider
from codexwrap.drill.stage import Stage
from tests.support import codex

ROOT = Path(__file__).parents[2]


def ask(stage: Stage, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "codexwrap", "checkpoint", *arguments]
    return subprocess.run(
        command, cwd="/", env={**stage.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60
    )


@pytest.mark.timeout(120)
def test_it_is_made_when_something_has_changed_and_only_then() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        with stage.seat("alpha") as terminal:
            run.first_turn(terminal, provider)
            (stage.project / "new.txt").write_text("new\n")
            first = ask(stage, "alpha")
            assert (first.returncode, first.stderr) == (0, "")
            record = shelf.load(Path(first.stdout.strip())).record
            assert "new.txt" in {file["path"] for file in record["git"]["files"]}
            assert record["session"]["id"] in record["resume"]
            assert record["snapshot"]["state"] == "taken"
            second = json.loads(ask(stage, "alpha", "--json").stdout)
            assert second == {"seat": "alpha", "checkpoint": first.stdout.strip(), "new": False}
        ended = ask(stage, "alpha")
        assert ended.returncode == 1
        assert ended.stderr.startswith("codexwrap: seat 'alpha' does not run")


def test_of_a_seat_that_there_is_not_it_is_one_line() -> None:
    with Provider() as provider, Stage(codex(), provider=provider) as stage:
        done = ask(stage, "nobody")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
