"""The findings as CSV, for a spreadsheet. A cell that would be read as a formula gets a quote before it."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from ciphertool.audit.reports.summary import Evidence
from ciphertool.redaction.visible import visible

if TYPE_CHECKING:
    from ciphertool.audit.model import Report

# At a cell's start, and behind what another program, or another country's, takes for the end of one.
_FORMULA = re.compile(r"""(^|[;|])(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])""")
_HEAD = (
    *("rule", "level", "path", "line", "selector", "message", "evidence", "cwe", "fingerprint"),
    *("accepted_by", "reason", "date"),
)


def render(report: Report) -> str:
    """Return one row for each finding."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(_HEAD)
    evidence = Evidence(report)
    for finding in report.findings:
        place, accepted = finding.place, finding.suppression
        row = (
            *(finding.rule.id, finding.effective_level.value, place.path, place.line, place.selector),
            *(finding.message, evidence.of(finding), finding.rule.cwe, finding.fingerprint),
            *((accepted.kind, accepted.reason, accepted.date) if accepted else (None, None, None)),
        )
        writer.writerow([_cell(value) for value in row])
    return output.getvalue()


def _cell(value: object) -> str:
    return _FORMULA.sub(r"\1'", visible("" if value is None else str(value)))
