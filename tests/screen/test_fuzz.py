"""No bytes make a screen raise, grow without bound, or show something else than a terminal."""

import gc
import itertools
import os
import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codexwrap.screen.grid import MAX_SIZE
from codexwrap.screen.screen import Screen, text_of
from tests.reference import Ghostty, Tmux, assert_looks_like, trimmed

# The long run: CODEXWRAP_TEST_FUZZ_BYTES=10000000 pytest tests/test_screen_fuzz.py -k noise
BYTES = int(os.environ.get("CODEXWRAP_TEST_FUZZ_BYTES", "1000000"))
BATCH = 250_000
HELD = 15_000_000  # bytes of memory

SIZES = [(1, 1), (2, 1), (1, 5), (2, 3), (5, 2), (30, 6), (80, 24), (MAX_SIZE, 3)]


def assert_sound(shown: Screen) -> None:
    """The shape of a screen is whole, and all of it can be read."""
    assert 1 <= shown.lines <= MAX_SIZE
    assert 1 <= shown.columns <= MAX_SIZE
    assert len(shown.buffer) == shown.lines
    assert {len(row) for row in shown.buffer} == {shown.columns}
    assert 0 <= shown.cursor.x <= shown.columns
    assert 0 <= shown.cursor.y < shown.lines
    assert shown.dirty <= set(range(shown.lines))
    assert all(stop < shown.columns for stop in shown.tabstops)
    assert len(shown.scrollback) <= (shown.scrollback.maxlen or 0)
    for row in shown.buffer:
        assert row[0].data, "the right half of a wide character stands alone"
        assert all(left.data or right.data for left, right in itertools.pairwise(row))
        assert all(len(cell.data) <= 20 for cell in row)
    assert shown.rows() == [shown.text(y) for y in range(shown.lines)]
    assert [line.rstrip(" ") for line in shown.display] == shown.rows()
    assert shown.cell(shown.lines - 1, shown.columns - 1) is not None
    for row in shown.scrollback:
        text_of(row)


class Heard(list[object]):
    """What a screen told, and how it looked then."""

    def listen(self, shown: Screen) -> Screen:
        shown.on_osc = self.append
        shown.on_frame = lambda: self.append((shown.synchronizing, shown.rows()))
        return shown


def state(shown: Screen) -> list[object]:
    return [
        shown.buffer,
        shown.scrollback,
        shown.pushed,
        (shown.cursor.x, shown.cursor.y, shown.cursor.hidden, shown.cursor.attrs),
        (shown.title, shown.icon_name, shown.alternate, shown.synchronizing),
        (shown.mode, shown.tabstops, shown.margins, shown.charset),
    ]


def cut(data: bytes, chance: random.Random) -> Iterator[bytes]:
    longest = chance.choice([1, 3, 20, 4000])
    while data:
        size = chance.randint(1, longest)
        yield data[:size]
        data = data[size:]


# Noise

NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 20, 22, 25, 30, 38, 47, 48, 58, 99, 1047, 1048, 1049, 2026, 9999, 2**64]
TEXT = "ab é日本🙂e\u0301👩\u200d💻❤\ufe0f\u200b\x85का─■hello world "
FINALS = b"@ABCDEFGHIJKLMPSTXZ`abcdefghlmnqrstu"


def noise(chance: random.Random) -> bytes:
    """Some bytes as hostile as they come: mostly sequences, many of them broken."""
    match chance.randrange(9):
        case 0:
            return chance.randbytes(chance.randint(1, 40))
        case 1:
            return (
                b"\x1b["
                + bytes(chance.choices(b"<=>?!$ \"'*0123456789;:", k=chance.randrange(6)))
                + chance.randbytes(1)
            )
        case 2 | 3:
            numbers = b";".join(b"%d" % chance.choice(NUMBERS) for _ in range(chance.randrange(5)))
            return b"\x1b[" + chance.choice([b"", b"", b"?"]) + numbers + bytes([chance.choice(FINALS)])
        case 4:
            return b"\x1b" + bytes(chance.choices(b"[]P_^Xk()#%78cDEHM=>", k=chance.randint(1, 3)))
        case 5:
            return b"\x1b]%d;" % chance.choice(NUMBERS) + chance.choice(
                [b"\x07", b"\x1b\\", b"\x18", b"title\x07", b""]
            )
        case 6:
            return bytes(chance.choices(b"\r\n\b\t\x0b\x0e\x0f\x18\x1b\x7f", k=3))
        case _:
            return "".join(chance.choices(TEXT, k=chance.randint(1, 30))).encode()


