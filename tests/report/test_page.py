"""The page, in a real browser."""

import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from codexwrap.events import Event
from codexwrap.report import figures, page
from codexwrap.report.episodes import fold
from tests.browser import Browser
from tests.report.feeds import HOUR, NOW, died, event, week

HOSTILE = '<script>document.title="gone"</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"\'&\x1b[31m\u202e\x07'
SCENES = {
    "quiet": [],
    "one": [died(NOW - HOUR, ticket="HWD-0373")],
    "fleet": week(160, 6),
    "hostile": [
        died(NOW - HOUR, HOSTILE, ticket=HOSTILE, credential=HOSTILE),
        died(NOW - HOUR, "x" * 300, ticket="y" * 300)._replace(source="//" + "h" * 200 + "/x"),
        event("seat.stalled", NOW - HOUR, "beta", cause=HOSTILE),
    ],
}


def html(told: list[Event], days: int = 7) -> str:
    since = figures.start_of(days, NOW, UTC)
    return page.page(figures.count(fold(told), since, NOW, UTC), made=NOW, zone=UTC)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.mark.parametrize("days", [1, 7, 60])
@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_its_window_and_asks_for_nothing(
    browser: Browser, tmp_path: Path, name: str, width: int, days: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(SCENES[name], days))
    browser.open(path, width=width, height=844)
    browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.documentElement.clientWidth") == width
    # What is wider than the window scrolls in a box of its own.
    wide = "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && "
    wide += f"e.getBoundingClientRect().right > {width} + 0.5).map(e => e.outerHTML.slice(0, 80))"
    assert browser.run(wide) == []
    assert browser.requests == [path.as_uri()]
    assert browser.complaints == []
    assert browser.run("document.title").startswith("codexwrap: ")


def test_text_on_a_phone_is_large_enough_to_read(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(SCENES["fleet"]))
    browser.open(path, width=390, height=844)
    smallest = "Math.min(...[...document.querySelectorAll('svg text')].map(e => e.getBoundingClientRect().height))"
    assert browser.run(smallest) >= 10
    beyond = "[...document.querySelectorAll('svg text')].filter(e => { const t = e.getBoundingClientRect(), "
    beyond += "s = e.ownerSVGElement.getBoundingClientRect(); return t.right > s.right + 1 || t.left < s.left - 1 })"
    assert browser.run(f"{beyond}.map(e => e.textContent)") == []


def test_dark_and_light_differ_and_can_both_be_read(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(SCENES["fleet"]))
    for dark in (False, True):
        browser.open(path, width=390, height=844, dark=dark)
        ground, ink = (
            _light(browser.run(f"getComputedStyle(document.body).{each}")) for each in ("backgroundColor", "color")
        )
        assert (ground < 0.1 < ink) if dark else (ground > 0.9 > ink)
        assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) > 7  # WCAG's contrast for AAA
        for kind in ("dead", "stalled"):
            fill = _light(browser.run(f"getComputedStyle(document.querySelector('svg .{kind}')).fill"))
            assert (max(ground, fill) + 0.05) / (min(ground, fill) + 0.05) > 2.9, (kind, dark)


def _light(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)`, as WCAG has it."""
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_an_event_says_is_shown_and_never_obeyed(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html(SCENES["hostile"]))
    browser.open(path, width=390, height=844)
    assert browser.run("document.querySelectorAll('script, img, iframe, link, [onerror], [onload]').length") == 0
    assert '<script>document.title="gone"</script>' in browser.run("document.body.innerText")


@pytest.mark.parametrize("name", SCENES)
def test_it_holds_nothing_from_outside_and_nothing_that_a_terminal_obeys(name: str) -> None:
    made = html(SCENES[name])
    tags = re.findall(r"<[a-z][^>]*>", made)
    assert {tag for tag in tags if re.search(r"\s(?:src|href|on\w+|style)\s*=", tag)} == set()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", made)
    assert "default-src &#x27;none&#x27;" in made
    assert "<script" not in made


def test_the_fleets_page_is_small() -> None:
    assert len(html(SCENES["fleet"])) < 300_000
