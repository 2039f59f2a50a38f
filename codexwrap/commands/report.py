"""Report what happened."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codexwrap import atomic, journal, paths, tables
from codexwrap.errors import UsageError, UserError
from codexwrap.options import Parser, count
from codexwrap.report import figures, page, text
from codexwrap.report.episodes import fold
from codexwrap.report.figures import Figures, Row
from codexwrap.verdict import resettime

_LONGEST = 3660  # days


def main(arguments: Sequence[str]) -> int:
    """`codexwrap report`."""
    parser = Parser(
        "codexwrap report",
        description="Report deaths by cause, day and seat, how fast they were seen and repaired, and the work they blocked.",
    )
    parser.add_argument("--days", type=count, default=7, metavar="N", help="so many days, today included (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print an object")
    parser.add_argument("--html", metavar="FILE", help="write a page that needs nothing else; - prints it")
    options = parser.parse_args(arguments)
    if not 1 <= options.days <= _LONGEST:
        raise UsageError(f"report: --days must be from 1 to {_LONGEST}, not {options.days}")
    if options.json and options.html:
        raise UsageError("report: --json and --html exclude each other")
    now, zone = time.time(), resettime.zone(os.environ.get("TZ"))
    story = fold(journal.read(paths.state(os.environ).feed).events)
    found = figures.count(story, figures.start_of(options.days, now, zone), now, zone)
    if options.json:
        print(tables.as_json(as_json(found)))
    elif options.html:
        _write(options.html, page.page(found, made=now, zone=zone))
    else:
        print(text.text(found, zone))
    return 0


def as_json(found: Figures) -> dict[str, Any]:
    """The report for programs: times in epoch seconds, durations in seconds."""
    return {
        "since": found.since,
        "until": found.until,
        "total": _row(found.total),
        "days": [_row(row) for row in found.days],
        "causes": [_row(row) for row in found.causes],
        "seats": [_row(row) for row in found.seats],
        "blocked": [{"item": item, "seconds": lost, "still": item in found.stuck} for item, lost in found.blocked],
        "warnings": found.warnings,
        "episodes": [each._asdict() for each in found.spans],
    }


def _row(row: Row) -> dict[str, Any]:
    return {**row._asdict(), "detect": row.detect._asdict(), "repair": row.repair._asdict()}


def _write(where: str, html: str) -> None:
    data = html.encode("utf-8", "backslashreplace")
    if where == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return
    path = Path(where)
    try:
        atomic.write(path, data, durable=False)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}") from None
    print(path)
