"""A screen shows what terminals show."""

import gzip
import lzma
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager as ContextManager
from pathlib import Path

import pytest

from codexwrap import cast
from codexwrap.screen.screen import Cell, Screen, text_of
from tests.reference import Ghostty, Pane, Tmux, assert_looks_like, trimmed
from tests.screen_cases import CASES, COLUMNS, LINES, Case

RECORDINGS = Path(__file__).parents[1] / "recordings"
SAMPLE = 12  # recordings that are compared with tmux


def names(case: Case) -> str:
    return case.name


@pytest.fixture(scope="module")
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    with Tmux(tmp_path_factory.mktemp("tmux")) as server:
        yield server


def screen(data: str | bytes = b"", columns: int = COLUMNS, lines: int = LINES, *, scrollback: int = 200) -> Screen:
    new = Screen(columns, lines, scrollback=scrollback)
    new.feed(data.encode() if isinstance(data, str) else data)
    return new


def place(x: int, y: int) -> tuple[int, int]:
    """Where a cursor is, without telling whether the next character wraps."""
    return min(x, COLUMNS - 1), y


def history(shown: Screen) -> list[str]:
    return [text_of(row) for row in shown.scrollback]


# What is shown


@pytest.mark.parametrize("case", CASES, ids=names)
def test_it_shows(case: Case) -> None:
    shown = screen(case.data)
    assert trimmed(shown.rows()) == case.rows
    assert place(shown.cursor.x, shown.cursor.y) == case.cursor


@pytest.mark.parametrize("case", CASES, ids=names)
def test_it_shows_the_same_byte_by_byte(case: Case) -> None:
    shown = screen()
    for byte in case.data.encode():
        shown.feed(bytes([byte]))
    assert trimmed(shown.rows()) == case.rows
    assert place(shown.cursor.x, shown.cursor.y) == case.cursor


@pytest.mark.parametrize("case", [case for case in CASES if not case.unlike_tmux], ids=names)
def test_tmux_shows_the_same(case: Case, tmux: Tmux) -> None:
    with tmux.screen(COLUMNS, LINES) as pane:
        pane.feed(case.data.encode())
        assert (trimmed(pane.rows()), place(*pane.cursor)) == (case.rows, case.cursor)


@pytest.mark.parametrize("case", [case for case in CASES if not case.unlike_ghostty], ids=names)
def test_libghostty_shows_the_same(case: Case) -> None:
    pytest.importorskip("pyghostty")
    with Ghostty(COLUMNS, LINES) as terminal:
        terminal.feed(case.data.encode())
        assert (trimmed(terminal.rows()), place(*terminal.cursor)) == (case.rows, case.cursor)


def test_each_case_counts_for_a_reference() -> None:
    assert not [case.name for case in CASES if case.unlike_tmux and case.unlike_ghostty]


# How it looks


LOOKS = {
    "31": Cell("x", fg="red"),
    "33": Cell("x", fg="brown"),
    "91": Cell("x", fg="brightred"),
    "41": Cell("x", bg="red"),
    "105": Cell("x", bg="brightmagenta"),
    "31;39": Cell("x"),
    "44;49": Cell("x"),
    "38;5;1": Cell("x", fg="cd0000"),
    "48;5;200": Cell("x", bg="ff00d7"),
    "38;2;45;45;45": Cell("x", fg="2d2d2d"),
    "48;2;45;45;45": Cell("x", bg="2d2d2d"),
    "38:5:3": Cell("x", fg="cdcd00"),
    "38:2:1:2:3": Cell("x", fg="010203"),
    "38:2::1:2:3": Cell("x", fg="010203"),
    "48:2::1:2:3;1": Cell("x", bg="010203", bold=True),
    "58;5;1;1": Cell("x", bold=True),
    "58;2;1;2;3;3": Cell("x", italics=True),
    "58:2::1:2:3": Cell("x"),
    "59": Cell("x"),
    "1;2;3;4;5;7;9": Cell("x", "default", "default", True, True, True, True, True, True, True),
    "1;2;3;4;5;7;9;22;23;24;25;27;29": Cell("x"),
    "1;2;22": Cell("x"),
    "6": Cell("x", blink=True),
    "8": Cell("x"),
    "21": Cell("x", underscore=True),
    "4:3": Cell("x", underscore=True),
    "4;4:0": Cell("x"),
    "4:9": Cell("x"),
    "31;1;0": Cell("x"),
    "31;;1": Cell("x", bold=True),
    "31;": Cell("x"),
    "31;999;4": Cell("x", fg="red", underscore=True),
    "38;5;300;1": Cell("x", bold=True),
    "38;5": Cell("x"),
    "38": Cell("x"),
    "31;38;2;1;;3": Cell("x", italics=True),
    "38;2;1;2;300": Cell("x", bold=True, faint=True),
    "38;7;1": Cell("x", bold=True),
    "38:5": Cell("x"),
    "38:2:1:2": Cell("x"),
    "1:2": Cell("x"),
}


