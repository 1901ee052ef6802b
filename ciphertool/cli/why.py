"""`ciphertool audit --why`: explains one place. What there is to explain is in `audit.why`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.cli import console
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from ciphertool.audit import Report
    from ciphertool.audit.why import Seen, Why

_PLACE = re.compile(r"(?P<path>.*?)(?::(?P<line>[1-9]\d*))?", re.DOTALL)


def place_of(text: str) -> tuple[Path, int | None]:
    """Return the file and line that `PATH[:LINE]` names; raise `ConfigError` if there is no such place."""
    path, line = Path(text), None
    if not path.exists() and (found := _PLACE.fullmatch(text)) and found["line"]:
        path, line = Path(found["path"]), int(found["line"])
    if not path.is_file():
        raise ConfigError("no such file", path=path, hint=f"check the path: it is taken from {Path.cwd()}")
    if line is not None:
        count = path.read_bytes().count(b"\n") + 1
        if line > count:
            raise ConfigError(f"has {count} line{'s' * (count > 1)}, so no line {line}", path=path)
    return path, line


def show(report: Report, place: tuple[Path, int | None], *, as_json: bool) -> None:
    """Print what a report explains of a place."""
    from ciphertool.audit.ledger import relative
    from ciphertool.audit.why import why

    path, line = place
    if not path.absolute().is_relative_to(report.root):
        raise ConfigError(
            "is outside the audited directory", path=path, hint="name its directory: ciphertool audit DIR --why PATH"
        )
    found = why(report, relative(path, report.root), line)
    if as_json:
        console.out_json({**found._asdict(), "seen": [seen._asdict() for seen in found.seen]})
        return
    for text in _lines(found):
        console.out(text, indent=" " * 16)


def _lines(found: Why) -> list[str]:
    lines = [f"{found.path}:{found.line}" if found.line else found.path]
    for seen in found.seen:
        lines += ["", *_of(seen)]
    if found.findings or found.notes:
        lines += ["", *(f"  {text}" for text in (*found.findings, *found.notes))]
    return lines


def _of(seen: Seen) -> list[str]:
    rows = [
        ("line", str(seen.line or "")),
        ("name", seen.name),
        ("state", seen.state),
        ("seen", seen.evidence),
        ("class", seen.kind),
        ("because", seen.reason),
        ("decided by", seen.decided_by),
        *(("rule", rule) for rule in seen.rules),
        *(("to change it" if not index else "", change) for index, change in enumerate(seen.changes)),
    ]
    return [f"  {name:<12}  {text}" for name, text in rows if text]
