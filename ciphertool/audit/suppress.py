"""Findings that comments in the audited files accept. A comment without a reason has no effect."""

from __future__ import annotations

import re
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING

from ciphertool.audit.model import Suppression
from ciphertool.audit.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ciphertool.audit.model import AuditFinding
    from ciphertool.rewriters.base import Site

MARK = "ciphertool:"
"""Part of every comment that allows something."""
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
    """Return whether an offset is in one of the spans, which are sorted."""
    before = bisect_right(spans, offset, key=itemgetter(0))
    return before > 0 and offset < spans[before - 1][1]


def inline(findings: Iterable[AuditFinding], allowed: Mapping[str, Allowances]) -> list[AuditFinding]:
    """Return the findings; those that comments in their files allow are suppressed."""
    result = []
    for finding in findings:
        here = allowed.get(finding.place.path, {}).get(finding.place.line or 0, ())
        reason = next((reason for id_, reason in here if id_ == finding.rule.id), None)
        result.append(finding if reason is None else finding._replace(suppression=Suppression("inline", reason)))
    return result
