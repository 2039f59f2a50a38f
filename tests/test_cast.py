import codecs
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexwrap import cast
from codexwrap.cast import BadCastError, Encoder, Header, Record

V3 = b'{"version":3,"term":{"cols":80,"rows":24}}'
V2 = b'{"version":2,"width":80,"height":24}'


def ticking(*times: float) -> Callable[[], float]:
    clock = iter([0.0, *times])
    return lambda: next(clock)


def read(*lines: bytes) -> list[Record]:
    return list(cast.read([*lines])[1])


# --- there and back -----------------------------------------------------------------------------------------------


def test_what_is_written_is_asciicast_3() -> None:
    encoder = Encoder(ticking(1.5, 1.75, 2, 3, 3.25, 4))
    header = encoder.header(Header(120, 40, 1_700_000_000.5, {"TERM": "xterm"}, command="codex", extra={"seat": "a"}))
    assert json.loads(header) == {
        "version": 3,
        "term": {"cols": 120, "rows": 40, "type": "xterm"},
        "timestamp": 1_700_000_000,
        "epoch": 1_700_000_000.5,
        "env": {"TERM": "xterm"},
        "command": "codex",
        "seat": "a",
    }
    lines = [
        encoder.output(b"a\x1b[31m\r\n"),
        encoder.error(b"oh"),
        encoder.mark(cast.SUBMIT),
        encoder.resize(50, 20),
        encoder.output("é›".encode()),
        encoder.exit(137),
    ]
    assert [json.loads(line) for line in lines] == [
        [1.5, "o", "a\x1b[31m\r\n"],
        [0.25, "e", "oh"],
        [0.25, "m", "submit"],
        [1.0, "r", "50x20"],
        [0.25, "o", "é›"],
        [0.75, "x", "137"],
    ]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in (header, *lines))


def test_it_is_read_back_with_times_since_the_start() -> None:
    encoder = Encoder(ticking(1, 2.5))
    lines = [encoder.header(Header(80, 24)), encoder.output(b"a"), encoder.exit(0)]
    assert read(*lines) == [Record(1, "o", "a"), Record(2.5, "x", "0")]


def test_asciicast_2_has_such_times_itself() -> None:
    assert read(V2, b'[1.5,"o","a"]', b'[2,"o","b"]') == [Record(1.5, "o", "a"), Record(2, "o", "b")]


@given(
    st.integers(1, 500),
    st.integers(1, 500),
    st.floats(0, 1e10),
    st.dictionaries(st.text(), st.text()),
    st.none() | st.text(),
    st.dictionaries(st.sampled_from(["seat", "argv", "x\ny"]), st.text() | st.lists(st.text()) | st.integers()),
)
def test_any_header_comes_back(
    columns: int, lines: int, timestamp: float, env: dict[str, str], text: str | None, extra: dict[str, Any]
) -> None:
    header = Header(columns, lines, timestamp, env, text, text, extra)
    line = Encoder(ticking()).header(header)
    assert line.count(b"\n") == 1
    found, _ = cast.read([line])
    assert found._replace(extra={}) == header._replace(extra={})
    assert found.extra == extra


@given(st.lists(st.binary(min_size=1)))
def test_output_is_one_line_a_piece_and_the_text_a_decoder_would_make_of_it(pieces: list[bytes]) -> None:
    encoder = Encoder(lambda: 0.0)
    lines = [line for piece in pieces if (line := encoder.output(piece))]
    assert all(line.count(b"\n") == 1 for line in lines)
    text = "".join(record.data for record in read(V3, *lines))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    assert text == "".join(decoder.decode(piece) for piece in pieces)


def test_a_character_cut_in_pieces_stays_whole() -> None:
    encoder = Encoder(lambda: 0.0)
    pieces = [bytes([byte]) for byte in "é\N{SKULL}\N{PILE OF POO}".encode()]
    lines = [encoder.output(piece) for piece in pieces]
    assert [line for line in lines if line] == [
        Encoder(lambda: 0.0).output(character.encode()) for character in "é\N{SKULL}\N{PILE OF POO}"
    ]


def test_the_two_streams_do_not_tear_each_others_characters() -> None:
    encoder = Encoder(lambda: 0.0)
    first, second = "é".encode()[:1], "é".encode()[1:]
    assert encoder.output(first) == encoder.error(first) == b""
    assert read(V3, encoder.error(second), encoder.output(second)) == [Record(0, "e", "é"), Record(0, "o", "é")]


