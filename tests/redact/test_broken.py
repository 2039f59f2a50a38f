"""Secrets that a row's end or an escape sequence breaks."""

import pytest

from codexwrap.redact import broken
from codexwrap.redact.redact import redact

KEY = "sk-" + "proj-abcDEF123456ghiJKL789012mnoPQR"


@pytest.mark.parametrize("words", [KEY.replace("proj-", "proj- "), KEY.replace("proj-", "proj-\n    "), KEY])
def test_a_key_that_goes_on_behind_a_hyphen_is_one(words: str) -> None:
    said = broken.text(f"the key {words}, url: http://localhost/")
    assert said.startswith("the key [redacted ")
    assert said.endswith("], url: http://localhost/")
    assert said.count("redacted") == 1


@pytest.mark.parametrize(
    "words",
    [
        "- one\n- two",
        "401 Unauthorized: token_revoked. Please sign in again.",
        "a well- known text - with hyphens-, of all- kinds",
        "",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(words: str) -> None:
    assert broken.text(words) == words


def test_known_values_are_found_across_the_break_too() -> None:
    assert "horse" not in broken.text("it is correct- horse", ["correct-horse"])


def test_redacting_twice_changes_nothing_more() -> None:
    once = broken.text(f"{KEY[:8]} {KEY[8:]}")
    assert broken.text(once) == redact(once) == once


@pytest.mark.parametrize(
    "written",
    [
        [KEY],
        [KEY[:12], KEY[12:]],
        [f"\x1b[31m{KEY[:12]}\x1b[1m{KEY[12:]}\x1b[0m"],
        [f"\x1b[3;1H\x1b[K{KEY[:12]}\x1b[4;1H    {KEY[12:]}"],
        [f"{KEY[:12]}\r\n", f"\x1b]7501;state=working\x1b\\{KEY[12:]}"],
    ],
    ids=["whole", "in pieces", "styled", "by a move of the cursor", "by a line's end"],
)
def test_a_stream_keeps_its_length_and_its_sequences(written: list[str]) -> None:
    clean = broken.stream(["before ", *written, " after"])
    assert [len(each) for each in clean] == [len("before "), *map(len, written), len(" after")]
    text = "".join(clean)
    assert "DEF123" not in text
    assert "789012" not in text
    assert text.count("\x1b") == "".join(written).count("\x1b")
    assert text.startswith("before ")
    assert text.endswith(" after")


def test_a_stream_without_secrets_is_as_it_was() -> None:
    written = ["\x1b[?2026h\x1b[1;1HYou ran rg -n 'token'", "\r\n\x1b[K401 Unauthorized\x1b[?2026l"]
    assert broken.stream(written) == written
