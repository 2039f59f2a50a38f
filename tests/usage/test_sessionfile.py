"""What a session used, however Codex repeats, resumes and forks."""

from pathlib import Path

import pytest

from codexwrap.usage import sessionfile
from codexwrap.usage.sessionfile import START, Mark, Tokens
from tests.usage.rollouts import NOW, begin, count, line, session_id, write


def totals(path: Path, **more: object) -> list[int]:
    return [use.tokens.total for use in sessionfile.read(path, **more).uses]  # type: ignore[arg-type]


def test_a_count_that_is_repeated_is_counted_once(tmp_path: Path) -> None:
    lines = [count(NOW, used=10), count(NOW, total=7, last=7, used=10), count(NOW, total=7, last=7, used=20)]
    path = write(tmp_path, 1, [begin(1), *lines, count(NOW, total=12, last=5, used=20)])
    assert totals(path) == [7, 5]
    assert [each.windows[0].used for each in sessionfile.read(path).snapshots] == [10, 10, 20, 20]


def test_a_count_that_begins_again_is_counted_though_it_is_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, 1, [begin(1), count(NOW, total=7, last=7), count(NOW), count(NOW, total=7, last=7)])
    assert totals(path) == [7, 7]


def test_without_the_last_share_the_difference_is_counted(tmp_path: Path) -> None:
    lines = [count(NOW, total=7, last=7), count(NOW, total=12, last=5).replace("last_token_usage", "other")]
    fewer = count(NOW, total=4, last=4).replace("last_token_usage", "other")  # a count that began anew
    assert totals(write(tmp_path, 1, [begin(1), *lines, fewer])) == [7, 5, 4]


def test_reading_goes_on_where_it_ended_and_leaves_what_is_being_written(tmp_path: Path) -> None:
    more = count(NOW, total=12, last=5, used=3)
    path = write(tmp_path, 1, [begin(1), count(NOW, total=7, last=7)], torn=more[:-9])
    first = sessionfile.read(path)
    assert [use.tokens.total for use in first.uses] == [7]
    assert first.mark.total == Tokens(input=7, total=7)
    with path.open("a") as file:
        file.write(more[-9:] + "\n")
    second = sessionfile.read(path, first.mark)
    assert [use.tokens.total for use in second.uses] == [5]
    assert second.mark.offset == path.stat().st_size
    assert sessionfile.read(path, second.mark) == ([], [], second.mark)


def test_what_only_quotes_a_count_is_none(tmp_path: Path) -> None:
    quoted = {"type": "message", "text": count(NOW, total=7, last=7)}
    other = {"type": "token_count", "info": {"total_token_usage": {"total_tokens": 9}}}
    named = {"type": "tool", "name": "token_count", "info": other["info"]}
    lines = [line(NOW, "response_item", quoted), line(NOW, "response_item", other), line(NOW, "event_msg", named)]
    path = write(tmp_path, 1, [begin(1), *lines, '"token_count"'])
    assert sessionfile.read(path).uses == []


def test_a_line_longer_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessionfile, "_BLOCK", 100)
    lines = [line(NOW, "response_item", {"text": "x" * 1000}), count(NOW, total=7, last=7)] * 2
    path = write(tmp_path, 1, [begin(1), *lines, count(NOW, total=9, last=2)])
    assert totals(path) == [7, 2]
    assert sessionfile.read(path).mark.offset == path.stat().st_size


def test_a_fork_does_not_count_again_what_it_copied(tmp_path: Path) -> None:
    lines = [count(NOW - 60, total=7, last=7), count(NOW - 50, used=3), count(NOW - 40, total=12, last=5)]
    parent = write(tmp_path, 1, [begin(1), *lines, count(NOW, total=20, last=8)])
    copied = [count(NOW, total=7, last=7), count(NOW, used=3), count(NOW, total=12, last=5)]
    own = count(NOW + 0.1, total=15, last=3, used=9)
    path = write(tmp_path, 2, [begin(2, NOW, forked_from_id=session_id(1)), begin(1), *copied, own])
    known = sessionfile.head(path)
    assert (known.session, known.forked) == (session_id(2), session_id(1))
    assert totals(path, known=known, parent=parent) == [3]
    assert len(sessionfile.read(path, known=known, parent=parent).snapshots) == 1
    # Without its parent: what was written at once is a copy.
    later = write(tmp_path, 3, [begin(3, NOW, forked_from_id=session_id(9)), *copied, count(NOW + 5, total=15, last=3)])
    assert totals(later, known=sessionfile.head(later)) == [3]


def test_a_fork_that_copies_nothing_goes_on_from_its_parents_total(tmp_path: Path) -> None:
    parent = write(tmp_path, 1, [begin(1), count(NOW, total=7, last=7)])
    path = write(tmp_path, 2, [begin(2, NOW, forked_from_id=session_id(1)), count(NOW, total=10, last=3)])
    assert totals(path, known=sessionfile.head(path), parent=parent) == [3]


@pytest.mark.parametrize(
    "content", ["", "{", "[1]\n", '{"type":"session_meta","payload":3}\n', '{"type":"event_msg"}\n']
)
def test_the_head_of_what_is_no_session_is_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "file").write_text(content)
    assert sessionfile.head(tmp_path / "file") == ("", "", "", 0.0)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert sessionfile.read(tmp_path / "file") == ([], [], START) == ([], [], Mark(0, None))
