"""The operator's report on a dead seat."""

import stat
from pathlib import Path
from typing import Any

import pytest

from codexwrap import deadreport
from codexwrap.git.gitfacts import collect
from tests import repos

RECORD: dict[str, Any] = {
    "seat": "alpha",
    "host": "vm",
    "since": "2026-04-25T13:14:15.123Z",
    "cause": "auth.token_revoked",
    "ticket": "HWD-0373",
    "remedy": "Sign in again.",
    "checkpoint": "/state/checkpoints/alpha/x.json",
    "evidence": [{"witness": "screen", "says": "401 Unauthorized … token_revoked"}],
}


def test_it_says_who_when_why_at_which_work_and_what_to_do(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo")
    path = deadreport.write(tmp_path / "dead-seats", RECORD, collect(str(repo), seconds=10))
    text = path.read_text()
    assert path.name == "20260425T131415-alpha.md"
    assert text.startswith("# Dead seat: alpha\n")
    for said in (
        "2026-04-25T13:14:15.123Z on vm",
        "auth.token_revoked",
        "HWD-0373",
        "Sign in again.",
        "codexwrap resume alpha",
        "/state/checkpoints/alpha/x.json",
        "screen: 401 Unauthorized … token_revoked",
    ):
        assert said in text


def test_it_is_for_its_owner_only_also_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    path = deadreport.write(tmp_path / "fleet/dead-seats", RECORD, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_is_not_known_is_said_to_be(tmp_path: Path) -> None:
    text = deadreport.write(tmp_path, {**RECORD, "ticket": None, "checkpoint": None}, None).read_text()
    assert "work item: not known" in text
    assert "changes: not known" in text
    assert "checkpoint: could not be written" in text


@pytest.mark.parametrize("seat", ["a/b", "..", "two\nlines", "x" * 300, "🦀", "\x1b[31mred"])
def test_an_odd_name_is_a_file_in_that_folder_and_nothing_that_a_terminal_obeys(tmp_path: Path, seat: str) -> None:
    path = deadreport.write(tmp_path, {**RECORD, "seat": seat}, None)
    assert path.parent == tmp_path
    text = path.read_text()
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if line.startswith("# Dead seat: ")]) == 1


def test_the_command_is_one_that_can_be_typed(tmp_path: Path) -> None:
    text = deadreport.write(tmp_path, {**RECORD, "seat": "my seat"}, None).read_text()
    assert "codexwrap resume 'my seat'" in text


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        deadreport.write(tmp_path / "file", RECORD, None)
