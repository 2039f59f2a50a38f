"""Play a recording as it might also have come."""

import random
from collections.abc import Callable, Iterator, Sequence

from codexwrap import cast
from codexwrap.cast import Record

Variant = Callable[[Sequence[Record], random.Random], Iterator[Record]]


def plain(records: Sequence[Record], _: random.Random) -> Iterator[Record]:
    return iter(records)


def bytewise(records: Sequence[Record], _: random.Random) -> Iterator[Record]:
    """Cut into single characters, of which a byte sequence that was read as text has no part.

    (That a character is not torn between two reads is the encoder's business: tests/test_cast.py.)
    """
    for record in records:
        if record.code == cast.OUTPUT:
            for character in record.data:
                yield record._replace(data=character)
        else:
            yield record


def chunked(records: Sequence[Record], chance: random.Random) -> Iterator[Record]:
    """Cut into pieces of any length up to 200 characters."""
    for record in records:
        rest = record.data if record.code == cast.OUTPUT else ""
        if not rest:
            yield record
        while rest:
            size = chance.randint(1, 200)
            yield record._replace(data=rest[:size])
            rest = rest[size:]


def merged(records: Sequence[Record], _: random.Random) -> Iterator[Record]:
    """As a slow reader gets it: all that came within 30 ms at once."""
    held: Record | None = None
    for record in records:
        if held is not None and record.code == cast.OUTPUT and record.time - held.time < 0.03:
            held = held._replace(data=held.data + record.data)
            continue
        if held is not None:
            yield held
        held = record if record.code == cast.OUTPUT else None
        if held is None:
            yield record
    if held is not None:
        yield held


def speed(factor: float) -> Variant:
    """Played faster, or slower: times shrink by `factor`."""

    def play(records: Sequence[Record], _: random.Random) -> Iterator[Record]:
        return (record._replace(time=record.time / factor) for record in records)

    return play


def since(moment: float) -> Variant:
    """Joined in its middle: nothing of what was drawn before `moment` is known, only how large the window is."""

    def play(records: Sequence[Record], _: random.Random) -> Iterator[Record]:
        return (record for record in records if record.time >= moment or record.code == cast.RESIZE)

    return play
