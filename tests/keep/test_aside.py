import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codexwrap.keep.about import About, Scene
from codexwrap.keep.aside import Aside
from codexwrap.story import Session
from tests.support import eventually

ABOUT = About("alpha", "run-1", ["codex"], "/", 1, 2.0)

# Notes each request in the file that $NOTES names, and waits there for a file of that name with `.go` behind.
SAVER = """
import json, os, pathlib, sys, time
notes = pathlib.Path(os.environ["NOTES"])
request = json.load(sys.stdin)
with notes.open("a") as file:
    file.write(json.dumps(request) + "\\n")
while not notes.with_suffix(".go").exists():
    time.sleep(0.01)
print(os.environ.get("SAYS", ""))
sys.exit(int(os.environ.get("STATUS", "0")))
"""


class Stage:
    def __init__(self, folder: Path, **environ: str) -> None:
        self.notes, self.learnt = folder / "notes", list[dict[str, Any]]()
        own = {**os.environ, "NOTES": str(self.notes), **environ}
        self.aside = Aside(ABOUT, own, self.learnt.append, [sys.executable, "-c", SAVER])

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.notes.read_text().splitlines()] if self.notes.exists() else []

    def go(self) -> None:
        self.notes.with_suffix(".go").touch()

    def until_idle(self) -> None:
        def idle() -> bool:
            self.aside.poll()
            return not self.aside.busy

        eventually(idle)


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Stage]:
    return lambda **environ: Stage(tmp_path, **environ)


def test_a_saver_is_told_which_seat_it_is_and_what_to_do(stage: Callable[..., Stage]) -> None:
    own = stage()
    own.go()
    own.aside.complete(Path("/x/one.json"))
    own.until_idle()
    own.aside.roll("TURN", Scene(("a", "b"), "go"), Session("id-1", Path("/r")))
    own.until_idle()
    first, second = own.requests()
    assert (first["path"], first["about"]) == ("/x/one.json", json.loads(json.dumps(ABOUT._asdict())))
    assert second.pop("id")
    del second["about"]
    expected = {"trigger": "TURN", "scene": {"rows": ["a", "b"], "prompt": "go"}, "session": ["id-1", "/r"]}
    assert second == expected
    assert own.learnt == []


def test_savers_run_one_by_one_and_nobody_waits_for_them(stage: Callable[..., Stage]) -> None:
    own = stage()
    for name in "abc":
        own.aside.complete(Path(name))
    eventually(own.requests)
    own.aside.poll()
    assert own.aside.busy
    assert len(own.requests()) == 1
    own.go()
    own.until_idle()
    assert [each["path"] for each in own.requests()] == ["a", "b", "c"]


def test_of_checkpoints_that_wait_only_the_newest_is_made_and_none_of_a_death_is_left_out(
    stage: Callable[..., Stage],
) -> None:
    own = stage()
    own.aside.complete(Path("a"))
    own.aside.roll("TURN", Scene(), None)
    own.aside.complete(Path("b"))
    own.aside.roll("CHANGE", Scene(), None)
    own.go()
    own.until_idle()
    assert [each.get("path") or each["trigger"] for each in own.requests()] == ["a", "b", "CHANGE"]


def test_what_a_saver_learnt_is_passed_on(stage: Callable[..., Stage]) -> None:
    own = stage(SAYS='{"path": "/x"}')
    own.go()
    own.aside.roll("TURN", Scene(), None)
    own.until_idle()
    assert own.learnt == [{"path": "/x"}]


@pytest.mark.parametrize(
    "environ", [{"SAYS": '{"path"'}, {"SAYS": '{"path": "/x"}', "STATUS": "3"}], ids=["torn", "failed"]
)
def test_what_a_saver_says_that_failed_is_not(stage: Callable[..., Stage], environ: dict[str, str]) -> None:
    own = stage(**environ)
    own.go()
    own.aside.roll("TURN", Scene(), None)
    own.until_idle()
    assert own.learnt == []


def test_a_saver_that_cannot_be_started_or_reads_nothing_hurts_nobody(tmp_path: Path) -> None:
    for command in (["/nonexistent"], ["true"]):
        aside = Aside(ABOUT, os.environ, lambda _: None, command)
        aside.roll("TURN", Scene(tuple("x" * 1000 for _ in range(200))), None)
        eventually(lambda aside=aside: (aside.poll(), not aside.busy)[1])  # type: ignore[misc]


def test_at_the_end_what_waits_is_started(stage: Callable[..., Stage]) -> None:
    own = stage()
    own.aside.complete(Path("a"))
    own.aside.complete(Path("b"))
    own.aside.leave()
    eventually(lambda: len(own.requests()) == 2)
    own.go()
    own.until_idle()
