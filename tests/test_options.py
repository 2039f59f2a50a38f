import pytest

from codexwrap.errors import UsageError
from codexwrap.options import Parser, count


def parser() -> Parser:
    made = Parser("codexwrap feed", description="Show.")
    made.add_argument("--last", type=count)
    return made


@pytest.mark.parametrize(
    "arguments", [["--nope"], ["--las", "1"], ["--last"], ["--last", "x"], ["--last", "-1"], ["x"]]
)
def test_what_is_wrong_is_one_line_that_names_the_command(arguments: list[str]) -> None:
    with pytest.raises(UsageError, match=r"^feed: [^\n]+ \(codexwrap feed --help\)$"):
        parser().parse_args(arguments)


def test_a_count_is_none_or_more() -> None:
    assert [parser().parse_args(["--last", text]).last for text in ("0", "7")] == [0, 7]
