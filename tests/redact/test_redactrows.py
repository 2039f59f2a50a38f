import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexwrap.redact import redactrows

KEY = ("  -----BEGIN RSA PRIVATE KEY-----", "  MIIEow1", "  q2w3e4", "  -----END RSA PRIVATE KEY-----")


def wrapped(text: str, columns: int, indent: str = "", border: str = "") -> list[str]:
    room = columns - len(indent) - len(border)
    return [indent + text[at : at + room].ljust(room) + border for at in range(0, len(text), room)]


@pytest.mark.parametrize(("indent", "border"), [("", ""), ("  ", ""), ("│ ", " │"), ("  └ ", "")])
@pytest.mark.parametrize("columns", [40, 50, 79])
def test_a_secret_that_is_wrapped_over_rows_is_replaced_in_all_of_them(columns: int, indent: str, border: str) -> None:
    token = "sk-ant-api03-" + "aB3dE" * 50
    for start in range(30, 60):
        text = "x" * start + " " + token + " and then more"
        screen = ["first", *wrapped(text, columns, indent, border), "last"]
        clean = redactrows.rows(screen)
        assert len(clean) == len(screen)
        assert (clean[0], clean[-1]) == ("first", "last")
        assert "aB3dE" not in "".join(clean)
        assert "".join(clean).count("[redacted anthropic-key]") == 1


def test_a_key_of_several_rows_is_replaced_in_all_of_them() -> None:
    screen = ["$ cat key", *KEY, "$ "]
    assert redactrows.rows(screen) == ["$ cat key", "  [redacted private-key]", "", "", "", "$ "]


def test_a_known_value_that_is_wrapped_is_replaced() -> None:
    assert redactrows.rows(["x" * 30 + "correct-", "horse"], ["correct-horse"]) == ["x" * 30 + "[redacted value]", ""]


def test_a_secret_at_the_start_of_a_row_is_found_below_a_full_row() -> None:
    token = "sk-ant-api03-abcdef"
    assert redactrows.rows(["x" * 40, token]) == ["x" * 40, "[redacted anthropic-key]"]


ORDINARY = (
    "",
    "token = next(tokens)",
    "max_tokens: 4096",
    "/home/user/src/token.py",
    "token_revoked",
    "• Ran sk-network",
)
SECRET = "ANTHROPIC: sk-ant-api03-abc_DEF-123456"


@given(st.lists(st.sampled_from(ORDINARY)))
def test_a_screen_without_secrets_stays_as_it_is(screen: list[str]) -> None:
    wide = "a status line as wide as the screen " * 4
    assert redactrows.rows([*screen, wide]) == [*screen, wide]


@given(
    st.lists(
        st.text() | st.sampled_from(["x" * 60, SECRET, "│ -----BEGIN PRIVATE KEY-----", "[redacted value]", "token="])
    )
)
def test_any_screen_keeps_its_rows_and_loses_its_secrets(screen: list[str]) -> None:
    clean = redactrows.rows([*screen, SECRET])
    assert len(clean) == len(screen) + 1
    assert not [row for row in clean if "abc_DEF-123456" in row]


def test_a_screen_of_nothing_stays_one() -> None:
    assert redactrows.rows([]) == []
    assert redactrows.rows([""] * 3) == [""] * 3


def test_a_key_that_a_program_broke_behind_its_hyphen_far_from_the_edge_is_replaced_in_both_rows() -> None:
    key = "sk-" + "proj-abcDEF123456ghiJKL789012mnoPQR"
    screen = ["x" * 100, f"■ The teapot has had enough. {key[:8]}", f"  {key[8:]}, url: http://localhost/"]
    above, below = redactrows.rows(screen)[1:]
    assert "DEF123456" not in above + below
    assert below.endswith(", url: http://localhost/")
