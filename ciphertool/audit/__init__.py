"""The reviewer's view: which secrets are protected and which are not. Needs no password and no key.

`audit(subjects, now=…)` returns a `Report`; `reports.render` writes one. Nothing here prints, and no value leaves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool.audit.model import AuditFinding, KeyCard, Report, SiteState, Value
from ciphertool.audit.rules import RULES, Rule, rule
from ciphertool.detection.evidence import Evidence
from ciphertool.findings import Level

if TYPE_CHECKING:
    from ciphertool.audit.workflow import Options, Subject, audit

__all__ = [
    "RULES",
    "AuditFinding",
    "Evidence",
    "KeyCard",
    "Level",
    "Options",
    "Report",
    "Rule",
    "SiteState",
    "Subject",
    "Value",
    "audit",
    "rule",
]

_OF_RUN = frozenset({"Options", "Subject", "audit"})


def __getattr__(name: str) -> Any:
    # The command line needs the levels and formats for its help, and only an audit needs all the rest.
    if name not in _OF_RUN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ciphertool.audit import workflow

    return getattr(workflow, name)
