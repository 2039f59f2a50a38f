"""Draw figures as SVG."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from html import escape

from codexwrap.redact.redact import printable
from codexwrap.report import words
from codexwrap.report.figures import Figures, Row, overlap, seat_names
from codexwrap.verdict.causes import State

# Drawn for a phone's width, so that text is as large there as it is meant to be; a wider page scales it up.
WIDTH = 350
LANES = 24  # seats with a lane of their own
BARS = 14
_LONGEST = 34  # characters of a label


def days(figures: Figures) -> str:
    """A column for each day: deaths, and stalls on top of them."""
    top, bottom, left = 14, 118, 22
    room = (WIDTH - left) / len(figures.days)
    most = max([row.dead + row.stalled for row in figures.days] + [1])
    step = _step(most)
    ceiling = -(-most // step) * step
    scale = (bottom - top) / ceiling
    parts = [
        f'<line class="grid" x1="{left}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="axis" x="{left - 4}" y="{y + 3:.1f}" text-anchor="end">{value}</text>'
        for value in range(0, ceiling + 1, step)
        for y in [bottom - value * scale]
    ]
    every = -(-len(figures.days) // 10)
    for index, row in enumerate(figures.days):
        x, wide = left + index * room + room * 0.15, min(room * 0.7, 40)
        x += (room * 0.7 - wide) / 2
        dead, stalled = row.dead * scale, row.stalled * scale
        gap = 1.5 if row.dead and row.stalled else 0
        if row.dead:
            parts.append(_rect("dead", x, bottom - dead, wide, dead))
        if row.stalled:
            parts.append(_rect("stalled", x, bottom - dead - stalled, wide, stalled - gap))
        if row.dead + row.stalled:
            parts.append(
                f'<text class="value" x="{x + wide / 2:.1f}" y="{bottom - dead - stalled - 3:.1f}" '
                f'text-anchor="middle">{row.dead + row.stalled}</text>'
            )
        if index % every == 0:
            label = f"{datetime.fromisoformat(row.name):%d %b}"
            parts.append(
                f'<text class="axis" x="{x + wide / 2:.1f}" y="{bottom + 13}" text-anchor="middle">{label}</text>'
            )
        parts.append(
            f'<rect class="hit" x="{left + index * room:.1f}" y="{top}" width="{room:.1f}" height="{bottom - top}">'
            f"<title>{_row_title(row)}</title></rect>"
        )
    return _svg("Deaths and stalls by day", 136, parts)


def causes(figures: Figures) -> str:
    """A bar for each cause, its name above it."""
    rows = figures.causes[:BARS]
    most = max([row.dead + row.stalled for row in rows] + [1])
    parts = []
    for index, row in enumerate(rows):
        y = index * 28
        total = row.dead + row.stalled
        parts += [
            f'<text class="label" x="0" y="{y + 11}">{_label(row.name)}</text>',
            _rect("dead" if row.dead else "stalled", 0, y + 15, max(2.0, total / most * (WIDTH - 40)), 8),
            f'<text class="value" x="{max(2.0, total / most * (WIDTH - 40)) + 5:.1f}" y="{y + 23}">{total}</text>',
            f'<rect class="hit" x="0" y="{y}" width="{WIDTH}" height="28"><title>{_row_title(row)}</title></rect>',
        ]
    return _svg("Deaths and stalls by cause", max(28, 28 * len(rows)), parts)


def lanes(figures: Figures, zone: tzinfo | None = None) -> str:
    """A lane for each seat, with what it was dead or stalled for."""
    names = seat_names(figures.spans)
    shown = [row.name for row in figures.seats[:LANES]]
    bottom = 26 * len(shown)
    length = figures.until - figures.since
    parts = list(_day_lines(figures, bottom))
    for index, name in enumerate(shown):
        y = 26 * index
        parts.append(f'<text class="label" x="0" y="{y + 10}">{_label(name)}</text>')
        parts.append(f'<rect class="lane" x="0" y="{y + 14}" width="{WIDTH}" height="8" rx="2"/>')
        for each in figures.spans:
            if names[each.source] != name:
                continue
            start = max(0.0, each.began - figures.since) / length * WIDTH
            wide = overlap(each.began, each.ended, figures.since, figures.until) / length * WIDTH
            began = f"{datetime.fromtimestamp(each.began, zone):%a %d %b %H:%M:%S}"
            end = f"{each.by} after {words.duration(each.ended - each.began)}" if each.ended else "not back yet"
            parts.append(
                f'<rect class="{"dead" if each.state is State.DEAD else "stalled"}" x="{min(start, WIDTH - 2):.1f}" '
                f'y="{y + 14}" width="{max(2.0, wide):.1f}" height="8" rx="1">'
                f"<title>{_safe(f'{name}: {each.cause}, {began}, {end}')}</title></rect>"
            )
    return _svg("When seats were dead or stalled", bottom + 14, parts)


def _day_lines(figures: Figures, bottom: float) -> Iterator[str]:
    room = WIDTH / len(figures.days)
    every = -(-len(figures.days) // 7)
    for index, row in enumerate(figures.days):
        if index % every == 0:
            x = index * room
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}"/>'
            label = f"{datetime.fromisoformat(row.name):%d %b}"
            yield f'<text class="axis" x="{x + 2:.1f}" y="{bottom + 11}">{label}</text>'


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    drawn = "".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{drawn}</svg>'


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(0.5, height):.1f}" rx="2"/>'


def _row_title(row: Row) -> str:
    return _safe(f"{row.name}: {row.dead} dead, {row.stalled} stalled, down for {words.duration(row.down or None)}")


def _label(text: str) -> str:
    text = printable(text)
    return escape(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _safe(text: str) -> str:
    return escape(printable(text))


def _step(most: int) -> int:
    """How far apart the lines of a grid are: 1, 2 or 5 times a power of ten, so that there are at most five."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if most <= 5 * factor * size:
                return factor * size
        size *= 10
