"""The report as Markdown, for a pull request's comment or a wiki page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool.audit.reports.summary import Evidence, counts
from ciphertool.findings import Level
from ciphertool.redaction.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.audit.model import Report

_TICKS = re.compile(r"`+")


def render(report: Report) -> str:
    """Return a summary, the findings, the accepted ones, and what was not looked at."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# Secrets in configuration"
    yield ""
    yield from _table([*counts(report), "values"], [[str(n) for n in (*counts(report).values(), len(report.values))]])
    evidence = Evidence(report)
    for level in Level:
        found = [finding for finding in report.active if finding.effective_level is level]
        if found:
            yield f"## {level.value.capitalize()}s ({len(found)})"
            yield ""
            rows = [[f.rule.id, str(f.place), f.message, evidence.of(f)] for f in found]
            yield from _table(["rule", "place", "finding", "evidence"], rows)
    accepted = [
        [f.rule.id, str(f.place), f.suppression.kind, f.suppression.date or "", f.suppression.reason]
        for f in report.findings
        if f.suppression is not None
    ]
    if accepted:
        yield f"## Accepted ({len(accepted)})"
        yield ""
        yield from _table(["rule", "place", "by", "since", "reason"], accepted)
    for item in report.skipped:
        yield f"Not looked at: {item.count} ({item.reason})  "


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_code(cell) for cell in row)} |"
    yield ""


def _code(text: str) -> str:
    """Return a text as code, in which nothing is a link, a mention of somebody, an issue's number, or HTML."""
    text = visible(" ".join(text.split()))
    if text.isalnum():
        return text
    ticks = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    escaped = text.replace("|", "\\|")  # which a table asks for even there
    return f"{ticks}{blank}{escaped}{blank}{ticks}" if text else ""
