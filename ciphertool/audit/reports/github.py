"""The findings as GitHub workflow commands: annotations on the lines of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.audit.reports.summary import counted, sentence

if TYPE_CHECKING:
    from ciphertool.audit.model import AuditFinding, Report

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(report: Report) -> str:
    """Return one command for each finding that nothing suppresses, and one with the counts."""
    lines = [_command(finding) for finding in report.active]
    accepted = len(report.findings) - len(lines)
    more = f"; {counted(accepted, 'accepted finding')}, not shown" if accepted else ""
    lines.append(f"::notice title=ciphertool::{sentence(report)}{more}")
    return "".join(f"{line}\n" for line in lines)


def _command(finding: AuditFinding) -> str:
    place = finding.place
    line = f",line={place.line}" if place.line else ""
    title = _property(f"{finding.rule.id} {finding.rule.name}")
    command = _COMMANDS[finding.effective_level.value]
    return f"::{command} file={_property(place.path)}{line},title={title}::{_data(finding.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
