import os
from pathlib import Path

from tests import busy


def test_snapshots_of_a_busy_repository_are_whole_and_true(tmp_path: Path) -> None:
    """More of them: CODEXWRAP_TEST_BUSY=500, or `python -m tests.busy check FOLDER 500`."""
    report = busy.check(tmp_path, int(os.environ.get("CODEXWRAP_TEST_BUSY", "25")), seed=os.getpid())
    assert report.wrong == []
    assert report.taken > report.during_git, "most of them are of a tree that is known at every moment"
    assert report.noted < report.files / 20
