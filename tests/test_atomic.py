import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap import atomic


@pytest.fixture
def liberal() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("liberal")
def test_files_and_directories_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    folder = atomic.private_dir(tmp_path / "a/b")
    atomic.write(folder / "file", b"x")
    assert (mode(tmp_path / "a"), mode(folder), mode(folder / "file")) == (0o700, 0o700, 0o600)


@pytest.mark.usefixtures("liberal")
def test_a_directory_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    atomic.private_dir(tmp_path / "a/b")
    assert mode(tmp_path / "a") == 0o755


def test_many_can_make_the_same_directory_at_once(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def make() -> None:
        try:
            for number in range(100):
                atomic.private_dir(tmp_path / f"{number}/a/b")
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"", b"one", b"two" * 1_000_000):
        atomic.write(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_finds_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"0" * 300_000)
    stop = threading.Event()

    def write() -> None:
        for number in range(50):
            atomic.write(path, b"%d" % (number % 10) * 300_000, durable=False)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        seen = path.read_bytes()
        assert (len(seen), len(set(seen))) == (300_000, 1)
    writer.join()


def test_a_long_name_leaves_room_for_the_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / ("\N{PILE OF POO}" * 63)
    atomic.write(path, b"x")
    assert path.read_bytes() == b"x"


def test_a_write_that_cannot_be_ended_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        atomic.write(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def _limit_file_size() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


def test_a_file_that_does_not_fit_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"old")
    code = "import pathlib, sys\nfrom codexwrap import atomic\natomic.write(pathlib.Path(sys.argv[1]), b'x' * 5000)"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, preexec_fn=_limit_file_size)
    assert b"File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_sync_a_directory_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = os.fsync

    def fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(number, os.strerror(number))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    atomic.write(tmp_path / "file", b"x")
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_disk_that_fails_to_sync_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_fd: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="input/output"):
        atomic.write(tmp_path / "file", b"x")
    with pytest.raises(OSError, match="input/output"):
        atomic.sync_dir(tmp_path)
    assert list(tmp_path.iterdir()) == []
    atomic.write(tmp_path / "file", b"x", durable=False)
