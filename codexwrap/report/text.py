"""Tell a period in text."""

from collections.abc import Sequence
from datetime import tzinfo

from codexwrap import tables
from codexwrap.report import words
from codexwrap.report.figures import Figures, Row

_MOST = 30  # rows of a table; a fleet has more seats than a terminal has rows


def text(figures: Figures, zone: tzinfo | None = None) -> str:
    """The report for a terminal."""
    parts = [f"{words.period(figures, zone)}\n{words.summary(figures)}"]
    for heading, rows in (("DAY", figures.days), ("CAUSE", figures.causes), ("SEAT", figures.seats)):
        if any(row.dead or row.stalled or row.down for row in rows):
            parts.append(_table(heading, rows))
    if figures.blocked:
        stuck = set(figures.stuck)
        lines = [(item, words.duration(lost), "still" if item in stuck else "") for item, lost in figures.blocked]
        parts.append(tables.table(("ITEM", "BLOCKED", ""), lines[:_MOST]) + _more(len(lines)))
    if figures.warnings:
        parts.append(f"warnings of limits: {figures.warnings}")
    return "\n\n".join(parts)


def _table(heading: str, rows: Sequence[Row]) -> str:
    table = tables.table((heading, *words.HEADINGS), [(row.name, *words.cells(row)) for row in rows[:_MOST]])
    return table + _more(len(rows))


def _more(rows: int) -> str:
    return f"\n({rows - _MOST} more: --json)" if rows > _MOST else ""
