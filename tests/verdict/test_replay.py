"""A stored recording is judged as a living seat is, and says why."""

import json
from pathlib import Path

import pytest

from codexwrap import cast
from codexwrap.agents import codex
from codexwrap.commands import replay as command
from codexwrap.errors import UserError
from codexwrap.verdict import replay
from tests import corpus


def test_a_death_says_which_words_and_when() -> None:
    recording = corpus.named("0.144.6/limit-plus-80x24")
    header, records = cast.read(recording.lines())
    told = replay.judge(header, records, codex)
    assert (told["verdict"], told["cause"], told["recoverable"]) == ("DEAD", "limit.usage", "wait")
    evidence = told["episodes"][0]["evidence"]
    assert evidence[0]["witness"] == "screen"
    assert evidence[0]["says"].startswith("You've hit your usage limit")


def test_explain_says_why_a_near_miss_is_no_death(capsys: pytest.CaptureFixture[str]) -> None:
    recording = corpus.named("0.169.0/resumed-limit-80x24")
    assert command.main([str(recording.cast), "--explain", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "ALIVE"
    assert "no turn was running" in told["notes"][0]["says"]
    assert told["states"][-1]["state"] == "IDLE"


def test_explain_also_tells_it_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(corpus.named("0.169.0/resumed-limit-80x24").cast), "--explain"]) == 0
    assert "not told: You’ve hit your usage limit" in capsys.readouterr().out


def test_explain_says_which_rule_told_which_block_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(corpus.named("0.98.0/limit-plus-80x24").cast), "--explain"]) == 0
    (told,) = [line for line in capsys.readouterr().out.splitlines() if " told: " in line]
    assert ": limit.usage of row 16, by the rule (?:You'vehityourusagelimit" in told


def test_what_is_no_recording_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.cast").write_text("hello\n")
    with pytest.raises(UserError, match="no recording"), replay.opened(tmp_path / "a.cast"):
        pass
