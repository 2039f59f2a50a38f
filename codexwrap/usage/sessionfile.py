"""Read on in a session's file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from codexwrap.usage import limits
from codexwrap.usage.limits import Snapshot

_COUNT = b'"token_count"'  # in a quotation its second quote is escaped
_HEAD = 4 << 20  # bytes; the first line may hold the whole of an agent's instructions
_BLOCK = 4 << 20  # bytes
_BURST = 1.0  # seconds; what a fork copies is written at once, and no model answers as fast


class Tokens(NamedTuple):
    """What the model read and wrote; `cached` is part of `input`, `reasoning` of `output`."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    total: int = 0

    def plus(self, other: "Tokens") -> "Tokens":
        return Tokens(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: "Tokens | None") -> "Tokens":
        """The share since `other`; all of it where that is more, for then a new count has begun."""
        if other is None or other.total > self.total:
            return self
        return Tokens(*(a - b for a, b in zip(self, other, strict=True)))


_FIELDS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens", "total_tokens")


class Use(NamedTuple):
    """Tokens of one answer of the model, `at` in epoch seconds."""

    at: float
    tokens: Tokens


class Mark(NamedTuple):
    """How far a file was read: `offset` in bytes, and the session's `total` there."""

    offset: int = 0
    total: Tokens | None = None


class Head(NamedTuple):
    """What the first line says: the session, whose it is (newer versions), what it was forked from, and when it began."""

    session: str
    account: str
    forked: str
    at: float


class Part(NamedTuple):
    """What was read: uses and snapshots in the order of the file, and where to go on."""

    uses: list[Use]
    snapshots: list[Snapshot]
    mark: Mark


def head(path: Path) -> Head:
    """The first line of a file, empty where it is none of a session. Raises OSError."""
    with path.open("rb") as file:
        record = _record(file.readline(_HEAD))
    payload = record.get("payload") if record and record.get("type") == "session_meta" else None
    if not record or not isinstance(payload, dict):
        return Head("", "", "", 0.0)
    session, account, forked = (
        value if isinstance(value := payload.get(key), str) else ""
        for key in ("id", "creator_account_id", "forked_from_id")
    )
    return Head(session, account, forked, limits.seconds(record.get("timestamp")) or 0.0)


START = Mark()


def read(path: Path, mark: Mark = START, *, known: Head | None = None, parent: Path | None = None) -> Part:
    """What came behind a mark. A last line that is still being written is left for the next time. Raises OSError.

    Codex repeats a count whenever it has news of the limits: what leaves the session's total as it is, is no use. A resumed
    session counts on where it was (0.80 and later) or from 0 again. A forked one starts, up to 0.144, with a copy of what
    `parent` holds, which is not counted twice; later ones only go on from its total.
    """
    copies = _Copies(known, parent) if known and known.forked and mark.offset == 0 else None
    uses: list[Use] = []
    snapshots: list[Snapshot] = []
    offset, total = mark
    with path.open("rb") as file:
        for block in _blocks(file, offset):
            offset += len(block)
            for count in _counts(block):
                if copies is not None and copies.has(count):
                    total = count.total
                    continue
                copies = None
                if count.total is not None and count.total != total:
                    uses.append(Use(count.at, count.last or count.total.minus(total)))
                total = count.total
                if count.snapshot is not None:
                    snapshots.append(count.snapshot)
    return Part(uses, snapshots, Mark(offset, total))


class _Count(NamedTuple):
    """One line: the session's total, where it is told, the last answer's share of it, and the limits."""

    at: float
    total: Tokens | None
    last: Tokens | None
    snapshot: Snapshot | None


class _Copies:
    """Tells what a fork copied: the same totals in the same order as in its parent, or, without it, at the same time."""

    def __init__(self, known: Head, parent: Path | None) -> None:
        self._until = known.at + _BURST
        self._totals = _totals(parent) if parent else None

    def has(self, count: _Count) -> bool:
        if self._totals is None:
            return count.at <= self._until
        return next(self._totals, ()) == count.total


def _totals(path: Path) -> Iterator[Tokens | None]:
    try:
        with path.open("rb") as file:
            for block in _blocks(file, 0):
                yield from (count.total for count in _counts(block))
    except OSError:
        return


def _blocks(file: BinaryIO, offset: int) -> Iterator[bytes]:
    """Whole lines from an offset on, many at a time."""
    file.seek(offset)
    rest: list[bytes] = []
    while block := file.read(_BLOCK):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*rest, block[:end]])
            rest = []
        rest.append(block[end:])


def _counts(data: bytes) -> Iterator[_Count]:
    """The counts among whole lines. The others, which are nearly all of a file, are not even parsed."""
    stop = 0
    while (at := data.find(_COUNT, stop)) >= 0:
        stop = data.find(b"\n", at)
        if count := _count(data[data.rfind(b"\n", 0, at) + 1 : stop]):
            yield count


def _count(line: bytes) -> _Count | None:
    record = _record(line)
    payload = record.get("payload") if record and record.get("type") == "event_msg" else None
    if not record or not isinstance(payload, dict) or payload.get("type") != "token_count":
        return None
    at = limits.seconds(record.get("timestamp"))
    if at is None:
        return None
    info = payload.get("info")
    total = _tokens(info.get("total_token_usage")) if isinstance(info, dict) else None
    last = _tokens(info.get("last_token_usage")) if isinstance(info, dict) else None
    told = payload.get("rate_limits")
    return _Count(at, total, last, limits.read(told, at) if isinstance(told, dict) else None)


def _tokens(raw: Any) -> Tokens | None:
    if not isinstance(raw, dict):
        return None
    return Tokens(*(value if type(value := raw.get(name)) is int else 0 for name in _FIELDS))


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