@pytest.mark.parametrize("attributes", LOOKS)
def test_sgr(attributes: str, tmux: Tmux) -> None:
    data = f"\x1b[{attributes}mx"
    assert screen(data).cell(0, 0) == LOOKS[attributes]
    with tmux.screen(COLUMNS, LINES) as pane:
        pane.feed(data.encode())
        assert_looks_like(screen(data), pane)


def test_sgr_of_other_sequences_is_not_taken() -> None:
    assert screen("\x1b[31m\x1b[>4;2m\x1b[>4;?m\x1b[?4m\x1b[=1m\x1b[1 mx").cell(0, 0) == Cell("x", fg="red")


def test_an_erased_cell_keeps_the_background_and_nothing_else() -> None:
    shown = screen("abc\x1b[1;31;44;7m\x1b[2J\x1b[5;1H\n")
    assert {cell for row in shown.buffer for cell in row} == {Cell(" ", bg="blue")}


def test_a_wide_character_stands_in_its_left_cell() -> None:
    shown = screen("\x1b[31m日x")
    assert [shown.cell(0, x) for x in range(3)] == [Cell("日", fg="red"), Cell("", fg="red"), Cell("x", fg="red")]
    assert shown.text(0) == "日x"
    assert shown.display[0] == "日x         "


# The stream


def test_bytes_that_are_not_utf8_are_replacement_characters() -> None:
    assert screen(b"a\xff\xfeb\xc3\x1b[31mc\xe2\x94").text(0) == "a��b�c"


def test_an_osc_is_handed_on_without_its_frame() -> None:
    heard: list[str] = []
    shown = screen()
    shown.on_osc = heard.append
    shown.feed(b"\x1b]7501;state=error:app=codex\x1b\\x\x1b]0;\xe2\x9c\xb3 title\x07\x1b]8;;\x1b[mno st")
    shown.feed(b"\x1b]52;c;not whole\x18\x1b]9;hel")
    shown.feed(b"lo\nthere\x1b")
    shown.feed(b"\\\x1bPdcs\x1b\\\x1b_apc\x1b\\")
    assert heard == ["7501;state=error:app=codex", "0;✳ title", "8;;", "9;hellothere"]


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_an_endless_osc_is_dropped(piece: int) -> None:
    heard: list[str] = []
    shown = screen()
    shown.on_osc = heard.append
    data = b"\x1b]52;c;" + b"A" * 70_000 + b"\x07\x1b]0;next\x07ok"
    for start in range(0, len(data), piece):
        shown.feed(data[start : start + piece])
    assert heard == ["0;next"]
    assert shown.text(0) == "ok"


@pytest.mark.parametrize("piece", [1, 100, 100_000])
def test_an_endless_sequence_is_dropped(piece: int) -> None:
    shown = screen("ab")
    data = b"\x1b[" + b"31;" * 300 + b"1mc"
    for start in range(0, len(data), piece):
        shown.feed(data[start : start + piece])
    assert shown.text(0) == "abc"
    assert shown.cell(0, 2) == Cell("c")


def test_a_character_is_not_repeated_much_beyond_a_full_screen() -> None:
    shown = screen("ab\x1b[65535b")
    assert (trimmed(shown.rows()), shown.cursor.x) == (["b" * 12] * 4 + ["b" * 5], (2 + 65535) % COLUMNS)
    assert shown.pushed < 2 * LINES


def test_a_frame_is_told_when_it_is_whole_and_in_the_order_of_the_stream() -> None:
    heard: list[object] = []
    shown = screen()
    shown.on_osc = heard.append
    shown.on_frame = lambda: heard.append((shown.synchronizing, shown.text(0)))
    shown.feed(b"\x1b]0;a\x07\x1b[?2026hone")
    assert shown.synchronizing
    assert heard == ["0;a"]
    shown.feed(b" two\x1b]0;b\x07 three\x1b[?2026")
    shown.feed(b"l\x1b]0;c\x07\x1b[?25;2026hfour\x1b[2026l\x1b[?2026l")
    assert heard == ["0;a", "0;b", (False, "one two thre"), "0;c", (False, "one two thre")]


# Titles and modes


