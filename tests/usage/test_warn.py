"""Each warning once per window, whatever happens in between."""

from pathlib import Path

import pytest
from filelock import FileLock

from codexwrap import journal
from codexwrap.config import Config
from codexwrap.events import Event
from codexwrap.journal import Journal, JournalError
from codexwrap.paths import State as Root
from codexwrap.usage import warn
from tests.usage.rollouts import HOUR, NOW, begin, count, sign_in, write

QUIET = {"secondary": None}


class Scene:
    """A home in which one session reads the limits."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = Root(folder / "state"), folder / "codex"
        self.config = Config()
        self.environ = {"CODEX_HOME": str(self.home), "TZ": "UTC"}
        self.lines = [begin(1)]
        sign_in(self.home)

    def reads(self, used: float, at: float, *, resets_at: float = NOW + 3 * HOUR) -> None:
        primary = {"used_percent": used, "window_minutes": 300, "resets_at": int(resets_at)}
        self.lines.append(count(at, used=used, primary=primary, secondary=None))
        write(self.home, 1, self.lines, at=at)

    def warned(self, now: float = NOW) -> list[str]:
        return [said(event) for event in warn.warnings(self.root, self.config, self.environ, now=now)]

    def posted(self) -> list[str]:
        return [said(event) for event in journal.read(self.root.feed).events]


def said(event: Event) -> str:
    assert event.type == "codexwrap.limit.warning"
    return str(event.data["threshold"] or event.data["kind"])


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_each_percent_is_warned_of_once(scene: Scene) -> None:
    for used, warned in ((79, []), (80, ["80"]), (81, []), (94, []), (95, ["95"]), (97, []), (100, [])):
        scene.reads(used, NOW)
        assert scene.warned() == warned
        assert scene.warned() == []
    assert scene.posted() == ["80", "95"]


def test_of_percents_passed_at_once_the_highest_is_warned_of(scene: Scene) -> None:
    scene.reads(97, NOW)
    assert scene.warned() == ["95"]
    scene.reads(85, NOW + 1, resets_at=NOW + 3 * HOUR + 5)
    assert scene.warned() == []


def test_the_percents_are_the_users(scene: Scene) -> None:
    scene.config = Config(warn_at="50")
    scene.reads(60, NOW)
    assert scene.warned() == ["50"]
    scene.config = Config(warn_at="")
    scene.reads(99, NOW)
    assert scene.warned() == []


def test_the_next_window_is_warned_of_again(scene: Scene) -> None:
    scene.reads(85, NOW)
    assert scene.warned() == ["80"]
    later = NOW + 3 * HOUR + 60
    assert scene.warned(later) == []  # it has reset, and nobody read it since
    scene.reads(84, later, resets_at=later + 5 * HOUR)
    assert scene.warned(later) == ["80"]


def test_a_window_that_the_provider_set_back_is_warned_of_again(scene: Scene) -> None:
    scene.reads(85, NOW)
    assert scene.warned() == ["80"]
    scene.reads(2, NOW + 60, resets_at=NOW + 4 * HOUR)
    assert scene.warned(NOW + 60) == []
    scene.reads(81, NOW + HOUR, resets_at=NOW + 4 * HOUR)
    assert scene.warned(NOW + HOUR) == ["80"]


def test_a_reset_that_moves_all_the_time_does_not_warn_all_the_time(scene: Scene) -> None:
    for minute in range(0, 120, 15):
        scene.reads(85 + minute / 60, NOW + minute * 60, resets_at=NOW + 3 * HOUR + minute * 60)
        scene.warned(NOW + minute * 60)
    assert scene.posted() == ["80"]


def test_a_forecast_of_the_wall_is_warned_of_once(scene: Scene) -> None:
    for minute in range(0, 61, 2):
        scene.reads(10 + minute // 2, NOW + minute * 60, resets_at=NOW + 4 * HOUR)
    (event,) = warn.warnings(scene.root, scene.config, scene.environ, now=NOW + HOUR)
    assert event.data["kind"] == "forecast"
    assert event.data["remedy"].startswith("At this rate the 5 h window is full at 15:")
    assert "before it resets (" in event.data["remedy"]
    assert event.data["earliest"] <= event.data["full_at"] <= event.data["latest"]
    assert event.data["percent_per_hour"] == pytest.approx(30, abs=1.5)
    scene.reads(45, NOW + 65 * 60, resets_at=NOW + 4 * HOUR)
    assert scene.warned(NOW + 66 * 60) == []


def test_a_rate_at_which_it_resets_first_is_not_warned_of(scene: Scene) -> None:
    for minute in range(0, 61, 2):
        scene.reads(10 + minute // 2, NOW + minute * 60, resets_at=NOW + 2.5 * HOUR)
    assert scene.warned(NOW + HOUR) == []


def test_what_was_posted_names_the_sign_in_and_no_account(scene: Scene) -> None:
    scene.reads(85, NOW)
    scene.warned()
    (event,) = journal.read(scene.root.feed).events
    assert event.data["credential"] == event.subject
    assert event.data["remedy"] == "85 % of the 5 h window is used; it resets at 15:00."
    assert b"account-1" not in event.to_line()


def test_a_feed_that_cannot_be_written_gets_its_warning_once_it_can(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise JournalError("no space left")

    scene.reads(85, NOW)
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "append", full)
        scene.warned()
    assert scene.posted() == []
    scene.warned()
    scene.warned()
    assert scene.posted() == ["80"]


def test_a_process_that_was_killed_when_it_had_posted_does_not_post_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.reads(85, NOW)
    append = Journal.append

    def killed(self: Journal, *added: Event, durable: bool = True) -> None:
        append(self, *added, durable=durable)
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(Journal, "append", killed)
        with pytest.raises(SystemExit):
            scene.warned()
    scene.warned()
    assert scene.posted() == ["80"]


def test_a_process_that_was_killed_before_it_posted_posts_when_it_is_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.reads(85, NOW)

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(Journal, "append", killed)
        with pytest.raises(SystemExit):
            scene.warned()
    scene.warned()
    assert scene.posted() == ["80"]


def test_of_two_at_a_time_one_works(scene: Scene) -> None:
    scene.reads(85, NOW)
    (scene.root.root / "usage").mkdir(parents=True)
    with FileLock(scene.root.root / "usage" / "warned.lock"):
        assert scene.warned() == []
    assert scene.warned() == ["80"]


def test_marks_that_cannot_be_read_do_not_keep_it_from_warning(scene: Scene) -> None:
    scene.reads(85, NOW)
    (scene.root.root / "usage").mkdir(parents=True)
    for content in ("", "[]", '{"warned":3}', '{"owed":[4]}'):
        (scene.root.root / "usage" / "warned.json").write_text(content)
        assert scene.warned() == ["80"]


def test_who_is_no_longer_signed_in_is_not_warned_of(scene: Scene) -> None:
    scene.reads(85, NOW)
    scene.config = Config(warn_at="")
    assert scene.warned() == []
    sign_in(scene.home, "account-2")
    scene.config = Config()
    assert scene.warned() == []
    scene.reads(86, NOW + 5)
    assert scene.warned() == ["80"]
