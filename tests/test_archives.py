import itertools
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codexwrap import archives, events, journal
from codexwrap.archives import START, Cursor
from codexwrap.events import Event
from codexwrap.journal import Journal

_ALL = float("inf")


def event(number: int, seat: str = "a", size: int = 100) -> Event:
    return events.new("seat.alive", seat=seat, data={"number": number, "filler": "x" * size})


def numbers(found: list[Event]) -> list[int]:
    return [each.data["number"] for each in found]


def small(folder: Path) -> Journal:
    """A journal that holds three or four events a file."""
    return Journal(folder / "feed.jsonl", rotate=1000)


def written(folder: Path, many: int) -> Journal:
    log = small(folder)
    for number in range(many):
        log.append(event(number), durable=False)
    return log


def older(log: Journal) -> list[Path]:
    return sorted(path for path in log.path.parent.glob("feed*.jsonl") if path != log.path)


def test_a_full_file_is_set_aside_and_nothing_is_lost(tmp_path: Path) -> None:
    log = written(tmp_path, 20)
    assert len(older(log)) >= 4
    assert all(1000 <= path.stat().st_size < 1500 for path in older(log))
    assert numbers(journal.read(log.path).events) == list(range(20))
    assert numbers(list(journal.backwards(log.path))) == list(range(19, -1, -1))


def test_names_sort_as_they_were_written_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = small(tmp_path)
    for number in range(20):
        monkeypatch.setattr(time, "time_ns", lambda number=number: 10**18 - number * 10**15)
        log.append(event(number), durable=False)
    assert numbers(journal.read(log.path).events) == list(range(20))


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(1, 4000))
@settings(deadline=None)
def test_a_reader_that_was_away_for_any_number_of_rotations_goes_on_where_it_was(away: list[int], limit: int) -> None:
    with TemporaryDirectory() as folder:
        log = small(Path(folder))
        counter = itertools.count()
        seen: list[int] = []
        cursor = START
        for many in away:
            log.append(*[event(next(counter)) for _ in range(many)], durable=False)
            reading = journal.read(log.path, cursor, limit=limit)  # perhaps a part, perhaps all
            seen += numbers(reading.events)
            cursor = reading.cursor
        while journal.is_behind(log.path, cursor):
            reading = journal.read(log.path, cursor, limit=limit)
            seen += numbers(reading.events)
            cursor = reading.cursor
        assert seen == list(range(next(counter)))


def test_a_cursor_behind_every_event_goes_on_with_the_next(tmp_path: Path) -> None:
    log = written(tmp_path, 20)
    for number, entry in enumerate(journal.read(log.path).entries):
        assert numbers(journal.read(log.path, entry.after).events) == list(range(number + 1, 20))


def test_a_torn_end_is_closed_before_its_file_is_set_aside(tmp_path: Path) -> None:
    log = written(tmp_path, 4)
    with log.path.open("ab") as file:
        file.write(event(99).to_line()[:-30])
    cursor = journal.read(log.path).cursor
    log.append(event(4), event(5))
    (full,) = older(log)
    assert full.read_bytes().endswith(b"\n")
    reading = journal.read(log.path, cursor)
    assert (numbers(reading.events), reading.skipped) == ([4, 5], 1)


@pytest.mark.parametrize("limit", [1, 500, None])
def test_what_a_power_cut_left_torn_at_the_end_of_an_older_file_holds_up_nobody(
    tmp_path: Path, limit: int | None
) -> None:
    log = written(tmp_path, 12)
    for path in older(log):
        os.truncate(path, path.stat().st_size - 30)
    cursor, seen = START, []
    while journal.is_behind(log.path, cursor):
        reading = journal.read(log.path, cursor, limit=limit)
        seen += numbers(reading.events)
        cursor = reading.cursor
    assert seen == [0, 1, 2, 4, 5, 6, 8, 9, 10, 11]


def test_a_file_of_rubbish_is_set_aside_like_any_other(tmp_path: Path) -> None:
    log = small(tmp_path)
    log.path.write_bytes(b"\n \n" + b"x" * 2000)
    log.append(event(1))
    log.path.with_name("feed-notes.jsonl").write_text("somebody's own\n")
    assert len(older(log)) == 2
    reading = journal.read(log.path)
    assert (numbers(reading.events), reading.skipped) == ([1], 1)


def test_where_no_file_can_be_set_aside_events_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(_self: Path, _target: Path) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(Path, "rename", rename)
    log = written(tmp_path, 20)
    assert older(log) == []
    assert numbers(journal.read(log.path).events) == list(range(20))


# --- while it happens -----------------------------------------------------------------------------------------------


