"""The report for a terminal or a plain text file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.audit.model import State
from ciphertool.findings import Level
from ciphertool.redaction.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ciphertool.audit.model import Finding, Report, Value

_LONGEST = 60
_COUNTED = frozenset({State.EXAMPLE, State.NOT_A_SECRET})  # in the summary, and not listed


def render(report: Report) -> str:
    """Return values, findings and a summary as text; a table of what stands where comes first."""
    lines = [
        *_values(report.values),
        *_findings(report.active),
        *_suppressed(report),
        *_keys(report),
        *_summary(report),
    ]
    return "\n".join(lines) + "\n"


def _values(values: Sequence[Value]) -> Iterator[str]:
    listed = [value for value in values if value.state not in _COUNTED]
    rows = [(v.state.value, v.alias or "-", str(v.place), v.evidence.value) for v in listed]
    yield from _table(("STATE", "ALIAS", "PLACE", "EVIDENCE"), rows)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    rows = [
        (f.effective_level.value, f.rule.id, str(f.place), f.message)
        for f in sorted(findings, key=lambda finding: finding.effective_level.rank)
    ]
    yield from _table(("LEVEL", "RULE", "PLACE", "FINDING"), rows)


def _suppressed(report: Report) -> Iterator[str]:
    rows = [
        (f.rule.id, str(f.place), f.suppression.kind, f.suppression.date or "-", f.suppression.reason)
        for f in report.findings
        if f.suppression is not None
    ]
    yield from _table(("ACCEPTED", "PLACE", "BY", "SINCE", "REASON"), rows)


def _keys(report: Report) -> Iterator[str]:
    rows = [
        (
            k.alias,
            f"{k.algorithm} {k.bits or ''}",
            f"{k.not_after:%Y-%m-%d}" if k.not_after else "-",
            k.sha256[:16],
            k.path,
        )
        for k in report.keys
    ]
    yield from _table(("KEY", "ALGORITHM", "EXPIRES", "SHA-256", "KEYSTORE"), rows)


def _summary(report: Report) -> Iterator[str]:
    yield ", ".join(f"{report.count(state)} {state.value}" for state in State)
    levels = ", ".join(_counted(sum(f.effective_level is x for f in report.active), x.value) for x in Level)
    yield f"{levels}; {_counted(report.files, 'file')}"
    for item in report.skipped:
        yield f"not looked at: {item.count} ({item.reason})"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    table = [head, *([visible(cell) for cell in row] for row in rows)]
    if len(table) == 1:
        return
    widths = [min(max(map(len, column)), _LONGEST) for column in zip(*table, strict=True)]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
