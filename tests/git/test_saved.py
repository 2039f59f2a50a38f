from pathlib import Path

import pytest

from codexwrap.git import git, saved
from codexwrap.git.saved import Saved
from codexwrap.git.scratch import FailedError
from codexwrap.git.treesort import Note
from tests import repos

OIDS = [str(digit) * 40 for digit in range(6)]
STATE = Saved("", OIDS[0], OIDS[1], OIDS[2], OIDS[3], (("lib", OIDS[4]), ('"odd\\nname"', OIDS[5])))


def again(message: bytes, *, parents: list[str]) -> Saved:
    return saved.parse("", OIDS[0], parents, message.decode())


def test_what_is_written_is_read() -> None:
    message = saved.compose("subject\n\nbody", STATE, [])
    assert again(message, parents=OIDS[1:4]) == STATE


def test_without_a_head_conflicts_or_submodules() -> None:
    state = Saved("", OIDS[0], None, OIDS[2])
    assert again(saved.compose("", state, []), parents=[OIDS[2]]) == state


@pytest.mark.parametrize(
    "message",
    ["", "subject", "a\n\nb", f"Codexwrap-Staged: {OIDS[5]}", "x\n\nCodexwrap-Sides: no\n", "\n\n\n", "\ud800"],
)
def test_no_message_can_say_what_the_snapshot_does_not(message: str) -> None:
    assert again(saved.compose(message, STATE, []), parents=OIDS[1:4]) == STATE


def test_what_was_left_out_is_listed_and_not_without_end() -> None:
    notes = [Note(f"file-{n}", "too large\nCodexwrap-Staged: x") for n in range(200)]
    text = saved.compose("", STATE, notes).decode()
    assert "Codexwrap-Left-Out: file-0: too large Codexwrap-Staged: x\n" in text
    assert "Codexwrap-Left-Out: 150 more\n" in text
    assert again(text.encode(), parents=OIDS[1:4]) == STATE


def test_secrets_are_redacted() -> None:
    token = "ghp_" + "a1" * 18
    text = saved.compose(f"use {token}", STATE, [Note(token, "too large")]).decode()
    assert token not in text


def test_a_commit_of_the_users_is_no_snapshot(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "repo")
    with pytest.raises(FailedError, match="is no snapshot of codexwrap's"):
        saved.read(repo, "HEAD", git.within(20))
