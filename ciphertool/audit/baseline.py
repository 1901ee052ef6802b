"""The baseline, a file of accepted findings. An entry accepts one finding, while its place holds the same."""

from __future__ import annotations

import datetime
import json
import re
import secrets
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool.audit import identity, rules
from ciphertool.audit.ledger import relative
from ciphertool.audit.model import AuditFinding, Place, Suppression, numbered
from ciphertool.detection import patterns
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.audit.model import Report
    from ciphertool.files.snapshots import Snapshot

VERSION = "2.0"
_FORMER = "1.0"
_KEY = re.compile(r"[0-9a-f]{32}")


class Entry(NamedTuple):
    """One accepted finding. An entry of an earlier version has no `mark` and accepts nothing."""

    rule: str
    path: str
    selector: str | None
    mark: str
    suppression: Suppression

    @property
    def place(self) -> tuple[str, str, str]:
        """What it shares with the finding that it accepts, besides the mark."""
        return self.rule, self.path, identity.bare(self.selector)


@dataclass(frozen=True)
class Baseline:
    """The entries of a baseline, and the key of their marks (see `identity.mark`)."""

    path: Path
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    entries: Sequence[Entry] = ()


def read(snapshot: Snapshot) -> Baseline:
    """Read a baseline; raise `ConfigError` if it is not one, or an entry lacks its rule, path, reason or date."""
    path = snapshot.path
    try:
        document = json.loads(snapshot.bytes)
        version, accepted = document["version"], document["accepted"]
        key = document["marked_by"] if version == VERSION else ""
        known = version == _FORMER or (version == VERSION and _KEY.fullmatch(key))
        if not known or not isinstance(accepted, list):
            raise KeyError
    except (ValueError, RecursionError, KeyError, TypeError):
        raise ConfigError(f"is not a baseline of version {VERSION}", path=path) from None
    entries = [_entry(path, number, entry, marked=bool(key)) for number, entry in enumerate(accepted, 1)]
    return Baseline(path, bytes.fromhex(key), entries) if key else Baseline(path, entries=entries)


def _entry(path: Path, number: int, entry: Any, *, marked: bool) -> Entry:
    try:
        rule, file, reason, date = (str(entry[name]).strip() for name in ("rule", "path", "reason", "date"))
        datetime.date.fromisoformat(date)
        if not (rule and file and reason):
            raise KeyError
        selector, mark = entry.get("selector"), entry.get("mark") if marked else None
    except (KeyError, TypeError, ValueError, AttributeError):
        reason = f"entry {number} lacks a rule, a path, a reason or a date (YYYY-MM-DD)"
        raise ConfigError(reason, path=path) from None
    selector = None if selector is None else str(selector)
    return Entry(rule, file, selector, str(mark or ""), Suppression("baseline", reason, date))


def apply(report: Report, baseline: Baseline, *, whole: bool = True) -> Report:
    """Return the report, made with the baseline's key, with what that accepts marked as such.

    An entry that accepts nothing is a finding. Unless the report covers the `whole` of what the baseline is for, only
    entries of earlier versions are.
    """
    findings, left = _accepted(report.findings, baseline)
    place = Place(_shown(baseline.path, report.root))
    told = []
    if former := sum(not entry.mark for entry in baseline.entries):
        what = (
            "an entry of an earlier version accepts"
            if former == 1
            else f"{former} entries of an earlier version accept"
        )
        message = f"{what} nothing, not knowing what stood there: look at what is found, and accept it again (--accept)"
        told.append(AuditFinding(rules.STALE, place, message))
    open_places = {_place(finding) for finding in findings if finding.suppression is None}
    for entry in left:
        if entry.mark and whole and not _is_on_request(entry):
            changed = entry.place in open_places
            why = "what was accepted there has changed or is gone" if changed else "what was accepted is no more found"
            where = patterns.masked(f"{entry.rule} at {entry.path} {entry.selector or ''}".rstrip())
            told.append(AuditFinding(rules.STALE, place, f"{where}: {why}"))
    return replace(report, findings=numbered((*findings, *told)))


def written(report: Report, baseline: Baseline, reason: str, *, whole: bool = True) -> str:
    """Return a baseline that accepts every finding of a report, made with its key, that no comment allows.

    What `baseline` accepts keeps its reason and date; the rest is accepted for `reason` as of the report's date. Its
    other entries go, but for those that this report, if it is not of the `whole`, cannot tell of.
    """
    findings, left = _accepted(report.findings, baseline)
    now = Suppression("baseline", reason, report.time.date().isoformat())
    entries = [
        Entry(finding.rule.id, finding.place.path, finding.place.selector, finding.mark, finding.suppression or now)
        for finding in findings
        if not (finding.suppression and finding.suppression.kind == "inline")
    ]
    entries += [entry for entry in left if entry.mark and (not whole or _is_on_request(entry))]
    accepted = [
        {
            "rule": entry.rule,
            "path": entry.path,
            "selector": entry.selector,
            "mark": entry.mark,
            "reason": entry.suppression.reason,
            "date": entry.suppression.date,
        }
        for entry in entries
    ]
    return json.dumps({"version": VERSION, "marked_by": baseline.key.hex(), "accepted": accepted}, indent=2) + "\n"


def _accepted(findings: Sequence[AuditFinding], baseline: Baseline) -> tuple[list[AuditFinding], list[Entry]]:
    """Return the findings with what entries accept marked as such, and the entries that accept none.

    An entry whose own place has moved, in a list or in a text, accepts what is alike in all else.
    """
    result, left = list(findings), []
    alike: defaultdict[tuple[tuple[str, str, str], str], list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        alike[_place(finding), finding.mark].append(index)
    for entry in baseline.entries:
        found = alike[entry.place, entry.mark] if entry.mark else []
        if not found:
            left.append(entry)
            continue
        index = next((i for i in found if findings[i].place.selector == entry.selector), found[0])
        found.remove(index)
        if findings[index].suppression is None:
            result[index] = findings[index]._replace(suppression=entry.suppression)
    return result, left


def _place(finding: AuditFinding) -> tuple[str, str, str]:
    return finding.rule.id, finding.place.path, identity.bare(finding.place.selector)


def _is_on_request(entry: Entry) -> bool:
    return entry.rule in {rule.id for rule in rules.ON_REQUEST}


def _shown(path: Path, root: Path) -> str:
    """Return a path relative to the root, or only the name of a file outside it."""
    return relative(path, root) if path.absolute().is_relative_to(root) else path.name
