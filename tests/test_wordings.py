"""What is drawn at a death stands in the program itself."""

from pathlib import Path

import pytest

from codexwrap import wordings
from tests import support


def _program(path: Path, *sentences: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF\x00" + b"".join(each.encode() + b"\x00" for each in sentences))
    return path


OLD_GAPS = (
    "Your access token could not be refreshed because you have since logged out",
    "Your workspace is out of credits",
    "You hit your spend cap",
    "Selected model is at capacity",
)


@pytest.mark.parametrize(("version", "gone"), [(None, ()), ("0.144.6", ()), ("0.98.0", OLD_GAPS)])
def test_a_real_codex_holds_the_wordings_of_its_time(version: str | None, gone: tuple[str, ...]) -> None:
    program = wordings.native(support.codex(version))
    assert program is not None
    found = wordings.check(program)
    assert (found.gone, found.new) == (gone, ())


def test_what_is_not_there_is_gone(tmp_path: Path) -> None:
    found = wordings.check(_program(tmp_path / "codex", "You hit your spend cap set by the owner of your workspace."))
    assert found.present == ("You hit your spend cap",)
    assert "hit your usage limit" in found.gone


def test_quotes_may_be_curly(tmp_path: Path) -> None:
    words = "Codex ran out of room in the model’s context window."
    assert wordings.check(_program(tmp_path / "codex", words)).present == (
        "ran out of room in the model's context window",
    )


def test_a_sentence_like_them_that_no_rule_knows_is_new(tmp_path: Path) -> None:
    fresh = "Your workspace is closed for the holidays."
    known = "Your workspace is out of credits. Add credits to continue."
    assert wordings.check(_program(tmp_path / "codex", fresh, known)).new == (fresh,)


def test_a_program_that_is_not_npms_launcher_is_itself_the_native_one(tmp_path: Path) -> None:
    program = _program(tmp_path / "codex", "Quota exceeded")
    assert wordings.native(program) == program.resolve()
    assert wordings.native(tmp_path / "missing") is None
