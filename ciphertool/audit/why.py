"""Explains the verdict on a place: what was seen, what decided, what would change it. Never a value, or its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.audit.model import IN_A_BACKUP, IN_A_COMMENT, IN_TEXT, SiteState
from ciphertool.audit.reports import summary
from ciphertool.detection.evidence import Evidence

if TYPE_CHECKING:
    from ciphertool.audit.model import AuditFinding, Report, Value

LOOKED_FOR = (
    "names that mean a secret, even if another value is the name, as in {name: …, value: …}",
    "values that are secrets by themselves: keys, tokens, credentials in URLs, connection strings and command lines",
    "places where a product keeps a secret, whatever it is called",
    "references, and what the settings' targets name",
    "the same in comments",
)
"""What an audit looks for at every place."""

_EVIDENCE = {
    Evidence.DECLARED: "a target in the settings names it, or it is an entry of the repository",
    Evidence.REFERENCE: "it is a reference",
    Evidence.KNOWN_PLACE: "a product keeps a secret there",
    Evidence.VALUE: "its value has the form of a secret",
    Evidence.NAME: "its name is that of a secret",
}
_WHERE = {
    IN_A_COMMENT: "in a comment",
    IN_TEXT: "in a text without a parser, so no target can name it",
    IN_A_BACKUP: "in a backup copy",
}
_DECLARE = "declare a target for it (`ciphertool audit --write-targets` proposes some) and run `ciphertool protect`"
_CHANGES = {
    SiteState.PROTECTED: ("nothing needs to change",),
    SiteState.DANGLING: ("put the secret into the repository (`ciphertool set`), or correct the alias",),
    SiteState.ORPHANED: ("remove the secret (`ciphertool remove`), or refer to it in a file that is audited",),
    SiteState.UNJUDGED: ("name the settings (`--config`, `--home`), or repair the repository that they name",),
    SiteState.PLACEHOLDER: ("if it is the secret itself, declare a target for it with `literal = true`",),
    SiteState.EXAMPLE: (
        "a value that is neither a mask nor a text for a person to replace",
        f"if it is a secret, {_DECLARE}",
    ),
    SiteState.NOT_A_SECRET: (f"if it is a secret all the same, {_DECLARE}",),
}


class Seen(NamedTuple):
    """One value at a place: what it is, what decided that, and what would change it."""

    line: int | None
    name: str
    state: str
    evidence: str
    kind: str
    reason: str
    decided_by: str
    rules: tuple[str, ...]
    changes: tuple[str, ...]


class Why(NamedTuple):
    """The explanation of a file or of one of its lines; if nothing was seen there, `notes` are what else is known."""

    path: str
    line: int | None
    seen: tuple[Seen, ...]
    findings: tuple[str, ...]
    notes: tuple[str, ...]


def why(report: Report, path: str, line: int | None = None) -> Why:
    """Explain the verdict on a path, relative to the report's root, or on one line of it."""
    findings = [f for f in report.findings if f.place.path == path]
    values = [value for value in report.values if value.place.path == path]
    there = [value for value in values if line in (None, value.place.line)]
    places = {value.place for value in there}
    others = [f for f in findings if line in (None, f.place.line) and f.place not in places]
    return Why(
        path,
        line,
        tuple(_seen(value, [f for f in findings if f.place == value.place]) for value in there),
        tuple(f"{f.rule.id} ({f.effective_level.value}): {f.message}" for f in others),
        () if there or others else tuple(_notes(report, path, values, findings)),
    )


def _seen(value: Value, findings: list[AuditFinding]) -> Seen:
    where = [_WHERE[value.where]] if value.where else []
    return Seen(
        line=value.place.line,
        name=value.alias or value.place.selector or "",
        state=value.state.value,
        evidence=", ".join([_EVIDENCE[value.evidence], *where]),
        kind=value.kind,
        reason=value.reason,
        decided_by=value.decided_by or value.evidence.value,
        rules=tuple(_rule(finding) for finding in findings),
        changes=_changes(value, findings),
    )


def _rule(finding: AuditFinding) -> str:
    accepted = f", accepted ({finding.suppression.kind})" if finding.suppression else ""
    return f"{finding.rule.id} {finding.rule.name} ({finding.effective_level.value}{accepted})"


def _changes(value: Value, findings: list[AuditFinding]) -> tuple[str, ...]:
    if value.state is not SiteState.UNPROTECTED:
        return _CHANGES[value.state]
    table, _, word = value.decided_by.partition("/")
    found = ["run `ciphertool protect`"] if value.evidence is Evidence.DECLARED else []
    if not found:
        found.append(_DECLARE if not value.where else "remove the secret from there, and change it")
    if table == "names":
        found.append(f"rename it: {word!r} means a secret" if word else "rename it")
    if findings and value.where != IN_A_BACKUP:
        rules = " or ".join(dict.fromkeys(finding.rule.id for finding in findings))
        found.append(f"if it is not a secret, add a comment on its line: `ciphertool: allow {rules} <reason>`")
    return tuple(found)


def _notes(report: Report, path: str, values: list[Value], findings: list[AuditFinding]) -> list[str]:
    """Return what is known about a place where nothing was seen."""
    for item in report.skipped:
        if any(path == left or path.startswith(f"{left}/") for left in item.paths):
            return [f"this file was skipped: {item.reason}"]
    lines = sorted({value.place.line for value in values if value.place.line})
    notes = [f"nothing was found here; {summary.counted(report.files, 'file')} were searched for:", *LOOKED_FOR]
    if lines:
        where = f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"
        notes.append(f"this file has values on {where}; one that spans several lines counts at its first")
    notes += [f"{finding.rule.id}: {finding.message}" for finding in findings if finding.place.line is None]
    return notes
