"""The findings as CSV, for a spreadsheet. A cell that would be read as a formula gets a quote before it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciphertool.audit.model import Report

_HEAD = ("rule", "level", "path", "line", "selector", "message", "cwe", "fingerprint", "accepted_by", "reason", "date")


def render(report: Report) -> str:
    """Return one row for each finding."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(_HEAD)
    for finding in report.findings:
        place, accepted = finding.place, finding.suppression
        row = (
            *(finding.rule.id, finding.effective_level.value, place.path, place.line, place.selector),
            *(finding.message, finding.rule.cwe, finding.fingerprint),
            *((accepted.kind, accepted.reason, accepted.date) if accepted else (None, None, None)),
        )
        writer.writerow([_cell(value) for value in row])
    return output.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
