"""The report as one HTML page that needs nothing else: no network, no other file. Its template is beside this module.

A content security policy allows the page's own style and script, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from ciphertool import __version__
from ciphertool.audit.model import State
from ciphertool.audit.reports import summary
from ciphertool.audit.rules import RULES
from ciphertool.audit.shown import root
from ciphertool.findings import Level

if TYPE_CHECKING:
    import jinja2

    from ciphertool.audit.model import KeyCard, Report

_SOON_DAYS = 90
_WIDTH = 400
_ROWS = 25


@dataclass(frozen=True, slots=True)
class Bar:
    """One segment of the picture of coverage."""

    state: str
    x: float
    width: float
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """One directory of the picture of coverage."""

    name: str
    total: int
    bars: tuple[Bar, ...]


def render(report: Report) -> str:
    """Return the page."""
    style, script = _resource("report.css"), _resource("report.js")
    page = _template().render(
        report=report,
        root=root(report),
        version=__version__,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'",
        states=list(State),
        counts=list(summary.counts(report).items()),
        levels=list(summary.levels(report).items()),
        directories=coverage(report),
        width=_WIDTH,
        findings=sorted(report.findings, key=lambda finding: finding.effective_level.rank),
        standing=lambda card: _standing(report, card),
        rules=[rule for rule in RULES if any(finding.rule is rule for finding in report.findings)],
    )
    return page + "\n"


def coverage(report: Report) -> list[Row]:
    """Return the states of the values by directory, the largest first; what is too much for a picture is one row."""
    counts: defaultdict[str, Counter[State]] = defaultdict(Counter)
    for value in report.values:
        counts[value.place.path.rpartition("/")[0] or "."][value.state] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    if len(ordered) > _ROWS:
        rest = sum((states for _, states in ordered[_ROWS - 1 :]), Counter[State]())
        ordered = [*ordered[: _ROWS - 1], (f"{len(ordered) - _ROWS + 1} other directories", rest)]
    most = max((states.total() for _, states in ordered), default=1)
    return [_row(name, states, most) for name, states in ordered]


def _row(name: str, states: Counter[State], most: int) -> Row:
    bars = []
    x = 0.0
    for state in State:
        if states[state]:
            width = _WIDTH * states[state] / most
            bars.append(Bar(state.value, round(x, 1), round(width, 1), states[state]))
            x += width
    return Row(name, states.total(), tuple(bars))


def _standing(report: Report, card: KeyCard) -> tuple[str, str]:
    """Return how it stands with a key: a class for its worst finding or its age, and a sentence about its validity."""
    days = -1 if card.not_after is None else (card.not_after - report.time).days
    sentence = f"{days} days left" if days >= 0 else "expired" if card.not_after else "cannot be read"
    here = (card.path, card.alias)
    levels = {f.effective_level for f in report.active if (f.place.path, f.place.selector) == here}
    if Level.ERROR in levels or days < 0:
        return "bad", sentence
    return ("soon" if Level.WARNING in levels or days < _SOON_DAYS else "good"), sentence


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _resource(name: str) -> str:
    return files("ciphertool.audit.reports").joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_resource("report.html.j2"))
