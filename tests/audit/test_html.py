"""The HTML report in a real browser: filters, order, keyboard, contrast, and not a word on the console."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool.audit import Subject, audit
from ciphertool.audit.reports import Format, render
from tests.audit.browser import AVAILABLE, Browser, browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not AVAILABLE, reason="no chromium and chromedriver on this machine"),
    pytest.mark.xdist_group("browser"),
]

ENTER, ESCAPE = "\ue007", "\ue00c"
SHOWN = """return [...document.querySelectorAll('#findings tbody tr')].filter(r => !r.hidden)
.map(r => r.cells[2].textContent)"""
# WCAG 2: the contrast of each text against the nearest background that is not transparent.
CONTRAST = """
const channel = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
const parse = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const back = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
const bad = [];
for (const e of document.querySelectorAll("body *")) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.offsetParent) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(back(e))];
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) bad.push(e.tagName + " " + e.className + " " + ratio.toFixed(2));
}
return [...new Set(bad)];
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of three findings in three files."""
    root = tmp_path_factory.mktemp("tree")
    (root / "a.yaml").write_text("password: x1\n")
    (root / "b.yaml").write_text("url: http://u:Zq81mm@host/\n")
    (root / "c.yaml").write_text("# password: x2\nother: a\nmore: {token: '${env:T}'}\n")
    report = audit([Subject(root)], now=datetime.now(UTC))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(report, Format.HTML), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for all tests here."""
    with browser() as started:
        yield started


@pytest.fixture
def opened(chromium: Browser, page: Path) -> Browser:
    """The report, freshly loaded."""
    chromium.open(page.as_uri())
    return chromium


def test_the_console_is_silent(opened: Browser) -> None:
    opened.press("#findings input", "a")
    assert opened.complaints() == []


def test_filter_by_text_and_by_level(opened: Browser) -> None:
    assert opened.run(SHOWN) == ["b.yaml:1", "a.yaml:1", "c.yaml:1"]
    opened.press("#findings input", "b.yaml")
    assert opened.run(SHOWN) == ["b.yaml:1"]
    assert opened.run("return document.querySelector('#findings [role=status]').textContent") == "1 of 3 shown"
    opened.press("#findings input", ESCAPE)
    assert len(opened.run(SHOWN)) == 3
    opened.press("#findings select", "note")
    assert opened.run(SHOWN) == ["c.yaml:1"]


def test_order_by_keyboard(opened: Browser) -> None:
    opened.press("#findings th:nth-child(3) button", ENTER)
    assert opened.run(SHOWN) == ["a.yaml:1", "b.yaml:1", "c.yaml:1"]
    opened.press("#findings th:nth-child(1) button", ENTER)
    opened.press("#findings th:nth-child(1) button", ENTER)
    assert opened.run(SHOWN) == ["c.yaml:1", "a.yaml:1", "b.yaml:1"]
    assert opened.run("return document.querySelector('#findings th').getAttribute('aria-sort')") == "descending"


def test_a_slash_goes_to_the_filter(opened: Browser) -> None:
    opened.press("#findings th:nth-child(1) button", "/")
    assert opened.run("return document.activeElement.type") == "search"


def test_contrast(opened: Browser) -> None:
    assert opened.run(CONTRAST) == []


def test_contrast_in_the_dark(page: Path) -> None:
    with browser("--blink-settings=preferredColorScheme=0") as dark:
        dark.open(page.as_uri())
        assert dark.run("return matchMedia('(prefers-color-scheme: dark)').matches")
        assert dark.run(CONTRAST) == []


def test_a_small_screen_does_not_scroll_sideways(opened: Browser) -> None:
    script = "document.body.style.width = '360px'; return document.body.scrollWidth"
    assert opened.run(script) <= 400
