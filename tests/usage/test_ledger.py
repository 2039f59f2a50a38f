"""What was read is remembered, and only what is new is read."""

import os
from pathlib import Path
from typing import Any

import pytest

from codexwrap.paths import State as Root
from codexwrap.usage import sessionfile
from codexwrap.usage.ledger import KEPT, Latest, Ledger
from codexwrap.usage.limits import Snapshot, Window
from tests.usage.rollouts import HOUR, NOW, begin, count, session_id, write


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "state")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "codex"


def update(root: Root, home: Path, account: str = "me", **more: Any) -> Ledger:
    ledger = Ledger(root, home)
    ledger.update(account, now=NOW, **more)
    return ledger


def total(ledger: Ledger) -> int:
    return sum(use.tokens.total for use in ledger.uses())


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read, by the number of their session."""
    read, found = sessionfile.read, list[str]()

    def noted(path: Path, *arguments: Any, **more: Any) -> sessionfile.Part:
        found.append(path.name[-7:-6])
        return read(path, *arguments, **more)

    monkeypatch.setattr(sessionfile, "read", noted)
    return found


def test_only_what_has_grown_is_read_again(root: Root, home: Path, reads: list[str]) -> None:
    for number in (1, 2):
        write(home, number, [begin(number), count(NOW - 60, total=5, last=5, used=9)])
    assert total(update(root, home)) == 10
    assert sorted(reads) == ["1", "2"]
    reads.clear()
    assert total(update(root, home)) == 10
    assert reads == []
    with next(home.rglob("*2.jsonl")).open("a") as file:
        file.write(count(NOW - 30, total=8, last=3, used=12) + "\n")
    ledger = update(root, home)
    assert (total(ledger), reads) == (13, ["2"])
    meter = ledger.meters["me"]["codex", 300]
    assert [point.used for point in meter.points] == [9, 12]
    assert total(Ledger(root, home)) == 13


def test_a_file_that_was_replaced_is_read_anew(root: Root, home: Path) -> None:
    path = write(home, 1, [begin(1), count(NOW - 60, total=5, last=5), count(NOW - 60, total=9, last=4)])
    assert total(update(root, home)) == 9
    new = path.with_name("new")
    new.write_text(f"{begin(1)}\n{count(NOW, total=3, last=3)}\n" + "x\n" * 1000)
    new.replace(path)
    os.utime(path, (NOW, NOW))
    assert total(update(root, home)) == 3
    with path.open("r+") as file:  # in place
        file.truncate(0)
        file.write(f"{begin(1)}\n{count(NOW, total=4, last=4)}\n")
    os.utime(path, (NOW, NOW))
    assert total(update(root, home)) == 4


def test_a_session_that_is_archived_is_not_counted_twice(root: Root, home: Path) -> None:
    path = write(home, 1, [begin(1), count(NOW - 60, total=5, last=5)])
    update(root, home)
    (home / "archived_sessions").mkdir()
    path = path.rename(home / "archived_sessions" / path.name)
    assert total(update(root, home)) == 5
    with path.open("a") as file:
        file.write(count(NOW, total=8, last=3) + "\n")
    assert total(update(root, home)) == 8


def test_a_deleted_session_still_counts_for_its_day(root: Root, home: Path) -> None:
    path = write(home, 1, [begin(1), count(NOW - 60, total=5, last=5)])
    update(root, home)
    path.unlink()
    ledger = update(root, home)
    assert total(ledger) == 5
    ledger.update("me", now=NOW + KEPT + HOUR)
    assert total(Ledger(root, home)) == 0


def test_what_is_old_is_neither_read_nor_counted(root: Root, home: Path, reads: list[str]) -> None:
    write(home, 1, [begin(1), count(NOW - 3 * 86400, total=5, last=5, used=3)], at=NOW - 3 * 86400)
    write(home, 2, [begin(2), count(NOW - 3 * 86400, total=5, last=5), count(NOW - 60, total=7, last=2, used=9)])
    ledger = update(root, home)
    assert (total(ledger), reads) == (2, ["2"])
    assert ledger.sessions == {session_id(1), session_id(2)}


def test_where_all_is_old_the_last_word_on_the_limits_is_looked_for(root: Root, home: Path) -> None:
    for number, used in ((1, 10.0), (2, 20.0)):
        at = NOW - (5 - number) * 86400
        write(home, number, [begin(number), count(at, total=5, last=5, used=used, plan_type="pro")], at=at)
    write(home, 3, [begin(3)], at=NOW - 2 * 86400)
    ledger = update(root, home)
    assert ledger.meters["me"]["codex", 300].window.used == 20
    assert ledger.latest["me"].plan == "pro"
    assert total(ledger) == 0


def test_each_account_has_its_own(root: Root, home: Path) -> None:
    write(home, 1, [begin(1), count(NOW - 60, total=5, last=5, used=10)])
    update(root, home, "one")
    write(home, 2, [begin(2), count(NOW - 50, total=7, last=7, used=20)])
    write(home, 3, [begin(3, creator_account_id="three"), count(NOW - 40, total=9, last=9, used=30)])
    ledger = update(root, home, "two")
    assert {use.account: use.tokens.total for use in ledger.uses()} == {"one": 5, "two": 7, "three": 9}
    assert {name: each["codex", 300].window.used for name, each in ledger.meters.items()} == {
        "one": 10,
        "two": 20,
        "three": 30,
    }


def test_a_bounded_pass_reads_the_newest_first_and_says_what_is_left(root: Root, home: Path, reads: list[str]) -> None:
    for number in (1, 2, 3):
        write(home, number, [begin(number), count(NOW - 60, total=5, last=5)], at=NOW - 100 + number)
    ledger = Ledger(root, home)
    assert ledger.update("me", now=NOW, budget=1) == 2
    assert reads == ["3"]
    assert ledger.update("me", now=NOW) == 0
    assert total(ledger) == 15


def test_what_was_told_last_is_kept_until_it_is_told_anew(root: Root, home: Path) -> None:
    own = {"has_credits": True, "unlimited": False, "balance": "12.5"}
    lines = [count(NOW - 60, used=5, credits=own, plan_type="plus"), count(NOW - 50, used=6)]
    ledger = update(root, home) if write(home, 1, [begin(1), *lines]) else None
    assert ledger is not None
    assert ledger.latest["me"] == Latest(NOW - 50, "plus", "12.5")


def test_what_was_heard_elsewhere_is_kept_too(root: Root, home: Path) -> None:
    home.mkdir()
    snapshot = Snapshot(NOW, (Window("codex", 300, 44.0, int(NOW + HOUR)),), plan="team")
    update(root, home, heard=snapshot)
    assert Ledger(root, home).meters["me"]["codex", 300].window.used == 44
    assert Ledger(root, home).latest["me"].plan == "team"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version":1}', '{"version":1,"files":{},"meters":{"a":[3]},"latest":{}}']
)
def test_a_ledger_that_cannot_be_read_is_made_anew(root: Root, home: Path, content: str) -> None:
    write(home, 1, [begin(1), count(NOW - 60, total=5, last=5)])
    update(root, home)
    (path,) = (root.root / "usage").iterdir()
    path.write_text(content)
    assert total(update(root, home)) == 5


def test_nobody_else_may_read_it(root: Root, home: Path) -> None:
    write(home, 1, [begin(1)])
    update(root, home)
    (path,) = (root.root / "usage").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
