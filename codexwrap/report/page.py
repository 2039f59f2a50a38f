"""Draw a period as one page."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from html import escape

from codexwrap.redact.redact import printable
from codexwrap.report import charts, words
from codexwrap.report.figures import Figures, Row

_MOST = 200  # rows of a table
_ITEMS = 20

_STYLE = """
:root { color-scheme: light dark; --page: #fcfcfb; --card: #fff; --ink: #1d1d1b; --soft: #5f5f5a; --line: #e2e2dd;
  --dead: #b3261e; --stalled: #c98500; --lane: #efefea; }
@media (prefers-color-scheme: dark) { :root { --page: #15161a; --card: #1d1f24; --ink: #ececea; --soft: #a5a6a2;
  --line: #33363d; --dead: #ff7a70; --stalled: #d9a62e; --lane: #2a2d33; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1100px; padding: 1rem; background: var(--page); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; margin: .2rem 0; } h2 { font-size: 1rem; margin: 0 0 .6rem; }
p { margin: .3rem 0 1rem; } .soft { color: var(--soft); font-size: .85rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem; min-width: 0; }
.tile b { display: block; font-size: 1.5rem; font-weight: 600; line-height: 1.2; }
.tile span { color: var(--soft); font-size: .85rem; }
.grid2 { display: grid; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: .8rem; }
section { margin-bottom: .8rem; }
svg { display: block; width: 100%; height: auto; max-width: 560px; }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink); } svg .axis { fill: var(--soft); font-size: 10px; }
svg .grid { stroke: var(--line); stroke-width: 1; } svg .dead { fill: var(--dead); } svg .stalled { fill: var(--stalled); }
svg .lane { fill: var(--lane); } svg .hit { fill: transparent; }
.legend { display: inline-block; margin-right: 1rem; white-space: nowrap; }
summary { font-weight: 600; cursor: pointer; }
.key { display: inline-block; width: .75rem; height: .75rem; border-radius: 2px; margin-right: .3rem; }
.key.dead { background: var(--dead); } .key.stalled { background: var(--stalled); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem .25rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
td:first-child { white-space: normal; min-width: 8rem; max-width: 20rem; }
"""

_MEANING = (
    "seen: from when a death was on the screen until it was judged; repaired: until the seat was back; "
    "down: seats dead or stalled, within the period"
)

# No scripts, no fonts, no pictures: nothing that a text of an event could turn into one is loaded either.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(figures: Figures, *, made: float, zone: tzinfo | None = None) -> str:
    """The report as one HTML document that needs nothing else. `made` is when, in epoch seconds."""
    title = f"codexwrap: {words.period(figures, zone)}"
    body = [
        f"<h1>{_safe(title)}</h1>",
        f"<p>{_safe(words.summary(figures))}</p>",
        _tiles(figures),
        *_plots(figures, zone),
        *_tables(figures),
        f'<p class="soft">made {datetime.fromtimestamp(made, zone):%Y-%m-%d %H:%M %Z}; {_MEANING}</p>',
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _tiles(figures: Figures) -> str:
    total = figures.total
    lost = sum(seconds for _, seconds in figures.blocked)
    tiles = (
        (str(total.dead), "deaths"),
        (str(total.stalled), "stalls"),
        (words.duration(total.detect.median), f"seen in (9 in 10: {words.duration(total.detect.nine_in_ten)})"),
        (words.duration(total.repair.median), f"repaired in (9 in 10: {words.duration(total.repair.nine_in_ten)})"),
        (words.duration(lost or None), f"work blocked, {len(figures.blocked)} items"),
        (str(total.open), "not back yet"),
        (str(figures.warnings), "warnings of limits"),
    )
    drawn = "".join(
        f'<div class="tile"><b>{_safe(number)}</b><span>{_safe(what)}</span></div>' for number, what in tiles
    )
    return f'<div class="tiles">{drawn}</div>'


def _plots(figures: Figures, zone: tzinfo | None) -> list[str]:
    if not figures.spans:
        return []
    legend = (
        '<p class="soft"><span class="legend"><span class="key dead"></span>dead: the provider session is gone</span>'
        '<span class="legend"><span class="key stalled"></span>stalled: somebody must nudge</span></p>'
    )
    return [
        '<div class="grid2">',
        f"<section><h2>By day</h2>{legend}{charts.days(figures)}</section>",
        f"<section><h2>By cause</h2>{charts.causes(figures)}{_beyond(figures.causes, charts.BARS)}</section>",
        f"<section><h2>By seat</h2>{charts.lanes(figures, zone)}{_beyond(figures.seats, charts.LANES)}</section>",
        f"<section><h2>Work blocked</h2>{_blocked(figures)}</section>",
        "</div>",
    ]


def _blocked(figures: Figures) -> str:
    if not figures.blocked:
        return "<p>None.</p>"
    stuck = set(figures.stuck)
    rows = [(item, words.duration(lost), "still" if item in stuck else "") for item, lost in figures.blocked]
    return _table(("ITEM", "BLOCKED", ""), rows[:_ITEMS]) + _beyond(rows, _ITEMS)


def _tables(figures: Figures) -> list[str]:
    kinds: tuple[tuple[str, Sequence[Row]], ...] = (
        ("Each day", figures.days),
        ("Each cause", figures.causes),
        ("Each seat", figures.seats),
    )
    return [
        f"<section><details><summary>{name}</summary>"
        + _table((name.split()[1].upper(), *words.HEADINGS), [(row.name, *words.cells(row)) for row in rows[:_MOST]])
        + _beyond(rows, _MOST)
        + "</details></section>"
        for name, rows in kinds
        if rows and figures.spans
    ]


def _beyond(rows: Sequence[object], shown: int) -> str:
    return f'<p class="soft">and {len(rows) - shown} more</p>' if len(rows) > shown else ""


def _table(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_safe(each)}</th>" for each in headings)
    body = "".join("<tr>" + "".join(f"<td><bdi>{_safe(each)}</bdi></td>" for each in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _safe(text: str) -> str:
    return escape(printable(text))
