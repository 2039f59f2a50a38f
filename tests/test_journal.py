import os
import stat
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexwrap import events, journal
from codexwrap.archives import START, Cursor
from codexwrap.events import Event
from codexwrap.journal import Journal, JournalError
from tests import disks
from tests.support import eventually


def event(number: int = 0, seat: str = "a", size: int = 0) -> Event:
    return events.new("seat.alive", seat=seat, data={"number": number, "filler": "x" * size})


def numbers(found: list[Event]) -> list[int]:
    return [each.data["number"] for each in found]


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "state/feed.jsonl"
    made = [event(number) for number in range(5)]
    Journal(path).append(made[0])
    Journal(path).append(*made[1:], durable=False)
    reading = journal.read(path)
    assert (reading.events, reading.cursor.offset, reading.skipped) == (made, path.stat().st_size, 0)
    assert [entry.after.offset for entry in reading.entries][-1] == reading.cursor.offset
    assert list(journal.backwards(path)) == made[::-1]
    assert path.read_bytes() == b"".join(each.to_line() for each in made)


def test_one_line_is_one_event_whatever_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    odd = "a\nb\r\n\0\x1b[2J\x85\u2028\u202e\udce9\N{SKULL}"
    Journal(path).append(events.new("item.changed", seat=odd, data={odd: odd}))
    (line,) = path.read_bytes().splitlines()
    assert line.isascii()
    assert b"\x1b" not in line
    (found,) = journal.read(path).events
    assert (found.subject, found.data) == (odd, {odd: odd})


def test_the_journal_and_its_lock_are_for_their_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Journal(tmp_path / "state/feed.jsonl").append(event())
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "state", *tmp_path.glob("state/*")]}
    assert modes == {"state": 0o700, "feed.jsonl": 0o600, "feed.jsonl.lock": 0o600}


def test_a_journal_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert journal.read(tmp_path / "none", Cursor("0123456789abcdef", 7)) == ([], Cursor("0123456789abcdef", 7), 0)
    assert not journal.is_behind(tmp_path / "none", START)
    assert list(journal.backwards(tmp_path / "none")) == []


# --- torn and spoiled ---------------------------------------------------------------------------------------------