@pytest.mark.parametrize("seed", range(max(1, BYTES // BATCH)))
@pytest.mark.timeout(600)
def test_noise_in_any_cut_raises_nothing_and_shows_the_same(seed: int) -> None:
    chance = random.Random(seed)
    fed = 0
    while fed < BATCH:
        columns, lines = chance.choice(SIZES)
        scrollback = chance.choice([0, 3, 200])
        told, told_in_pieces = Heard(), Heard()
        whole = told.listen(Screen(columns, lines, scrollback=scrollback))
        pieces = told_in_pieces.listen(Screen(columns, lines, scrollback=scrollback))
        for _ in range(20):
            data = b"".join(noise(chance) for _ in range(chance.randint(1, 60)))
            fed += len(data)
            whole.feed(data)
            for piece in cut(data, chance):
                pieces.feed(piece)
            assert_sound(whole)
            assert state(whole) == state(pieces)
            assert told == told_in_pieces
            told.clear()
            told_in_pieces.clear()
            if chance.random() < 0.2:
                columns, lines = chance.choice(SIZES)
                whole.resize(lines, columns)
                pieces.resize(lines, columns)
                assert_sound(whole)


SEQUENCES = st.builds(
    lambda prefix, numbers, final: b"\x1b[" + prefix + b";".join(b"%d" % number for number in numbers) + final,
    st.sampled_from([b"", b"?", b">", b"="]),
    st.lists(st.one_of(st.integers(0, 12), st.sampled_from(NUMBERS)), max_size=5),
    st.binary(min_size=1, max_size=1),
)
STREAMS = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.text(max_size=20).map(str.encode),
        SEQUENCES,
        st.sampled_from(
            [b"\x1b", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b\\", b"\x07", b"\r\n", b"\x1bM", b"\x1b7", b"\x1b8"]
        ),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=300)
@given(STREAMS, st.integers(1, 9), st.integers(1, 5), st.integers(1, 9), st.integers(1, 5))
def test_any_stream_raises_nothing_and_shows_the_same_in_any_cut(
    stream: list[bytes], columns: int, lines: int, columns_after: int, lines_after: int
) -> None:
    whole, pieces = Screen(columns, lines), Screen(columns, lines)
    for _ in range(2):
        whole.feed(b"".join(stream))
        for part in stream:
            for byte in part:
                pieces.feed(bytes([byte]))
        assert_sound(whole)
        assert state(whole) == state(pieces)
        whole.resize(lines_after, columns_after)
        pieces.resize(lines_after, columns_after)
        assert_sound(whole)


# Memory


def every_character() -> Iterator[bytes]:
    yield b"\x1b[31m"
    for start in range(0, 0x30000, 256):
        yield "".join(map(chr, range(start, start + 256))).encode("utf-8", "replace")


def many_colours() -> Iterator[bytes]:
    for number in range(20_000):
        red, green, blue = number.to_bytes(3, "big")
        yield b"\x1b[38;2;%d;%d;%dm\x1b7x\x1b[48;2;%d;%d;%dmy\x1b8" % (red, green, blue, blue, green, red)


def many_sequences() -> Iterator[bytes]:
    for number in range(20_000):
        yield b"\x1b[%d;%dH\x1b[?%dh\x1b[%dh\x1b[%d~" % (number, number * 7, number, number, number)


def endless(opening: bytes, filling: bytes, size: int) -> Callable[[], Iterator[bytes]]:
    """Millions of bytes of which a screen may keep next to none."""

    def stream() -> Iterator[bytes]:
        yield opening
        piece = filling * 50_000
        for _ in range(0, size, len(piece)):
            yield piece

    return stream


def many_titles() -> Iterator[bytes]:
    for number in range(100):
        yield b"\x1b]0;" + b"%d" % number * 10_000 + b"\x07\x1b[22t"


HOSTILE: list[Callable[[], Iterable[bytes]]] = [
    every_character,
    many_colours,
    many_sequences,
    endless(b"\x1b]0;", b"title", 40_000_000),
    endless(b"\x1bP", b"\x00data", 40_000_000),
    endless(b"\x1b[", b"1;", 40_000_000),
    endless(b"\x1b", b"   ", 40_000_000),
    endless(b"a", "\u0301".encode(), 300_000),
    endless(b"", b"line\r\n", 600_000),
    many_titles,
]


@pytest.mark.parametrize("stream", HOSTILE)
def test_what_a_screen_holds_is_bounded(stream: Callable[[], Iterable[bytes]]) -> None:
    gc.collect()
    tracemalloc.start()
    try:
        shown = Screen(80, 24)
        for data in stream():
            shown.feed(data)
        gc.collect()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < HELD
    assert peak < HELD + 5_000_000
    assert_sound(shown)


# Programs that draw what both references draw alike, on 12 columns and 5 rows


def programs(words: list[str], chance: random.Random) -> Iterator[bytes]:
    """Programs of the sequences that the references obey alike. Words end before the last column: there they differ."""
    moves = ["A", "B", "C", "D", "E", "F", "G", "d"]
    edits = ["P", "@", "X", "S", "T", "K", "1K", "2K", "J", "1J", "2J"]
    rest = [
        "\r\n",
        "\n",
        "\r",
        "\b",
        "\t",
        "\x1bD",
        "\x1bM",
        "\x1bE",
        "\x1b[r",
        "\x1b[?6l",
        "\x1b#8",
        "\x1b[?25l",
        "\x1b[3J",
    ]
    looks = ["", "0", "1", "2;3", "4;7", "31", "42", "38;5;1", "48;2;1;2;3", "22;24", "39;49", "97", "38:2::4:5:6"]
    while True:
        program = ["abcdefghij\r\nABCDEFG\r\nxyz\r\n"]
        for _ in range(chance.randint(1, 25)):
            count = chance.choice([1, 1, 2, 3, 9])
            program += chance.choice(
                [
                    [f"\x1b[{chance.randint(1, 5)};{chance.randint(1, 6)}H", chance.choice(words)],
                    [f"\x1b[{count}{chance.choice(moves)}"],
                    [f"\x1b[{chance.randint(1, 5)};{chance.randint(1, 6)}H\x1b[{chance.choice(edits)}"],
                    [f"\x1b[{chance.choice(looks)}m"],
                    [f"\x1b[{chance.randint(1, 4)};{chance.randint(1, 5)}r"],
                    [f"\x1b[{chance.randint(1, 5)};1H\x1b[r\x1b[{count}{chance.choice('LM')}"],
                    [chance.choice(rest)],
                ]
            )
        yield "".join(program).encode()


def test_programs_look_as_in_tmux(tmp_path_factory: pytest.TempPathFactory) -> None:
    chance = random.Random(3)
    drawn = programs(["x", "hello", "é─┐", "a" * 6, "e\u0301", "日x"], chance)
    with Tmux(tmp_path_factory.mktemp("tmux")) as tmux:
        for _ in range(150):
            program = next(drawn)
            shown = Screen(12, 5)
            shown.feed(program)
            with tmux.screen(12, 5) as pane:
                pane.feed(program)
                assert trimmed(pane.rows()) == trimmed(shown.rows()), program
                assert pane.cursor == (shown.cursor.x, shown.cursor.y), program
                assert_looks_like(shown, pane)


def test_programs_look_as_in_libghostty() -> None:
    pytest.importorskip("pyghostty")
    chance = random.Random(4)
    drawn = programs(
        ["x", "hello", "日本語", "é─┐", "\x1b[4h日\x1b[4l", "abcdefghijklmno", "\x1b[1G" + "日" * 7, "ab\x1b[9b"],
        chance,
    )
    for _ in range(1000):
        program = next(drawn)
        shown = Screen(12, 5)
        shown.feed(program)
        with Ghostty(12, 5) as terminal:
            terminal.feed(program)
            assert trimmed(terminal.rows()) == trimmed(shown.rows()), program
            assert terminal.cursor == (min(shown.cursor.x, 11), shown.cursor.y), program