def test_a_title_is_set_by_osc_0_and_2_put_on_a_stack_and_taken_back() -> None:
    shown = screen("\x1b]0;one\x07")
    assert (shown.title, shown.icon_name) == ("one", "one")
    shown.feed(b"\x1b]1;icon\x07\x1b[22;0;0t\x1b]2;two\x1b\\\x1b[22t\x1b]2;three\x07")
    assert (shown.title, shown.icon_name) == ("three", "icon")
    shown.feed(b"\x1b[23t")
    assert shown.title == "two"
    shown.feed(b"\x1b[23;0t\x1b[23t\x1b[23t")
    assert shown.title == "one"


def test_the_cursor_hides() -> None:
    shown = screen("\x1b[?25l")
    assert shown.cursor.hidden
    shown.feed(b"\x1b[?25h")
    assert not shown.cursor.hidden


def test_the_alternate_screen_is_told() -> None:
    shown = screen("\x1b[?1049h")
    assert shown.alternate
    shown.feed(b"\x1b[?1049l")
    assert not shown.alternate
    shown.feed(b"\x1b[?47h\x1bc")
    assert not shown.alternate


def test_dirty_rows_are_told() -> None:
    shown = screen("a\r\nb")
    assert shown.dirty == {0, 1, 2, 3, 4}
    for data, dirty in [
        (b"x", {1}),
        (b"\x1b[31m\x1b[3;1H", set()),
        (b"\x1b[K", {2}),
        (b"\x1b[2;3r\x1b[S", {1, 2}),
        (b"\x1b[3;1H\n", {1, 2}),
        (b"\x1b[r\x1b[4;1H\x1b[L", {3, 4}),
        (b"\x1b[J", {3, 4}),
        (b"\x1b[?1049h", {0, 1, 2, 3, 4}),
    ]:
        shown.dirty.clear()
        shown.feed(data)
        assert shown.dirty == dirty, data


# The scrollback


def test_rows_that_scroll_off_the_top_are_kept() -> None:
    shown = screen("\r\n".join(map(str, range(9))))
    assert history(shown) == ["0", "1", "2", "3"]
    assert shown.pushed == 4
    shown.feed(b"\x1b[2S")
    assert history(shown)[-2:] == ["4", "5"]


def test_rows_that_scroll_off_a_region_at_the_top_are_kept() -> None:
    shown = screen("1\r\n2\r\n3\r\n4\r\n5\x1b[1;3r\x1b[3;1H\n\n\x1b[S")
    assert history(shown) == ["1", "2", "3"]
    assert shown.rows()[3:] == ["4", "5"]


def test_rows_that_scroll_off_a_region_further_down_are_not_kept() -> None:
    assert history(screen("1\r\n2\r\n3\x1b[2;3r\x1b[3;1H\n\n\x1b[S\x1b[1;1H\x1b[r\x1b[M")) == []


def test_the_alternate_screen_has_no_scrollback() -> None:
    shown = screen("\x1b[?1049h" + "x\r\n" * 9)
    assert (history(shown), shown.pushed) == ([], 0)


def test_the_scrollback_is_bounded_and_its_rows_are_counted() -> None:
    shown = screen("\r\n".join(map(str, range(100))), scrollback=3)
    assert history(shown) == ["92", "93", "94"]
    assert shown.pushed == 95
    assert screen("x\r\n" * 9, scrollback=0).pushed == 5


def test_ed_3_clears_the_scrollback_and_ed_22_adds_to_it() -> None:
    shown = screen("1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[3J")
    assert history(shown) == []
    shown.feed(b"\x1b[22J")
    assert history(shown) == ["2", "3", "4", "5", "6"]
    assert trimmed(shown.rows()) == []


def test_tmux_has_the_same_scrollback(tmux: Tmux) -> None:
    data = (
        "\r\n".join(map(str, range(9))) + "\x1b[1;3r\x1b[3;1H\n\n\x1b[2S\x1b[?1049h" + "x\r\n" * 9 + "\x1b[?1049l\x1b[r"
    )
    with tmux.screen(COLUMNS, LINES) as pane:
        pane.feed(data.encode())
        assert pane.history() == history(screen(data))


# Sizes


@pytest.mark.parametrize("size", [(0, 0), (-5, -5), (1, 1), (2, 1), (1, 2), (10**9, 1), (1, 10**9)])
def test_any_size_is_taken_within_bounds(size: tuple[int, int]) -> None:
    shown = Screen(*size)
    shown.feed("ab日\r\n\x1b[5;5Hx\x1b[2J\x1b[@\x1b[P\x1b[L\x1b[M\x1b[?1049h\x1bM\t\x1b[Zy".encode())
    assert 1 <= shown.columns <= 1000
    assert 1 <= shown.lines <= 1000
    assert [len(row) for row in shown.buffer] == [shown.columns] * shown.lines