def test_a_torn_tail_spoils_no_line_but_itself(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    first, torn, last = event(1), event(2), event(3)
    path.write_bytes(first.to_line() + torn.to_line()[:-20])
    before = journal.read(path)
    assert (before.events, before.cursor.offset, before.skipped) == ([first], len(first.to_line()), 0)
    assert not journal.is_behind(path, before.cursor)
    Journal(path).append(last)
    after = journal.read(path)
    assert (after.events, after.cursor.offset, after.skipped) == ([first, last], path.stat().st_size, 1)
    assert journal.is_behind(path, before.cursor)
    assert list(journal.backwards(path)) == [last, first]


def test_a_line_that_lacks_only_its_end_is_an_event(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    first, last = event(1), event(2)
    path.write_bytes(first.to_line()[:-1])
    Journal(path).append(last)
    assert journal.read(path).events == [first, last]


def test_a_reader_leaves_a_line_that_is_still_being_written(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    line = event(1).to_line()
    path.write_bytes(line)
    cursor = journal.read(path).cursor
    with path.open("ab", 0) as file:
        file.write(line[:40])
        assert journal.read(path, cursor) == ([], cursor, 0)
        file.write(line[40:])
    assert numbers(journal.read(path, cursor).events) == [1]


PIECES = st.sampled_from(
    [event(0).to_line(), event(0).to_line()[:-1], b"\n", b"\r\n", b"{}", b"[" * 2000, b"\0\0", b"\xff"]
)


def in_pieces(path: Path, limit: int) -> list[Event]:
    found: list[Event] = []
    cursor = START
    while (reading := journal.read(path, cursor, limit=limit)).cursor != cursor:
        assert len(reading.entries) <= 1 or limit > 100
        found += reading.events
        cursor = reading.cursor
    return found


@given(st.lists(st.binary(max_size=30) | PIECES).map(b"".join), st.integers(1, 400), st.integers(0, 3000))
def test_whatever_is_in_the_file_what_is_appended_can_be_read(content: bytes, block: int, limit: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("codexwrap.reading._BLOCK", block)
        path = Path(folder, "feed.jsonl")
        path.write_bytes(content)
        added = event(1)
        Journal(path).append(added, durable=False)
        reading = journal.read(path)
        found, skipped = reading.events, reading.skipped
        lines = [line for line in content.split(b"\n") if line.strip()]
        assert found[-1] == added
        assert len(found) == sum(map(_is_event, lines)) + 1
        assert skipped == len(lines) - len(found) + 1
        assert reading.cursor.offset == path.stat().st_size
        assert path.read_bytes().startswith(content)
        assert in_pieces(path, limit) == found
        assert list(journal.backwards(path)) == found[::-1]


def _is_event(line: bytes) -> bool:
    try:
        events.from_line(line)
    except events.BadEventError:
        return False
    return True


def test_a_journal_that_was_put_in_another_ones_place_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    Journal(path).append(event(1), event(2))
    cursor = journal.read(path).cursor
    path.unlink()
    Journal(path).append(event(3), event(4), event(5))
    assert numbers(journal.read(path, cursor).events) == [3, 4, 5]


def test_a_journal_that_lost_its_end_is_read_once_more(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    Journal(path).append(event(1), event(2), event(3))
    cursor = journal.read(path).cursor
    os.truncate(path, path.stat().st_size // 2)
    assert numbers(journal.read(path, cursor).events) == [1]
    Journal(path).append(event(4, size=3000))
    assert numbers(journal.read(path, cursor).events) == [1, 4]


# --- no room ------------------------------------------------------------------------------------------------------


def test_a_full_disk_takes_no_part_of_an_event_and_later_all_of_it(tmp_path: Path) -> None:
    with disks.small(tmp_path / "disk") as folder:
        path = folder / "feed.jsonl"
        Journal(path).append(event(1))
        before = path.read_bytes()
        ballast = disks.fill(folder)
        with pytest.raises(JournalError, match=r"feed.jsonl: No space left on device") as caught:
            Journal(path).append(event(2, size=9000))
        assert (caught.value.written, path.read_bytes()) == (0, before)
        ballast.unlink()
        Journal(path).append(event(2, size=9000))
        assert journal.read(path).events == list(journal.backwards(path))[::-1]
        assert journal.read(path).cursor.offset == path.stat().st_size
        assert numbers(journal.read(path).events) == [1, 2]


LIMITED = """
import pathlib, resource, signal, sys
from codexwrap import events, journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, limit = pathlib.Path(sys.argv[1]), int(sys.argv[2])
made = [events.from_line(line) for line in sys.stdin]
log = journal.Journal(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    log.append(*made)
except journal.JournalError as error:
    print(error.written)
"""


@pytest.mark.parametrize("torn", [b"", b"torn"])
def test_of_several_events_those_that_fit_are_in_it_whole_and_are_counted(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "feed.jsonl"
    made = [event(number) for number in range(3)]
    lines = [each.to_line() for each in made]
    start = event(9).to_line() + torn
    head = len(start) + bool(torn)
    for room in (1, len(lines[0]) - 1, len(lines[0]), len(lines[0]) + 1, len(b"".join(lines)) - 1):
        path.write_bytes(start)
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, path, str(head + room)], input=b"".join(lines), capture_output=True
        )
        fitting = sum(len(b"".join(lines[: number + 1])) <= room for number in range(3))
        assert (done.stdout, done.stderr) == (b"%d\n" % fitting, b"")
        expected = b"".join([start, b"\n" if torn else b"", *lines[:fitting]]) if fitting else start
        assert path.read_bytes() == expected


def test_what_cannot_be_written_at_all_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"file/feed.jsonl: ") as caught:
        Journal(tmp_path / "file/feed.jsonl").append(event())
    assert caught.value.written == 0
    (tmp_path / "feed.jsonl").mkdir()
    with pytest.raises(JournalError, match=r"feed.jsonl: .*Is a directory"):
        Journal(tmp_path / "feed.jsonl").append(event())


def test_what_cannot_be_made_durable_is_said_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "feed.jsonl"
    with pytest.raises(JournalError, match="Input/output error") as caught:
        Journal(path).append(event(1), event(2))
    assert caught.value.written == 2
    assert numbers(journal.read(path).events) == [1, 2]
    Journal(path).append(event(3), durable=False)


def test_a_lock_that_is_never_given_back_is_an_error_and_no_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_PATIENCE", 0.05)
    first, second = Journal(tmp_path / "feed.jsonl"), Journal(tmp_path / "feed.jsonl")
    with first._lock, pytest.raises(JournalError, match="lock"):
        second.append(event())
    second.append(event())


# --- many at once -------------------------------------------------------------------------------------------------

WRITER = """
import itertools, pathlib, sys
from codexwrap import events, journal
log = journal.Journal(pathlib.Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    data = {"number": number, "filler": "x" * (number * 37 % 5000)}
    log.append(events.new("seat.alive", seat=sys.argv[2], data=data), durable=False)
"""


def writers(path: Path, many: int, each: int) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen([sys.executable, "-c", WRITER, path, f"seat{n}", str(each)]) for n in range(many)]


def test_many_processes_append_and_one_follows_without_loss_or_tearing(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    running = writers(path, 6, 150)
    seen: list[Event] = []
    cursor, skipped = START, 0
    while len(seen) < 900 and (any(each.poll() is None for each in running) or journal.is_behind(path, cursor)):
        reading = journal.read(path, cursor)
        seen += reading.events
        cursor, skipped = reading.cursor, skipped + reading.skipped
    assert [each.wait() for each in running] == [0] * 6
    assert skipped == 0
    for seat in {each.subject for each in seen}:
        assert numbers([each for each in seen if each.subject == seat]) == list(range(150))
    assert len({each.id for each in seen}) == 900
    assert journal.read(path).events == seen


def test_writers_that_are_killed_leave_the_journal_to_the_others(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    running = writers(path, 4, 100_000)
    for number, process in enumerate(running, 1):
        eventually(lambda number=number: path.exists() and path.stat().st_size > 20_000 * number)  # type: ignore[misc]
        process.kill()
        process.wait()
    last = event(-1)
    Journal(path).append(last)
    reading = journal.read(path)
    found = reading.events
    assert found[-1] == last
    assert reading.skipped <= 4
    for seat in range(4):
        own = numbers([each for each in found if each.subject == f"seat{seat}"])
        assert own == list(range(len(own)))


def test_reading_backwards_reads_no_more_than_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    with path.open("wb") as file:
        file.truncate(8 << 30)  # a hole: reading all of it would take the machine's memory
    with path.open("ab") as file:
        file.write(b"\n" + event(1).to_line())
    newest = journal.backwards(path)
    assert next(newest).data["number"] == 1
    newest.close()  # type: ignore[attr-defined]
