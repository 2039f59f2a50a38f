"""Word numbers and times."""

from datetime import datetime, tzinfo

from codexwrap.report.figures import Figures, Row


def duration(seconds: float | None) -> str:
    """`0.4 s`, `12 min`, `1 h 10`, `3 d 4 h`; `-` where there is none."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def period(figures: Figures, zone: tzinfo | None = None) -> str:
    """`16 Nov to 22 Nov 2026`."""
    first, last = (datetime.fromtimestamp(each, zone) for each in (figures.since, figures.until))
    if first.date() == last.date():
        return f"{last:%d %b %Y}"
    return f"{first:%d %b} to {last:%d %b %Y}"


def summary(figures: Figures) -> str:
    """The week in a sentence or two."""
    total = figures.total
    if not total.dead and not total.stalled and not total.open:
        return "No seat died or stalled."
    parts = [f"{_times(total.dead, 'death')} and {_times(total.stalled, 'stall')}"]
    if total.detect.median is not None:
        parts.append(f"half of them seen within {duration(total.detect.median)}")
    if total.repair.median is not None:
        parts.append(f"half of those repaired within {duration(total.repair.median)}")
    lost = sum(seconds for _, seconds in figures.blocked)
    sentence = ", ".join(parts) + "."
    if lost:
        sentence += f" {_times(len(figures.blocked), 'item')} blocked for {duration(lost)} in all."
    if total.open:
        sentence += f" {_times(total.open, 'seat')} not back yet."
    return sentence


HEADINGS = ("DEAD", "STALLED", "OPEN", "SEEN IN", "9 IN 10", "REPAIRED IN", "9 IN 10", "DOWN")


def cells(row: Row) -> tuple[str, ...]:
    """A row under HEADINGS."""
    return (
        str(row.dead),
        str(row.stalled),
        str(row.open),
        duration(row.detect.median),
        duration(row.detect.nine_in_ten),
        duration(row.repair.median),
        duration(row.repair.nine_in_ten),
        duration(row.down) if row.down else "-",
    )


def _times(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