def test_what_is_set_aside_between_two_looks_is_neither_missed_nor_met_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = archives._list
    for rotations in (0, 1, 2, 3):
        log = written(tmp_path / str(rotations), 6)
        cursor = journal.read(log.path, limit=1).cursor

        def meanwhile(path: Path, log: Journal = log, rotations: int = rotations) -> list[archives._Archive]:
            monkeypatch.setattr(archives, "_list", honest)
            for number in range(rotations * 4):
                log.append(event(6 + number), durable=False)
            return honest(path)

        monkeypatch.setattr(archives, "_list", meanwhile)
        reading = journal.read(log.path, cursor)
        assert len(reading.events) >= 5
        rest = journal.read(log.path, reading.cursor)
        assert numbers(reading.events + rest.events) == list(range(1, 6 + rotations * 4))


def test_a_file_that_is_removed_between_two_looks_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = written(tmp_path, 20)
    honest = archives._list

    def meanwhile(path: Path) -> list[archives._Archive]:
        found = honest(path)
        found[0].path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(archives, "_list", meanwhile)
    assert numbers(journal.read(log.path).events) == list(range(4, 20))


WRITER = """
import pathlib, sys, time
from codexwrap import events, journal
path, seat, seconds, rotate = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
log = journal.Journal(path, rotate=rotate)
end, number = time.monotonic() + seconds, 0
while time.monotonic() < end:
    data = {"number": number, "filler": "x" * (number * 37 % 900)}
    event = events.new("seat.alive", seat=seat, data=data)
    while True:  # as a seat's keeper does
        try:
            log.append(event, durable=False)
            break
        except journal.JournalError:
            pass
    number += 1
print(number)
"""


# CODEXWRAP_TEST_LONG=1: a hundred processes for a minute, as a fleet on one machine would have it.
@pytest.mark.timeout(240)
def test_many_processes_append_while_files_are_set_aside_and_no_line_is_lost_torn_or_out_of_order(
    tmp_path: Path,
) -> None:
    many, seconds, rotate = (100, 60.0, 1 << 20) if os.environ.get("CODEXWRAP_TEST_LONG") else (12, 2.0, 1 << 16)
    path = tmp_path / "feed.jsonl"
    command = [sys.executable, "-c", WRITER, str(path)]
    running = [
        subprocess.Popen([*command, f"seat{n}", str(seconds), str(rotate)], stdout=subprocess.PIPE) for n in range(many)
    ]
    seen: dict[str, list[int]] = {}
    cursor, skipped = START, 0
    while any(each.poll() is None for each in running) or journal.is_behind(path, cursor):
        reading = journal.read(path, cursor, limit=1 << 16)
        for each in reading.events:
            seen.setdefault(each.subject, []).append(each.data["number"])
        cursor, skipped = reading.cursor, skipped + reading.skipped
    counts = [int(each.communicate()[0]) for each in running]
    assert all(counts)
    assert skipped == 0
    assert seen == {f"seat{n}": list(range(count)) for n, count in enumerate(counts)}
    assert len(list(tmp_path.glob("feed-*.jsonl"))) > 3
    print(f"{sum(counts)} events of {many} processes in {seconds:g} s, {len(list(tmp_path.iterdir())) - 2} rotations")


# --- removing what nobody needs ---------------------------------------------------------------------------------------


def test_only_files_that_every_cursor_is_past_are_removed(tmp_path: Path) -> None:
    log = written(tmp_path, 20)
    files = older(log)
    entries = journal.read(log.path).entries
    names = [path.stem.rpartition("-")[2] for path in files]
    second = next(entry.after for entry in entries if entry.after.file == names[1])
    end = entries[-1].after
    assert log.prune([START, end], before=_ALL) == []
    assert log.prune([Cursor("of another journal", 5), end], before=_ALL) == []
    assert log.prune([second, end], before=_ALL) == files[:1]
    assert numbers(journal.read(log.path, second).events) == list(range(5, 20))
    assert log.prune([end], before=_ALL) == files[1:-1]
    assert log.prune([end], before=_ALL) == []
    assert log.prune([], before=_ALL) == []


def test_a_file_stays_as_long_as_it_is_young(tmp_path: Path) -> None:
    log = written(tmp_path, 20)
    files = older(log)
    for path in files[:2]:
        os.utime(path, (1e9, 1e9))
    os.utime(files[3], (1e9, 1e9))  # behind a younger one
    assert log.prune([], before=1.5e9) == files[:2]


def test_numbers_go_on_behind_those_that_were_removed(tmp_path: Path) -> None:
    log = written(tmp_path, 20)
    last = older(log)[-1]
    log.prune([], before=_ALL)
    assert older(log) == [last]
    cursor = journal.read(log.path).cursor
    log.append(*[event(number) for number in range(20, 30)])
    log.append(event(30))
    assert older(log)[0] == last
    assert numbers(journal.read(log.path, cursor).events) == list(range(20, 31))