def test_intervals_add_up_to_the_clock_and_never_run_backwards() -> None:
    encoder = Encoder(ticking(*[number / 3 for number in range(1, 1000)], 1, 334))
    records = read(V3, *[encoder.mark("m") for _ in range(1001)])
    assert math.isclose(records[998].time, 333, abs_tol=1e-5)
    assert records[999].time == records[998].time
    assert math.isclose(records[1000].time, 334, abs_tol=1e-5)


def test_a_name_that_is_no_utf_8_comes_back_as_the_system_has_it() -> None:
    line = Encoder(ticking()).header(Header(80, 24, extra={"cwd": "/caf\udce9", "argv": ["\udcff"]}))
    assert line.decode("utf-8")
    assert cast.read([line])[0].extra == {"cwd": "/caf\udce9", "argv": ["\udcff"]}


# --- what cannot be read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"# a comment",
        b"{}",
        b"[]",
        b"null",
        b'"1ox"',
        b'{"1":0,"o":0,"x":0}',
        b'[1,"o"]',
        b'[1,"o","a","b"]',
        b'[1,"o","torn',
        b'["1","o","a"]',
        b'[null,"o","a"]',
        b'[-1,"o","a"]',
        b'[NaN,"o","a"]',
        b'[Infinity,"o","a"]',
        b'[1e400,"o","a"]',
        b'[1e11,"o","a"]',
        b"[1" + b"0" * 400 + b',"o","a"]',
        b"[1" + b"0" * 5000 + b',"o","a"]',
        b'[1,2,"a"]',
        b'[1,"o",3]',
        b'[1,"o",null]',
        b"\xff\xfe[1]",
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_event_is_left_out_and_no_other(line: bytes) -> None:
    assert cast.parse(line) is None
    assert read(V3, b'[1,"o","a"]', line, b'[1,"o","b"]') == [Record(1, "o", "a"), Record(2, "o", "b")]


def test_times_that_add_up_to_no_date_are_left_out() -> None:
    late = b'[9e10,"o","a"]'
    assert read(V3, late, late, b'[1,"o","b"]') == [Record(9e10, "o", "a"), Record(9e10 + 1, "o", "b")]


@given(st.lists(st.binary()))
def test_no_bytes_behind_a_header_are_an_error(lines: list[bytes]) -> None:
    for record in read(V3, *lines):
        assert math.isfinite(record.time)


@given(st.binary())
def test_a_first_line_is_a_header_or_bad(line: bytes) -> None:
    try:
        cast.read([line])
    except BadCastError:
        return


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[1]",
        b"{}",
        b'{"version":1,"width":80,"height":24}',
        b'{"version":4,"term":{"cols":80,"rows":24}}',
        b'{"version":"3","term":{"cols":80,"rows":24}}',
        b'{"version":3}',
        b'{"version":3,"term":[80,24]}',
        b'{"version":3,"term":{"cols":80}}',
        b'{"version":3,"term":{"cols":"wide","rows":24}}',
        b'{"version":3,"term":{"cols":NaN,"rows":24}}',
        b'{"version":3,"term":{"cols":1e400,"rows":24}}',
        b'{"version":3,"term":{"cols":null,"rows":24}}',
        b'{"version":2,"width":80}',
        b'{"version":3',
        b"[" * 100_000,
    ],
)
def test_what_is_no_header_is_bad(line: bytes) -> None:
    with pytest.raises(BadCastError):
        cast.read([line])


def test_nothing_at_all_is_no_recording() -> None:
    with pytest.raises(BadCastError):
        cast.read([])


@pytest.mark.parametrize("start", ["NaN", "Infinity", "-1", "1e300", "null", '"now"', "{}", "1e11"])
def test_a_start_that_is_no_date_is_none(start: str) -> None:
    header, _ = cast.read([f'{{"version":2,"width":80,"height":24,"timestamp":{start}}}'])
    assert header.timestamp == 0


def test_a_header_of_another_make_is_read_as_far_as_it_goes() -> None:
    line = b'{"version":3,"term":{"cols":0,"rows":-5},"command":["a"],"title":7,"env":[1],"theme":{"fg":"#fff"}}'
    assert cast.read([line])[0] == Header(1, 1, extra={"theme": {"fg": "#fff"}})
    line = b'{"version":2,"width":80,"height":24,"timestamp":7,"env":{"TERM":null,"N":1},"command":"c","title":"t"}'
    assert cast.read([line])[0] == Header(80, 24, 7, {"N": "1"}, "c", "t")
