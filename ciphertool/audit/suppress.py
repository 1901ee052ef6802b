"""Accepted findings: a baseline file, and comments in the files themselves. Each has a reason, or it does not count."""

from __future__ import annotations

import datetime
import json
import re
from bisect import bisect_right
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING

from ciphertool.audit.model import Suppression
from ciphertool.audit.rules import rule
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ciphertool.audit.model import Finding, Report
    from ciphertool.files.snapshots import Snapshot
    from ciphertool.rewriters.base import Site

VERSION = "1.0"
MARK = "ciphertool:"
"""What stands in every text that allows something."""
_ALLOW = re.compile(r"ciphertool:[ \t]*allow[ \t]+(?P<rule>[\w-]+)[ \t]+(?P<reason>\S.*)")
_COMMENT_ENDS = ("-->", "*/")
_ONLY_COMMENT = re.compile(r"\s*(?:#|;|!|//|<!--|/\*)")

Allowances = dict[int, list[tuple[str, str]]]
"""Line → the ids of rules that a comment allows there, each with its reason."""


def allowances(text: str, sites: Iterable[Site]) -> Allowances:
    """Return what a file's comments allow: on their own line or, from a line of nothing else, on the next one.

    What stands in the value of a site is no comment, whatever it looks like.
    """
    found: Allowances = {}
    values = sorted((site.start, site.end) for site in sites)
    following = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        start, following = following, following + len(line)
        match = _ALLOW.search(line)
        if match and not _is_within(values, start + match.start()) and (known := rule(match["rule"])):
            reason = match["reason"].strip()
            for end in _COMMENT_ENDS:
                reason = reason.removesuffix(end).rstrip()
            target = number + 1 if _ONLY_COMMENT.match(line) else number
            if reason:
                found.setdefault(target, []).append((known.id, reason))
    return found


def _is_within(spans: Sequence[tuple[int, int]], offset: int) -> bool:
    """Tell whether an offset is in one of the spans, which are in order."""
    before = bisect_right(spans, offset, key=itemgetter(0))
    return before > 0 and offset < spans[before - 1][1]


def inline(findings: Iterable[Finding], allowed: Mapping[str, Allowances]) -> list[Finding]:
    """Return the findings with what their files' comments allow marked as such."""
    result = []
    for finding in findings:
        here = allowed.get(finding.place.path, {}).get(finding.place.line or 0, ())
        reason = next((reason for id_, reason in here if id_ == finding.rule.id), None)
        result.append(finding if reason is None else finding._replace(suppression=Suppression("inline", reason)))
    return result


def read_baseline(snapshot: Snapshot) -> dict[str, Suppression]:
    """Return fingerprint → suppression of a baseline; raise `ConfigError` where one has no reason or no date."""
    path = snapshot.path
    try:
        document = json.loads(snapshot.bytes)
        accepted = document["accepted"]
        if document["version"] != VERSION or not isinstance(accepted, list):
            raise KeyError
    except (ValueError, RecursionError, KeyError, TypeError):
        raise ConfigError(f"is not a baseline of version {VERSION}", path=path) from None
    found = {}
    for number, entry in enumerate(accepted, 1):
        try:
            fingerprint, reason, date = (str(entry[name]).strip() for name in ("fingerprint", "reason", "date"))
            datetime.date.fromisoformat(date)
        except (KeyError, TypeError, ValueError):
            fingerprint = reason = date = ""
        if not (fingerprint and reason):
            raise ConfigError(f"entry {number} lacks a fingerprint, a reason or a date (YYYY-MM-DD)", path=path)
        found[fingerprint] = Suppression("baseline", reason, date)
    return found


def apply_baseline(report: Report, baseline: Mapping[str, Suppression]) -> Report:
    """Return the report with the findings that the baseline accepts marked as such."""
    return replace(
        report,
        findings=tuple(
            finding._replace(suppression=baseline[finding.fingerprint])
            if finding.suppression is None and finding.fingerprint in baseline
            else finding
            for finding in report.findings
        ),
    )


def baseline_of(report: Report, reason: str, known: Mapping[str, Suppression]) -> str:
    """Return a baseline that accepts every finding of a report that no comment allows.

    What `known` accepts keeps its reason and date; the rest is accepted for `reason` as of the report's date.
    """
    entries: list[Mapping[str, str | None]] = []
    findings: Sequence[Finding] = [f for f in report.findings if not (f.suppression and f.suppression.kind == "inline")]
    for finding in {f.fingerprint: f for f in findings}.values():
        before = known.get(finding.fingerprint)
        entries.append(
            {
                "fingerprint": finding.fingerprint,
                "rule": finding.rule.id,
                "path": finding.place.path,
                "selector": finding.place.selector,
                "reason": before.reason if before else reason,
                "date": (before and before.date) or report.time.date().isoformat(),
            }
        )
    return json.dumps({"version": VERSION, "accepted": entries}, indent=2) + "\n"
