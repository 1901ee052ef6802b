"""The report as one HTML page that needs nothing else: no network, no other file. Its template is beside this module.

A content security policy allows the page's own style and script, by their hashes, and nothing else. The page does not
say where on this machine the audited directory lies.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from ciphertool import __version__
from ciphertool.audit.model import SiteState
from ciphertool.audit.reports import coverage, summary
from ciphertool.audit.rules import RULES
from ciphertool.audit.shown import root
from ciphertool.findings import Level

if TYPE_CHECKING:
    import jinja2

    from ciphertool.audit.model import AuditFinding, KeyCard, Report

_SOON_DAYS = 90


def render(report: Report) -> str:
    """Return the page."""
    style, script = _resource("report.css"), _resource("report.js")
    evidence = summary.Evidence(report)
    page = _template().render(
        report=report,
        name=root(report).name or "/",
        version=__version__,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'",
        counts=list(summary.counts(report).items()),
        levels=list(summary.levels(report).items()),
        directories=coverage.coverage(report),
        width=coverage.WIDTH,
        findings=_by_file(report.findings),
        values=[(path, list(group)) for path, group in groupby(report.values, lambda value: value.place.path)],
        evidence=evidence.of,
        split=_split,
        standing=lambda card: _standing(report, card),
        states=list(SiteState),
        rules=[rule for rule in RULES if any(finding.rule is rule for finding in report.findings)],
    )
    return page + "\n"


def _by_file(findings: tuple[AuditFinding, ...]) -> list[tuple[str, list[AuditFinding]]]:
    """Return the findings by file, the gravest of each first, and the files with the gravest first."""
    found: dict[str, list[AuditFinding]] = {}
    for finding in findings:
        found.setdefault(finding.place.path, []).append(finding)
    for group in found.values():
        group.sort(key=_gravity)
    return sorted(found.items(), key=lambda item: _gravity(item[1][0]))


def _gravity(finding: AuditFinding) -> tuple[bool, int]:
    return finding.suppression is not None, finding.effective_level.rank


def _split(path: str) -> tuple[str, str]:
    """Return a path in two, for a page that leaves out the middle; of one outside the audited tree, only its end."""
    if path.startswith("/"):
        path = "…/" + "/".join(path.split("/")[-2:])
    directory, slash, name = path.rpartition("/")
    return directory, slash + name


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
