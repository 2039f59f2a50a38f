"""A session's file tells how its last turn ended, by whichever version wrote it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from codexwrap import events
from codexwrap.agents import codex
from codexwrap.verdict.causes import State
from codexwrap.watchdog import filecause, sessionlog
from codexwrap.watchdog.sessionlog import Kind, SessionLog

ID = "0199a213-81c0-7800-8aa1-bbab2a035a53"
NOW = 1_800_000_000.0
REVOKED = (
    "Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again."
)

STARTED = ("event_msg", {"type": "task_started"})
WELL = ("event_msg", {"type": "task_complete", "last_agent_message": "Done."})
EMPTY = ("event_msg", {"type": "task_complete", "last_agent_message": None})


def failed(message: str, kind: Any = "other") -> tuple[str, dict[str, Any]]:
    return ("event_msg", {"type": "task_complete", "error": {"message": message, "codex_error_info": kind}})


def limits(used: float, **other: Any) -> tuple[str, dict[str, Any]]:
    window = {"used_percent": used, "window_minutes": 300, "resets_at": int(NOW) + 3600}
    return ("event_msg", {"type": "token_count", "info": None, "rate_limits": {"primary": window, **other}})


def write(path: Path, *lines: tuple[str, dict[str, Any]], **meta: Any) -> Path:
    head = {"id": ID, "cwd": "/project", "originator": "Codex Desktop", "timestamp": events.timestamp(NOW), **meta}
    return add(path, ("session_meta", head), *lines)


def add(path: Path, *lines: tuple[str, dict[str, Any]]) -> Path:
    with path.open("a") as file:
        for number, (kind, payload) in enumerate(lines):
            record = {"timestamp": events.timestamp(NOW + number), "type": kind, "payload": payload}
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
    return path


def follow(path: Path, before: SessionLog | None = None) -> SessionLog:
    log = sessionlog.follow(path, before)
    assert log is not None
    return log


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        ([STARTED, WELL], None),
        ([STARTED, failed(REVOKED, "unauthorized")], "auth.token_revoked"),
        ([STARTED, failed("You've hit your usage limit. Try again later.")], "limit.usage"),
        ([STARTED, failed("words nobody knows", "rate_limit_exceeded")], "limit.rate"),
        ([STARTED, failed("words nobody knows", {"http_connection_failed": {"status": 1}})], "network.unreachable"),
        ([STARTED, failed("words nobody knows")], "unknown.banner"),
        ([STARTED, ("event_msg", {"type": "error", "message": REVOKED}), EMPTY], "auth.token_revoked"),
        ([STARTED, limits(100), EMPTY], "limit.usage"),
        ([STARTED, limits(100, credits={"has_credits": True}), EMPTY], None),
        ([STARTED, limits(99), EMPTY], None),
        ([STARTED, EMPTY], None),
        ([STARTED, failed(REVOKED), STARTED], None),
        ([STARTED, failed(REVOKED), STARTED, WELL], None),
        ([STARTED, failed(REVOKED), ("turn_context", {"cwd": "/"})], None),
        ([STARTED, WELL, STARTED, ("event_msg", {"type": "turn_aborted"})], None),
        ([STARTED, ("response_item", {"type": "message", "text": json.dumps(failed(REVOKED)[1])}), WELL], None),
    ],
)
def test_the_last_turn_says_what_a_session_is(tmp_path: Path, lines: Any, cause: str | None) -> None:
    change = filecause.change(codex, follow(write(tmp_path / "a", *lines)))
    assert (change.cause.name if change and change.cause else None) == cause
    assert change is None or change.state is (State.DEAD if cause and cause[:4] in ("auth", "limi") else State.STALLED)


def test_what_the_workspace_lacks_has_the_words_of_a_users_limit(tmp_path: Path) -> None:
    for reached, cause in (
        ("workspace_member_credits_depleted", "credits.workspace_depleted"),
        ("workspace_owner_usage_limit_reached", "credits.spend_cap"),
        ("rate_limit_reached", "limit.usage"),
    ):
        path = tmp_path / reached
        told = limits(100)
        told[1]["rate_limits"]["rate_limit_reached_type"] = reached
        change = filecause.change(codex, follow(write(path, STARTED, told, failed("You've hit your usage limit."))))
        assert change
        assert change.cause
        assert change.cause.name == cause


def test_reading_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = write(tmp_path / "a", STARTED, WELL)
    first = follow(path)
    add(path, STARTED, failed(REVOKED))
    with path.open("a") as file:
        file.write('{"timestamp":"2027-01-15T08:00:00Z","type":"event_msg","payload":{"type":"task_st')
    second = follow(path, first)
    assert (first.dead, second.dead) == (False, True)
    assert second == follow(path)
    assert second.offset < path.stat().st_size
    with path.open("a") as file:
        file.write('arted"}}\n')
    assert not follow(path, second).dead


def test_another_file_in_its_place_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "a", STARTED, failed(REVOKED))
    log = follow(path)
    path.unlink()
    (tmp_path / "b").touch()  # so that the inode is another one
    assert not follow(write(path, STARTED, WELL), log).dead


def test_of_a_long_file_the_end_is_read(tmp_path: Path) -> None:
    filler = ("response_item", {"type": "message", "text": "x" * 100_000})
    path = write(tmp_path / "a", STARTED, *[filler] * 30, STARTED, failed(REVOKED))
    log = follow(path)
    assert log.dead
    assert log.offset == path.stat().st_size


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]\n", b'{"type":"x"}\n', b"\xff\xfe\n", b'{"type":"session_meta"}\n']
)
def test_what_is_no_session_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert sessionlog.follow(tmp_path / "a") is None


def test_what_a_fork_copied_did_not_happen_in_it(tmp_path: Path) -> None:
    assert not follow(write(tmp_path / "a", failed(REVOKED), forked_from_id="x")).dead
    assert follow(write(tmp_path / "b", STARTED, STARTED, failed(REVOKED), forked_from_id="x")).dead


@pytest.mark.parametrize(
    ("meta", "kind"),
    [
        ({"originator": "codex-tui", "source": "cli"}, Kind.TERMINAL),
        ({"originator": "codex_exec", "source": "exec"}, Kind.EXEC),
        ({"originator": "Codex Desktop", "source": "vscode"}, Kind.APP),
        ({"originator": "codex-tui", "source": {"subagent": "review"}}, Kind.PART),
    ],
)
def test_a_session_says_where_it_shows_itself(tmp_path: Path, meta: dict[str, Any], kind: Kind) -> None:
    assert follow(write(tmp_path / "a", **meta)).kind == kind


def test_a_log_outlives_the_process(tmp_path: Path) -> None:
    log = follow(write(tmp_path / "a", STARTED, failed(REVOKED, "unauthorized")))
    assert SessionLog.from_json(json.loads(json.dumps(list(log)))) == log
    for spoilt in (None, [], [1], [*list(log)[:-1], 3], ["x", *list(log)[1:]]):
        assert SessionLog.from_json(spoilt) is None


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        sessionlog.follow(tmp_path / "nothing")
    assert os.path.lexists(tmp_path)
