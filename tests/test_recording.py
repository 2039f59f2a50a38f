"""What is kept of a seat's output."""

import json
import stat
from pathlib import Path

import pytest

from codexwrap import cast, recording
from codexwrap.recording import Recorder
from tests import disks

HEADER = b'{"version":3,"term":{"cols":80,"rows":24},"timestamp":1700000000}\n'


def line(time: float, code: str, data: str) -> bytes:
    return json.dumps([time, code, data]).encode() + b"\n"


def read(path: Path) -> list[cast.Record]:
    header, records = cast.read(path.read_bytes().splitlines())
    assert (header.columns, header.lines, header.timestamp) == (80, 24, 1700000000)
    return list(records)


def test_all_of_it_is_in_the_file_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "recordings/alpha/run.cast"
    recorder = Recorder(HEADER, path)
    recorder.line(line(0.5, "o", "one"))
    recorder.line(line(0.25, "o", "two"))
    assert read(path) == [(0.5, "o", "one"), (0.75, "o", "two")]
    recorder.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    Recorder(HEADER).line(line(0.5, "o", "one"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_recent_can_be_saved(tmp_path: Path) -> None:
    recorder = Recorder(HEADER)
    recorder.line(line(0.5, "o", "one"))
    recorder.line(line(0.25, "m", "submit"))
    assert recorder.save(tmp_path / "unknown/a.cast")
    assert read(tmp_path / "unknown/a.cast") == [(0.5, "o", "one"), (0.75, "m", "submit")]


def test_what_is_saved_holds_no_secret(tmp_path: Path) -> None:
    recorder = Recorder(HEADER)
    recorder.line(line(0, "o", "sk-" + "proj-abcDEF123456ghiJKL789012mnoPQR and correct-horse"))
    assert recorder.save(tmp_path / "a.cast", ["correct-horse"])
    text = (tmp_path / "a.cast").read_text()
    assert "abcDEF123456" not in text
    assert "correct-horse" not in text
    assert " and " in text


def test_what_was_forgotten_is_a_gap_at_its_time_and_in_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_RECENT", 60)
    recorder = Recorder(HEADER)
    forgotten = [line(1, "o", "x" * 20), line(1, "r", "100x30"), line(1, "o", "y" * 20)]
    for each in [*forgotten, line(1, "o", "z" * 40)]:
        recorder.line(each)
    assert recorder.save(tmp_path / "a.cast")
    gap = f"gap {sum(map(len, forgotten))}"
    assert read(tmp_path / "a.cast") == [(3, "m", gap), (3, "r", "100x30"), (4, "o", "z" * 40)]


def test_a_full_disk_ends_the_file_and_nothing_else(tmp_path: Path) -> None:
    with disks.small(tmp_path / "disk", options="size=128k") as folder:
        recorder = Recorder(HEADER, folder / "run.cast")
        for _ in range(100):
            recorder.line(line(0, "o", "x" * 4000))
        disks.fill(folder)
        assert not recorder.save(folder / "a.cast")
        assert [path.name for path in folder.iterdir() if path.name.endswith("a.cast")] == []
        recorder.close()


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recorder = Recorder(HEADER, tmp_path / "file/run.cast")
    recorder.line(line(0, "o", "one"))
    assert not recorder.save(tmp_path / "file/a.cast")
