"""The HTML report in a real browser: filters, order, keyboard, contrast, and not a word on the console."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.audit import RULES, AuditFinding, Evidence, Report, SiteState, Subject, Value, audit
from ciphertool.audit.model import Place
from ciphertool.audit.reports import Format, render
from tests.audit.browser import AVAILABLE, Browser, browser

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(not AVAILABLE, reason="no chromium and chromedriver on this machine"),
    pytest.mark.xdist_group("browser"),
]

ENTER, ESCAPE = "\ue007", "\ue00c"
SHOWN = """return [...document.querySelectorAll('#findings li')].filter(r => !r.hidden)
.map(r => r.querySelector('.path').textContent + ":" + r.querySelector('.line').textContent)"""
GROUPS = """return [...document.querySelectorAll('#findings .group')].filter(g => !g.hidden)
.map(g => g.querySelector('summary').textContent)"""
# How long the filter takes, with what the page must be laid out anew for it; the best of three.
TIMES = """
const box = document.querySelector('#findings input[type=search]');
return ['password', 'zzz', '', 'file-17 ct003'].map(words => Math.min(...[0, 1, 2].map(() => {
  box.value = ''; box.dispatchEvent(new Event('input')); document.body.offsetHeight;
  const begun = performance.now();
  box.value = words; box.dispatchEvent(new Event('input')); document.body.offsetHeight;
  return performance.now() - begun;
})));
"""
# What is cut off or broken: paths that take more than a line, and anything that is wider than the screen.
BROKEN = """
const tall = [...document.querySelectorAll('.path')].filter(e => e.offsetHeight > 30).map(e => e.textContent);
const cut = [...document.querySelectorAll('.group > summary .file')].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent);
return [...tall, ...cut, ...(document.documentElement.scrollWidth > innerWidth ? ['too wide'] : [])];
"""
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
    assert (
        opened.run("return document.querySelector('#findings [role=status]').textContent") == "1 of 1 shown, 3 in all"
    )
    opened.press("#findings input", ESCAPE)
    assert len(opened.run(SHOWN)) == 3
    opened.press("#findings select", "note")
    assert opened.run(SHOWN) == ["c.yaml:1"]


def test_findings_by_file_or_by_rule(opened: Browser) -> None:
    assert opened.run(GROUPS) == ["b.yaml1", "a.yaml1", "c.yaml1"]
    opened.press("#findings input[value=rule]", " ")
    assert opened.run(GROUPS) == ["CT004 secret-value1", "CT003 unprotected-secret1", "CT005 secret-in-comment1"]
    opened.press("#findings input[type=search]", "c.yaml")
    assert opened.run(GROUPS) == ["CT005 secret-in-comment1"]
    opened.press("#findings input[type=search]", ESCAPE)
    opened.press("#findings input[value=file]", " ")
    assert opened.run(GROUPS) == ["b.yaml1", "a.yaml1", "c.yaml1"]
    assert opened.run(SHOWN) == ["b.yaml:1", "a.yaml:1", "c.yaml:1"]


def test_a_slash_goes_to_the_filter(opened: Browser) -> None:
    opened.press("#findings input[value=file]", "/")
    assert opened.run("return document.activeElement.type") == "search"


def test_findings_come_first_and_their_evidence_is_beside_them(opened: Browser) -> None:
    headings = opened.run("return [...document.querySelectorAll('h2')].map(h => h.textContent)")
    assert headings[:2] == ["Findings", "Coverage"]
    evidence = opened.run("return [...document.querySelectorAll('#findings .evidence')].map(e => e.textContent)")
    assert evidence == ["value", "name", "name"]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 5,000 findings in 4,000 files, some of them deep down."""
    values, findings = [], []
    for number in range(5000):
        deep = "a-long-name-of-a-directory/" * (number % 5)
        place = Place(f"part-{number % 300}/{deep}file-{number % 4000}.yaml", number + 1, "$.some.password")
        values.append(Value(place, None, SiteState.UNPROTECTED, Evidence.NAME))
        findings.append(AuditFinding(RULES[2 + number % 2], place, "password holds a value in clear"))
    report = Report(Path("/srv/of-this-machine/tree"), datetime.now(UTC), tuple(values), tuple(findings), files=4000)
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(render(report, Format.HTML), encoding="utf-8")
    return path


def test_five_thousand_findings_are_filtered_at_once(chromium: Browser, large: Path) -> None:
    chromium.open(large.as_uri())
    for by in ("file", "rule"):
        chromium.run(f"document.querySelector('#findings input[value={by}]').click()")
        assert max(chromium.run(TIMES)) < 100
    chromium.press("#findings input[type=search]", ESCAPE)
    assert len(chromium.run(SHOWN)) == 200
    chromium.press("#findings button.more", ENTER)
    assert len(chromium.run(SHOWN)) == 1200
    chromium.press("#findings input[type=search]", "file-3999 part-99")
    assert chromium.run(SHOWN) == ["part-99/" + "a-long-name-of-a-directory/" * 4 + "file-3999.yaml:4000"]
    assert chromium.complaints() == []


def test_a_large_tree_is_a_picture_of_few_rows_and_no_path_of_the_machine(chromium: Browser, large: Path) -> None:
    chromium.open(large.as_uri())
    rows = chromium.run("return [...document.querySelectorAll('.coverage tbody tr')].map(r => r.textContent)")
    assert 3 <= len(rows) <= 16
    assert sum(int(re.findall(r"(\d+) of \d+", row)[0]) for row in rows) == 5000
    assert "/srv" not in large.read_text("utf-8")


@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_no_path_is_broken_and_nothing_is_too_wide(chromium: Browser, large: Path, size: tuple[int, int]) -> None:
    chromium.emulate(*size)
    try:
        chromium.open(large.as_uri())
        assert chromium.run(BROKEN) == []
        chromium.run("document.querySelector('#findings input[value=rule]').click()")
        assert chromium.run(BROKEN) == []
    finally:
        chromium.emulate(0, 0)


def test_contrast(opened: Browser) -> None:
    assert opened.run(CONTRAST) == []


def test_contrast_in_the_dark(page: Path) -> None:
    with browser("--blink-settings=preferredColorScheme=0") as dark:
        dark.open(page.as_uri())
        assert dark.run("return matchMedia('(prefers-color-scheme: dark)').matches")
        assert dark.run(CONTRAST) == []
