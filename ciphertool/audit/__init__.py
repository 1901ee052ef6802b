"""The reviewer's view: which secrets are protected, which are not, and how sure that is. Needs no password and no key.

`audit(subjects, now=…)` returns a `Report`; `reports.render` writes one. Nothing here prints, and no value leaves it.
"""

from __future__ import annotations

from ciphertool.audit.model import Evidence, Finding, KeyCard, Level, Report, State, Value
from ciphertool.audit.rules import RULES, Rule, rule
from ciphertool.audit.run import Options, Subject, audit, is_subject

__all__ = [
    "RULES",
    "Evidence",
    "Finding",
    "KeyCard",
    "Level",
    "Options",
    "Report",
    "Rule",
    "State",
    "Subject",
    "Value",
    "audit",
    "is_subject",
    "rule",
]
