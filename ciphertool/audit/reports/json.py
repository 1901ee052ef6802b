"""The report as JSON. Its schema, with its version, is `schema.json` beside this module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ciphertool.audit.reports.summary import Evidence, counts
from ciphertool.audit.shown import root

if TYPE_CHECKING:
    from ciphertool.audit.model import AuditFinding, KeyCard, Place, Report, Value

VERSION = "1.3"


def render(report: Report) -> str:
    """Return the report as a JSON document."""
    return json.dumps(document(report), indent=2) + "\n"


def document(report: Report) -> dict[str, object]:
    """Return the report as plain data."""
    evidence = Evidence(report)
    return {
        "version": VERSION,
        "root": root(report).as_posix(),
        "time": report.time.isoformat(timespec="seconds"),
        "files": report.files,
        "counts": counts(report),
        "values": [_value(value) for value in report.values],
        "findings": [_finding(finding, evidence.of(finding)) for finding in report.findings],
        "keys": [_key(card) for card in report.keys],
        "skipped": [
            {"reason": item.reason, "count": item.count, "examples": list(item.examples)} for item in report.skipped
        ],
    }


def _place(place: Place) -> dict[str, object]:
    return {"path": place.path, "line": place.line, "selector": place.selector}


def _value(value: Value) -> dict[str, object]:
    return {
        **_place(value.place),
        "alias": value.alias,
        "state": value.state.value,
        "evidence": value.evidence.value,
        "reason": value.reason,
        "kind": value.kind,
        "decided_by": value.decided_by,
        "confidence": value.confidence.name.lower(),
        "where": value.where,
    }


def _finding(finding: AuditFinding, evidence: str) -> dict[str, object]:
    suppression = finding.suppression
    return {
        "rule": finding.rule.id,
        "name": finding.rule.name,
        "level": finding.effective_level.value,
        **_place(finding.place),
        "message": finding.message,
        "evidence": evidence or None,
        "cwe": finding.rule.cwe,
        "fingerprint": finding.fingerprint,
        "suppression": suppression
        and {"kind": suppression.kind, "reason": suppression.reason, "date": suppression.date},
    }


def _key(card: KeyCard) -> dict[str, object]:
    return {
        "path": card.path,
        "alias": card.alias,
        "subject": card.subject,
        "algorithm": card.algorithm,
        "bits": card.bits,
        "sha256": card.sha256,
        "not_before": card.not_before and card.not_before.isoformat(),
        "not_after": card.not_after and card.not_after.isoformat(),
        "key_usage": None if card.key_usage is None else list(card.key_usage),
        "primary": card.primary,
        "key_id": card.key_id,
        "recipient": card.recipient,
        "vault": card.vault,
        "encrypted": card.encrypted,
    }
