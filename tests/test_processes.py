import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap import processes
from tests.support import eventually


@pytest.fixture
def family() -> Iterator[subprocess.Popen[str]]:
    """A process with a child that has a child, which sleeps until its standard input ends."""
    script = "sh -c 'sh -c \"echo up; read x; :\"; :'; :"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        yield process


def test_descendants_are_all_below_parents_first(family: subprocess.Popen[str]) -> None:
    found = processes.descendants(family.pid)
    assert len(found) == 3
    assert found[0] == family.pid
    for parent, child in itertools.pairwise(found):
        assert f"PPid:\t{parent}\n" in Path(f"/proc/{child}/status").read_text()


def test_a_process_with_an_odd_name_is_found(tmp_path: Path) -> None:
    program = tmp_path / ") R 1 ("
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as process:
        eventually(lambda: process.pid in processes.descendants(os.getpid()))
        process.kill()


def test_a_process_that_is_gone_has_only_itself() -> None:
    assert processes.descendants(2**22 + 1) == [2**22 + 1]
    assert processes.open_files(2**22 + 1) == []


def test_open_files_are_those_on_disk(tmp_path: Path) -> None:
    with (tmp_path / "kept").open("w"), (tmp_path / "deleted").open("w"):
        (tmp_path / "deleted").unlink()
        found = processes.open_files(os.getpid())
    assert tmp_path / "kept" in found
    assert not [path for path in found if "deleted" in path.name or not path.is_absolute()]


def test_a_process_is_alive_until_it_is_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert processes.is_alive(process.pid)
        eventually(lambda: "State:\tZ" in Path(f"/proc/{process.pid}/status").read_text())
        assert processes.is_alive(process.pid)
    assert not processes.is_alive(process.pid)


@pytest.mark.parametrize("number", [0, -1, -(2**31), 2**31, 10**30])
def test_what_is_no_number_of_a_process_is_not_alive(number: int) -> None:
    assert not processes.is_alive(number)
