"""The report as SARIF 2.1.0, for code scanning. No two results have one fingerprint, and none is of a value."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from ciphertool import __version__
from ciphertool.audit.reports.summary import counts
from ciphertool.audit.rules import RULES

if TYPE_CHECKING:
    from ciphertool.audit.model import AuditFinding, Report
    from ciphertool.audit.rules import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SEVERITY = {"error": "8.0", "warning": "5.0", "note": "2.0"}  # what GitHub sorts by


def render(report: Report) -> str:
    """Return the report as a SARIF log of one run."""
    run = {
        "tool": {
            "driver": {
                "name": "ciphertool",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in RULES],
            }
        },
        "invocations": [{"executionSuccessful": True, "endTimeUtc": report.time.strftime("%Y-%m-%dT%H:%M:%SZ")}],
        # Paths are relative: where the root lies is the reader's to say.
        "originalUriBaseIds": {"ROOT": {"description": {"text": "the directory that was audited"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding) for finding in report.findings],
        "properties": {
            "values": counts(report),
            "skipped": [{"reason": item.reason, "count": item.count} for item in report.skipped],
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    tags = ["security", *([f"external/cwe/cwe-{rule.cwe:03d}"] if rule.cwe else [])]
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.sentence},
        "fullDescription": {"text": rule.sentence},
        "help": {"text": rule.remedy.replace("{id}", rule.id)},
        "defaultConfiguration": {"level": rule.level.value},
        "properties": {"tags": tags, "security-severity": _SEVERITY[rule.level.value]},
    }


def _result(finding: AuditFinding) -> dict[str, object]:
    place = finding.place
    physical: dict[str, object] = {"artifactLocation": {"uri": quote(os.fsencode(place.path)), "uriBaseId": "ROOT"}}
    if place.line:
        physical["region"] = {"startLine": place.line}
    location: dict[str, object] = {"physicalLocation": physical}
    if place.selector:
        location["logicalLocations"] = [{"fullyQualifiedName": place.selector}]
    result: dict[str, object] = {
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.index(finding.rule),
        "level": finding.effective_level.value,
        "message": {"text": finding.message},
        "locations": [location],
        "partialFingerprints": {"ciphertool/v2": finding.fingerprint},
    }
    if finding.suppression is not None:
        kind = "inSource" if finding.suppression.kind == "inline" else "external"
        result["suppressions"] = [{"kind": kind, "justification": finding.suppression.reason}]
    return result