def test_another_width_cuts_rows_or_pads_them() -> None:
    shown = screen("abcdefghijkl\r\n日本語日本語")
    shown.resize(columns=7)
    assert trimmed(shown.rows()) == ["abcdefg", "日本語"]
    shown.resize(columns=9, lines=3)
    assert trimmed(shown.rows()) == ["abcdefg", "日本語"]
    assert shown.dirty == {0, 1, 2}


def test_a_lower_screen_keeps_the_cursor_and_a_higher_one_takes_rows_back() -> None:
    shown = screen("\r\n".join(map(str, range(9))))
    shown.resize(lines=3)
    assert (shown.rows(), shown.cursor.y, shown.pushed) == (["6", "7", "8"], 2, 6)
    shown.resize(lines=7)
    assert (shown.rows(), shown.cursor.y, shown.pushed) == (["2", "3", "4", "5", "6", "7", "8"], 6, 2)
    assert history(shown) == ["0", "1"]


def test_a_cleared_screen_that_grows_takes_nothing_back() -> None:
    shown = screen("\r\n".join(map(str, range(9))) + "\x1b[2J")
    shown.resize(lines=7)
    assert trimmed(shown.rows()) == []


def test_the_primary_screen_has_the_new_size_after_the_alternate_one() -> None:
    shown = screen("\r\n".join(map(str, range(9))) + "\x1b[?1049h")
    shown.resize(lines=7, columns=20)
    shown.feed(b"\x1b[?1049l!")
    assert shown.rows() == ["2", "3", "4", "5", "6", "7", "8!"]
    assert [len(row) for row in shown.buffer] == [20] * 7


@pytest.mark.parametrize("seed", range(20))
def test_tmux_resizes_in_height_the_same(seed: int, tmux: Tmux) -> None:
    chance = random.Random(seed)
    shown = screen()
    parts = ["line %d\r\n", "xyz", "\x1b[%dH", "\x1b[2J", "\x1b[3J", "\x1b[H\x1b[J", "\x1b[1;3r", "\x1b[r", "\x1b[S"]
    with tmux.screen(COLUMNS, LINES) as pane:
        for _ in range(6):
            drawn = "".join(chance.choices(parts, [9, 2, 1, 1, 1, 1, 1, 1, 1], k=8))
            switch = chance.choice(["", "", "\x1b[?1049l" if shown.alternate else "\x1b[?1049h"])
            data = (drawn.replace("%d", f"{chance.randint(1, 9)}") + switch).encode()
            lines = chance.randint(2, 9)
            pane.feed(data)
            pane.resize(lines=lines, columns=COLUMNS)
            pane.feed(b"Q")
            shown.feed(data + Pane.REST)
            shown.resize(lines=lines)
            shown.feed(b"Q" + Pane.REST)
            assert trimmed(pane.rows()) == trimmed(shown.rows())
            assert pane.cursor == (shown.cursor.x, shown.cursor.y)


# Recordings


OPENERS: dict[str, Callable[[Path], ContextManager[Iterable[bytes]]]] = {".gz": gzip.open, ".xz": lzma.open}


def opened(path: Path) -> ContextManager[Iterable[bytes]]:
    return OPENERS[path.suffix](path) if path.suffix in OPENERS else path.open("rb")


def recordings() -> list[Path]:
    """A sample of the recordings, spread over all of them."""
    paths = sorted(
        path for path in RECORDINGS.rglob("*.cast*") if path.name.endswith((".cast", ".cast.gz", ".cast.xz"))
    )
    return paths[:: max(1, len(paths) // SAMPLE)]


@pytest.mark.parametrize("path", recordings() or [None], ids=lambda path: path.name if path else "none")
def test_tmux_shows_the_same_of_a_recording(path: Path | None, tmux: Tmux) -> None:
    if path is None:
        pytest.skip("there are no recordings in tests/recordings")
    output = b""
    with opened(path) as file:
        header, records = cast.read(file)
        for record in records:
            if record.code == cast.RESIZE:
                break  # tmux wraps rows anew, a Screen does not
            if record.code == cast.OUTPUT:
                output += record.data.encode("utf-8", "replace")
    shown = Screen(header.columns, header.lines)
    shown.feed(output + Pane.REST)
    with tmux.screen(header.columns, header.lines) as pane:
        pane.feed(output)
        assert trimmed(pane.rows()) == trimmed(shown.rows())
        assert pane.cursor == (shown.cursor.x, shown.cursor.y)
        assert_looks_like(shown, pane)
