"""The report for a terminal or a plain text file: what stands where, file by file, and a summary at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ciphertool.audit.model import SiteState
from ciphertool.audit.reports import summary
from ciphertool.findings import Level
from ciphertool.layout import shortened, widths, wrapped
from ciphertool.redaction.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ciphertool.audit.model import AuditFinding, KeyCard, Report, Value

Row = tuple[str, ...]

_COUNTED = frozenset({SiteState.EXAMPLE, SiteState.NOT_A_SECRET})
"""In the summary, and not listed unless everything is."""
_INDENT = "  "
_AFTER_NUMBER = re.compile(r"(?<=\d) ")
_COLOURS = {
    SiteState.PROTECTED.value: "32",
    SiteState.UNPROTECTED.value: "31",
    SiteState.DANGLING.value: "35",
    SiteState.ORPHANED.value: "33",
    SiteState.UNJUDGED.value: "33",
    SiteState.PLACEHOLDER.value: "36",
    SiteState.EXAMPLE.value: "2",
    SiteState.NOT_A_SECRET.value: "2",
    Level.ERROR.value: "31",
    Level.WARNING.value: "33",
    Level.NOTE.value: "2",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How wide the table is, whether it has colours, and whether it lists every value with its reason.

    A width of None has room for everything.
    """

    width: int | None = None
    colour: bool = False
    everything: bool = False


def render(report: Report, look: Look | None = None) -> str:
    """Return values, findings and a summary as text. No name in it holds a terminal code."""
    look = look or Look()
    lines = [
        *_values(report.values, look),
        *_findings(report, look),
        *_suppressed(report, look),
        *_keys(report, look),
        *_summary(report, look),
    ]
    return "\n".join(lines) + "\n"


def _values(values: Sequence[Value], look: Look) -> Iterator[str]:
    listed = [value for value in values if look.everything or value.state not in _COUNTED]
    if listed:
        yield _head("VALUES", look)
    for path, group in groupby(listed, lambda value: value.place.path):
        rows = [
            (str(v.place.line or ""), v.state.value, v.evidence.value, _about(v, everything=look.everything))
            for v in group
        ]
        yield from _file(path, rows, look)


def _about(value: Value, *, everything: bool) -> str:
    name = value.alias or value.place.selector or value.kind or value.where
    return f"{name}: {value.reason}" if everything and value.reason else name


def _findings(report: Report, look: Look) -> Iterator[str]:
    """Yield the findings, the files with the gravest of them first."""
    files: dict[str, list[AuditFinding]] = {}
    for finding in report.active:
        files.setdefault(finding.place.path, []).append(finding)
    evidence = summary.Evidence(report)
    if files:
        yield _head("FINDINGS", look)
    for path, found in sorted(files.items(), key=lambda item: min(f.effective_level.rank for f in item[1])):
        rows = [
            (str(f.place.line or ""), f.effective_level.value, f.rule.id, evidence.of(f), f.message)
            for f in sorted(found, key=lambda finding: finding.effective_level.rank)
        ]
        yield from _file(path, rows, look)


def _suppressed(report: Report, look: Look) -> Iterator[str]:
    accepted = [(f, f.suppression) for f in report.findings if f.suppression is not None]
    if accepted:
        yield _head("ACCEPTED", look)
    for path, group in groupby(accepted, lambda item: item[0].place.path):
        rows = [(str(f.place.line or ""), f.rule.id, s.kind, s.date or "", s.reason) for f, s in group]
        yield from _file(path, rows, look)


def _keys(report: Report, look: Look) -> Iterator[str]:
    if report.keys:
        yield _head("KEYS", look)
    for path, group in groupby(report.keys, lambda card: card.path):
        rows = [
            (
                f"{k.algorithm} {k.bits or ''}".strip(),
                f"until {k.not_after:%Y-%m-%d}" if k.not_after else "",
                k.sha256[:16],
                _reader(k),
            )
            for k in group
        ]
        yield from _file(path, rows, look)


def _reader(card: KeyCard) -> str:
    if card.vault is None:
        return card.alias
    extent = {"wholly": "reads", "partly": "reads part of", "not": "cannot read", "empty": "is to read"}
    return f"{card.alias} {card.key_id}: {extent[card.encrypted or 'not']} {card.vault}"


def _summary(report: Report, look: Look) -> Iterator[str]:
    yield from _wrapped(summary.sentence(report), look)
    levels = ", ".join(summary.counted(number, level) for level, number in summary.levels(report).items())
    yield from _wrapped(f"{levels}; {summary.counted(report.files, 'file')}", look)
    for item in report.skipped:
        yield from _wrapped(visible(f"not looked at: {item.count} ({item.reason})"), look)


def _head(title: str, look: Look) -> str:
    return _painted(title, "1", look)


def _file(path: str, rows: Iterable[Row], look: Look) -> Iterator[str]:
    """Yield a file's rows under its path. Their last cell is as wide as there is room, and has more lines if needed."""
    yield _painted(shortened(visible(path), look.width), "1", look)
    cells = [tuple(visible(cell) for cell in row) for row in rows]
    *sizes, room = widths(cells, None if look.width is None else look.width - len(_INDENT))
    indent = len(_INDENT) + sum(size + 2 for size in sizes if size)
    for *first, last in cells:
        start = _INDENT + "".join(_cell(cell, size, look) for cell, size in zip(first, sizes, strict=True) if size)
        lines = wrapped(last, None if look.width is None else room)
        yield f"{start}{lines[0]}".rstrip()
        yield from (" " * indent + line for line in lines[1:])
    yield ""


def _cell(text: str, width: int, look: Look) -> str:
    text = shortened(text, width)
    return _painted(text, _COLOURS.get(text, ""), look) + " " * (width - len(text) + 2)


def _painted(text: str, code: str, look: Look) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if look.colour and code else text


def _wrapped(text: str, look: Look) -> list[str]:
    """Return a text as lines; a number stays with its noun."""
    text = _AFTER_NUMBER.sub("\N{NO-BREAK SPACE}", text)
    lines = wrapped(text, look.width, _INDENT)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
