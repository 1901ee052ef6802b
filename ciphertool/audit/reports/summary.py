"""What all formats say alike: the counts of states and of levels, and the evidence beside a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.audit.model import SiteState
from ciphertool.findings import Level

if TYPE_CHECKING:
    from ciphertool.audit.model import AuditFinding, Place, Report, Value


def counts(report: Report) -> dict[str, int]:
    """Return how many values are in each state, by its name, zeros included."""
    return {state.value: report.count(state) for state in SiteState}


def levels(report: Report) -> dict[str, int]:
    """Return how many findings of each level nothing suppresses, by its name, zeros included."""
    return {level.value: sum(f.effective_level is level for f in report.active) for level in Level}


def counted(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def sentence(report: Report) -> str:
    """Return the counts of all states and their total in one line."""
    parts = ", ".join(f"{number} {state}" for state, number in counts(report).items())
    return f"{parts}: {counted(len(report.values), 'value')}"


class Evidence:
    """The values that findings are about."""

    def __init__(self, report: Report) -> None:
        self._values: dict[Place, Value] = {}
        for value in report.values:
            if value.place not in self._values or value.state is SiteState.UNPROTECTED:
                self._values[value.place] = value

    def of(self, finding: AuditFinding) -> str:
        """Return why the place of a finding is taken for that of a secret, or "" if it is about something else."""
        value = self._values.get(finding.place)
        return value.evidence.value if value is not None else ""
