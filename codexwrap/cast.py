"""Read and write recordings (asciicast)."""

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

OUTPUT, INPUT, MARK, RESIZE, EXIT = "o", "i", "m", "r", "x"
ERROR = "e"  # written to stderr, where that is no terminal; not in the format: other readers leave it out

# Labels of the marks that the pump sets on the way to the sidecar.
SUBMIT = "submit"  # the user pressed Enter
GAP = "gap"  # "gap <bytes>": so many were skipped here, what the screen shows is stale until it is painted again
REPLAY = "replay"  # what follows, up to LIVE, is old: the reader before this one may have read it
LIVE = "live"
STOPPED = "stopped"  # the program is suspended, as by ^Z
CONTINUED = "continued"

_FOREVER = 1e11  # seconds: two of them, a start and a time since, are still a date that Python knows

_NO_ENV: Mapping[str, str] = {}


class Header(NamedTuple):
    """What stands at the top of a recording.

    `timestamp` is the epoch second of its time 0; `extra` holds the keys that the format does not name.
    """

    columns: int
    lines: int
    timestamp: float = 0
    env: Mapping[str, str] = _NO_ENV
    command: str | None = None
    title: str | None = None
    extra: Mapping[str, Any] = _NO_ENV


class Record(NamedTuple):
    """`time` in seconds since the start of the recording, whatever version of the format it came from."""

    time: float
    code: str
    data: str


class BadCastError(ValueError):
    """A file that is no recording, or a line of it that is no event."""


class Encoder:
    """Turns what happens on a terminal into lines of asciicast v3.

    (https://docs.asciinema.org/manual/asciicast/v3/: one JSON array a line, each with the seconds since the line before.)
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        self._last = 0.0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._error_decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def header(self, header: Header) -> bytes:
        record: dict[str, Any] = {
            "version": 3,
            "term": {"cols": header.columns, "rows": header.lines, "type": header.env.get("TERM", "")},
            "timestamp": int(header.timestamp),
            "epoch": header.timestamp,  # the same to the microsecond; the format has whole seconds
            "env": dict(header.env),
            "command": header.command,
            "title": header.title,
            **header.extra,
        }
        return _line({key: value for key, value in record.items() if value is not None})

    def output(self, data: bytes) -> bytes:
        """A line for what the program wrote; none yet when all of it is the start of one character."""
        text = self._decoder.decode(data)
        return self._record(OUTPUT, text) if text else b""

    def error(self, data: bytes) -> bytes:
        """The same for what it wrote to stderr, where that is kept apart."""
        text = self._error_decoder.decode(data)
        return self._record(ERROR, text) if text else b""

    def resize(self, columns: int, lines: int) -> bytes:
        return self._record(RESIZE, f"{columns}x{lines}")

    def mark(self, label: str) -> bytes:
        return self._record(MARK, label)

    def exit(self, status: int) -> bytes:
        return self._record(EXIT, str(status))

    def _record(self, code: str, data: str) -> bytes:
        now = self._clock() - self._start
        interval = max(0.0, round(now - self._last, 6))
        self._last += interval
        return line(Record(interval, code, data))


def line(record: Record) -> bytes:
    """An event's line, with its newline; its time stands there as it is."""
    return _line([record.time, record.code, record.data])


def _line(record: object) -> bytes:
    # What is no character, such as a byte of a file's name that is no UTF-8, becomes an escape that JSON reads back.
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def read(lines: Iterable[bytes | str]) -> tuple[Header, Iterator[Record]]:
    """The header of a recording (asciicast v2 or v3) and its events, read as they are asked for.

    A line that cannot be read, such as a torn last one, ends neither the reading nor the recording: it is left out.
    Raises BadCastError where the first line is no header.
    """
    source = iter(lines)
    header, version = _header(next(source, b""))
    return header, _records(source, relative=version == 3)


def _header(line: bytes | str) -> tuple[Header, int]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        raise BadCastError("its first line is not JSON") from None
    version = record.get("version") if isinstance(record, dict) else None
    if version not in (2, 3):
        raise BadCastError("its first line is no asciicast header of version 2 or 3")
    term = record.get("term") if isinstance(record.get("term"), dict) else {}
    try:
        columns, rows = (term["cols"], term["rows"]) if version == 3 else (record["width"], record["height"])
        columns, rows = int(columns), int(rows)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise BadCastError("its header names no terminal size") from None
    env = record.get("env") if isinstance(record.get("env"), dict) else {}
    named = {"version", "term", "width", "height", "timestamp", "epoch", "env", "command", "title"}
    return (
        Header(
            columns=max(1, columns),
            lines=max(1, rows),
            timestamp=_moment(record.get("epoch", record.get("timestamp"))),
            env={str(key): str(value) for key, value in env.items() if value is not None},
            command=_text(record.get("command")),
            title=_text(record.get("title")),
            extra={key: value for key, value in record.items() if key not in named},
        ),
        version,
    )


def _moment(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < _FOREVER else 0.0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _records(lines: Iterator[bytes | str], *, relative: bool) -> Iterator[Record]:
    now = 0.0
    for line in lines:
        record = parse(line)
        if record is None:
            continue
        time = now + record.time if relative else record.time
        if time < _FOREVER:
            now = time
            yield record._replace(time=now)


def parse(line: bytes | str) -> Record | None:
    """One event line, its time as it stands there; None for a comment, a blank, or what is no event."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match found:
        case [int() | float() as time, str() as code, str() as data] if 0 <= time < _FOREVER:  # not NaN either
            return Record(float(time), code, data)
    return None
