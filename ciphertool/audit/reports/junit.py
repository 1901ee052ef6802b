"""The report as JUnit XML: a test case for each finding, for CI systems that show test results."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from ciphertool.audit.reports import summary
from ciphertool.findings import Level

if TYPE_CHECKING:
    from ciphertool.audit.model import AuditFinding, Report


def render(report: Report) -> str:
    """Return one suite, with the counts of states as its properties.

    Errors and warnings fail, notes pass, accepted findings are skipped.
    """
    cases = [_case(finding) for finding in report.findings]
    cases = cases or ['    <testcase classname="ciphertool" name="audit"/>']
    failures = sum(finding.effective_level is not Level.NOTE for finding in report.active)
    skipped = len(report.findings) - len(report.active)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="{skipped}"'
    time = f'timestamp="{report.time:%Y-%m-%dT%H:%M:%S}"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<testsuites {counts}>",
            f'  <testsuite name="ciphertool audit" {counts} {time}>',
            "    <properties>",
            *(f'      <property name="{name}" value="{number}"/>' for name, number in summary.counts(report).items()),
            "    </properties>",
            *cases,
            "  </testsuite>",
            "</testsuites>",
            "",
        ]
    )


def _case(finding: AuditFinding) -> str:
    name = _attribute(f"{finding.rule.id} {finding.place.selector or finding.place}")
    case = f"    <testcase classname={_attribute(finding.place.path)} name={name}"
    message = _attribute(f"{finding.place}: {finding.message}")
    if finding.suppression is not None:
        return f"{case}><skipped message={_attribute(f'accepted: {finding.suppression.reason}')}/></testcase>"
    if finding.effective_level is Level.NOTE:
        return f"{case}/>"
    return f'{case}><failure type="{finding.rule.name}" message={message}/></testcase>'


def _attribute(text: str) -> str:
    # XML 1.0 has no way to write control characters.
    return quoteattr("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))
