"""By sign-in, seat and item."""

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from codexwrap import credential, events, seats
from codexwrap.journal import Journal
from codexwrap.paths import State as Root
from codexwrap.usage import usage
from codexwrap.usage.owners import Owner
from tests.usage.rollouts import HOUR, NOW, begin, count, session_id, sign_in, write


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "state")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    sign_in(tmp_path / "codex")
    return tmp_path / "codex"


def collect(root: Root, home: Path, **more: Any) -> list[usage.Credential]:
    environ = {"CODEX_HOME": str(home)}
    return list(usage.collect(root, environ, now=NOW, zone=UTC, **more).credentials)


def shares(found: usage.Credential) -> dict[tuple[str | None, str | None], int]:
    return {(share.owner.seat, share.owner.item): share.tokens.total for share in found.shares}


def save(root: Root, seat: str, **more: Any) -> None:
    seats.save(root, seat, {"seat": seat, "state": "IDLE", "cause": None, "since": None, "checkpoint": None, **more})


def test_tokens_of_today_go_to_the_seat_and_the_item_that_it_was_at(root: Root, home: Path) -> None:
    write(home, 1, [begin(1), count(NOW - 5 * HOUR, total=5, last=5), count(NOW - HOUR, total=12, last=7)])
    write(home, 2, [begin(2), count(NOW - HOUR, total=100, last=100)])
    write(home, 3, [begin(3), count(NOW - HOUR, total=1000, last=1000), count(NOW - 13 * HOUR, total=2000, last=1000)])
    save(root, "beta", session=session_id(2), ticket="T-9")
    feed = Journal(root.feed)
    for at, ticket in ((NOW - 6 * HOUR, "T-1"), (NOW - 2 * HOUR, "T-2")):
        data = {"session": session_id(1), "ticket": ticket}
        feed.append(events.new("seat.started", seat="alpha", data=data, at=at))
    feed.append(events.new("seat.resumed", seat="alpha", data={"session": session_id(4)}, at=NOW - HOUR))
    feed.append(events.new("seat.resumed", seat="gamma", data={"session": session_id(4), "ticket": "T-3"}, at=NOW - 60))
    write(home, 4, [begin(4), count(NOW - 30, total=1, last=1)])
    (found,) = collect(root, home)
    assert shares(found) == {
        ("gamma", "T-3"): 1,
        ("alpha", "T-1"): 5,
        ("alpha", "T-2"): 7,
        ("beta", "T-9"): 100,
        (None, None): 1000,
    }
    assert found.today.total == 1113
    assert found.seats == ("alpha", "beta", "gamma")
    assert found.shares[0].owner == Owner()


def test_the_sign_in_is_named_as_the_feed_names_it(root: Root, home: Path) -> None:
    write(home, 1, [begin(1), count(NOW - 60, total=5, last=5, used=40)])
    write(home, 2, [begin(2, creator_account_id="former"), count(NOW - 60, total=6, last=6, used=70)])
    mine, former = collect(root, home)
    assert (mine.credential, mine.now) == (credential.of(home, "account-1"), True)
    assert (former.credential, former.now) == (credential.of(home, "former"), False)
    assert [meter.window.used for meter in mine.meters] == [40, pytest.approx(40 / 7)]
    assert [meter.window.minutes for meter in mine.meters] == [300, 10080]
    assert len(mine.forecasts) == 2


def test_homes_of_seats_are_found_by_their_checkpoints_and_remembered(root: Root, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    sign_in(other, "account-2")
    write(other, 7, [begin(7), count(NOW - 60, total=5, last=5)])
    checkpoint = tmp_path / "checkpoint.json"
    checkpoint.write_text(f'{{"home": "{other}"}}')
    save(root, "alpha", session=session_id(7), ticket="T-1", checkpoint=str(checkpoint))
    write(home, 1, [begin(1), count(NOW, total=1, last=1)])
    _, found = collect(root, home)
    assert (found.home, shares(found)) == (other, {("alpha", "T-1"): 5})
    checkpoint.unlink()
    assert [each.home for each in collect(root, home)] == [home, other]
    found, *_ = collect(root, tmp_path / "none", homes=[other, other / "."])
    assert found.home == other


def test_a_home_that_is_not_there_and_a_state_root_that_cannot_be_written(
    root: Root, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert collect(root, home / "none") == []
    write(home, 1, [begin(1), count(NOW - 60, total=5, last=5)])

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("codexwrap.atomic.write", full)
    (found,) = collect(root, home)
    assert found.today.total == 5
