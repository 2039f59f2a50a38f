"""Ending processes and their families."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codexwrap.drill import processes
from tests.support import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="found through /proc")


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, whose environment carries a mark, and which does not want to end."""
    script = f"trap '' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done"
    env = {**os.environ, "DRILL_MARK": str(tmp_path)}
    with subprocess.Popen(["sh", "-c", script], env=env, start_new_session=True) as process:
        eventually((tmp_path / "ready").exists)
        yield process
        process.kill()


def test_a_process_is_found_by_its_environment(marked: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert marked.pid in processes.with_variable("DRILL_MARK", str(tmp_path))
    assert processes.with_variable("DRILL_MARK", str(tmp_path) + "x") == []
    assert "sleep 0.05" in processes.command(marked.pid)


def test_a_found_process_is_ended_even_if_it_does_not_want_to(marked: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert processes.end_with_variable("DRILL_MARK", str(tmp_path), grace=0.2) >= 1
    assert marked.wait() == -signal.SIGKILL
    eventually(lambda: processes.with_variable("DRILL_MARK", str(tmp_path)) == [])  # its last sleep ends by itself


def test_a_process_that_is_gone_is_no_error() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    processes.send(process.pid, signal.SIGTERM)
    assert processes.command(process.pid) == ""
