"""The recorder writes what happened, and nothing where it did not happen."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from codexwrap import cast
from codexwrap.drill.driver import Chunk
from tests import support
from tests.record import recorder, scenarios
from tests.record.deaths import usage_limit
from tests.record.labels import label
from tests.record.recorder import Job, Take
from tests.record.scenario import Scenario
from tests.record.stage import Episode, NotAsPlannedError
from tests.record.steps import dies

START = 1_700_000_000.0
SAYS: Mapping[str, str | None] = {r"You'vehityourusagelimit\.Tryagainat\d+:\d+PM\.": None}


def take(*chunks: Chunk, status: int | None = None) -> Take:
    return Take(list(chunks), START, 60, 10, status, START + 9, {"TERM": "xterm", "TZ": "UTC", "SECRET": "x"})


def written(at: float, text: str) -> Chunk:
    return Chunk(START + at, text.encode())


def test_the_banner_is_there_with_its_last_byte() -> None:
    played = take(
        written(1, "\x1b[HWorking"),
        written(2.0, "\x1b[2J\x1b[3;1H■ You’ve hit your usage limit. Try"),
        written(2.1, " again at 3:16 PM."),
        written(2.2, " (or so)"),
        written(4, "\x1b[8;1Hgo"),
    )
    episode = Episode("limit.usage", SAYS, {"kind": "http"}, resets_at=1_700_010_000, error_at=START + 1.9)
    it = label("9.9.9", Scenario("s", ()), played, [episode])
    assert it["expected"]["verdict"] == "DEAD"
    assert (it["expected"]["cause"], it["expected"]["recoverable"]) == ("limit.usage", "wait")
    assert it["expected"]["resets_at"] == 1_700_010_000
    assert (it["provider_error_at"], it["banner_at"]) == (1.9, 2.2)


def test_words_that_tell_less_than_the_truth_are_labelled_so() -> None:
    says = {"Yourworkspaceisoutofcredits": None, "usagelimit": "limit.usage"}
    episode = Episode("credits.workspace_depleted", says, {}, error_at=START)
    it = label("9.9.9", Scenario("s", ()), take(written(1, "■ You've hit your usage limit.")), [episode])
    assert it["expected"]["cause"] == "credits.workspace_depleted"
    assert it["expected"]["screen_cause"] == "limit.usage"


def test_an_episode_that_has_passed_leaves_the_seat_alive() -> None:
    episode = Episode("limit.usage", SAYS, {}, error_at=START, alive_at=START + 5)
    it = label(
        "9.9.9", Scenario("s", ()), take(written(1, "You've hit your usage limit. Try again at 3:16 PM.")), [episode]
    )
    assert (it["expected"]["verdict"], it["expected"]["cause"]) == ("ALIVE", None)
    assert it["expected"]["episodes"][0]["alive_at"] == 5


def test_words_that_are_not_in_the_recording_are_no_label() -> None:
    episode = Episode("limit.usage", SAYS, {}, error_at=START + 3)
    with pytest.raises(NotAsPlannedError):
        label("9.9.9", Scenario("s", ()), take(written(1, "You've hit your"), written(4, " nothing")), [episode])


def test_a_take_is_written_as_a_cast_without_input_and_without_the_rest_of_the_environment() -> None:
    played = take(written(1, "héllo"), Chunk(START + 2, b"", (50, 12)), written(3, "wörld"), status=-9)
    header, records = cast.read(played.encode().splitlines())
    assert (header.columns, header.lines, header.timestamp) == (60, 10, START)
    assert header.env == {"TERM": "xterm", "TZ": "UTC"}
    assert [(round(r.time, 3), r.code, r.data) for r in records] == [
        (1, "o", "héllo"),
        (2, "r", "50x12"),
        (3, "o", "wörld"),
        (9, "x", "137"),
    ]
    _, records = cast.read(take(written(1, "x")).encode().splitlines())
    assert [(r.time, r.code) for r in records][-1] == (9, "m")


def job(name: str, out: Path) -> Job:
    codex = support.codex()
    return Job(codex, codex.parents[2].name[1:], name, 80, 24, out)


def test_a_real_death_is_recorded_with_what_the_provider_answered(tmp_path: Path) -> None:
    it = job("limit-team", tmp_path)
    assert recorder.attempt(it) == (f"{it.version} limit-team-80x24: DEAD limit.usage", True)
    label = json.loads(it.label.read_text())
    assert label["answered"]["status"] == 429
    assert label["answered"]["plan"] == "team"
    assert label["expected"]["resets_at"] == label["answered"]["resets_at"]
    assert 0 < label["provider_error_at"] <= label["banner_at"]


def test_what_did_not_happen_is_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never = replace(usage_limit("plus"), says={"nobodysaysthis": None}, wait=3)
    monkeypatch.setitem(scenarios.SCENARIOS, "never", Scenario("never", (dies(never),)))
    line, made = recorder.attempt(job("never", tmp_path))
    assert not made
    assert "nobodysaysthis" in line
    assert list(tmp_path.iterdir()) == []


def test_scenarios_have_names_of_their_own() -> None:
    assert len(scenarios.SCENARIOS) == len(scenarios.ALL)
