"""The recordings hold what they are said to hold."""

import re
from collections import Counter

import pytest

from codexwrap import cast
from codexwrap.drill.driver import squash
from codexwrap.screen.screen import Screen
from tests import corpus

RECORDINGS = list(corpus.recordings())
FOREIGN = re.compile(rb"/root/|/home/|/work/|/opt/|/var/tmp|registry\.|sk-[A-Za-z0-9]{16}")


def test_there_are_enough_deaths_and_decoys_from_enough_versions() -> None:
    kinds = Counter("alive" if one.expected["verdict"] == "ALIVE" else "dead" for one in RECORDINGS)
    assert kinds["alive"] >= 150
    assert kinds["dead"] >= 150
    assert len({one.label["codex"] for one in RECORDINGS}) >= 10
    assert sum(one.cast.stat().st_size for one in RECORDINGS) < 8_000_000


def test_times_were_told_in_several_zones() -> None:
    zones = {cast.read(one.lines())[0].env["TZ"] for one in RECORDINGS if one.expected["resets_at"]}
    assert len(zones) >= 4


@pytest.mark.parametrize("recording", RECORDINGS, ids=[one.name for one in RECORDINGS])
def test_a_recording_is_whole_and_its_label_fits(recording: corpus.Recording) -> None:
    header, records = cast.read(recording.lines())
    label, expected = recording.label, recording.expected
    assert (header.columns, header.lines) == (label["columns"], label["lines"])
    assert recording.name == f"{label['codex']}/{label['scenario']}-{header.columns}x{header.lines}"
    assert header.env.keys() <= {"TERM", "TZ"}
    events = list(records)
    assert {event.code for event in events} <= {cast.OUTPUT, cast.RESIZE, cast.MARK, cast.EXIT}
    assert events[-1].code == cast.EXIT or (events[-1].code, events[-1].data) == (cast.MARK, "end")
    open_episodes = [each for each in expected["episodes"] if each["alive_at"] is None]
    assert [each["cause"] for each in open_episodes] == ([expected["cause"]] if expected["cause"] else [])
    for episode in expected["episodes"]:
        assert 0 <= episode["banner_at"] <= events[-1].time + 0.001  # both are rounded


@pytest.mark.parametrize("recording", RECORDINGS, ids=[one.name for one in RECORDINGS])
def test_a_recording_names_no_machine(recording: corpus.Recording) -> None:
    assert not FOREIGN.search(recording.data())


def test_the_words_of_a_death_are_not_there_before_they_are_said_to_be() -> None:
    """Checked on all whose words no decoy of the same recording quotes."""
    for recording in corpus.recordings("*/auth-revoked-*"):
        if "screen_cause" in recording.expected:  # 0.47 has other words for it
            continue
        header, records = cast.read(recording.lines())
        screen = Screen(header.columns, header.lines)
        for event in records:
            seen = "refreshtokenwasrevoked" in squash("\n".join(screen.rows()))
            assert not (seen and event.time < recording.label["banner_at"] - 0.001)  # which is rounded
            if event.code == cast.OUTPUT:
                screen.feed(event.data.encode())
        assert "refreshtokenwasrevoked" in squash("\n".join(screen.rows()))
