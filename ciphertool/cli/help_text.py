"""What `--help` shows of docstrings: laid out by Rich on a terminal, and plain elsewhere, where it starts sooner."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer.core import MarkupMode

STATUSES = {
    0: "done",
    1: "findings",
    2: "usage",
    3: "configuration or input",
    4: "keystore, password or key usage",
    5: "a value does not decrypt, or an alias is unknown",
    6: "a write failed",
    7: "another process is writing",
    130: "interrupted",
    141: "the reader of the output has gone away",
}
"""Every exit status but 70, a bug."""
FINDINGS = {
    "protect:protect": "--dry-run found something to do, or nothing is declared and values are in clear",
    "resolve:check": "a reference does not resolve, or nothing is declared and values are in clear",
    "audit:audit": "a finding has the level of --fail-on",
    "keystore.look:check": "there are warnings or errors",
    "rotate:rotate": "--check found something to encrypt anew",
    "recipients:check": "settings and vault differ, or a certificate is not fit",
    "recipients:add": "--dry-run found something to do",
    "recipients:remove": "--dry-run found something to do",
}
OF_RUN = "Exit status: that of the command; 125 it was not started, 126 it is not executable, 127 it was not found"
_EXAMPLES = "\n\nExamples:\n"


def markup() -> MarkupMode:
    """Return Typer's mode for help on standard output."""
    return "rich" if sys.stdout.isatty() else None


def inline(text: str) -> str:
    """Return one line of help."""
    return text.replace("[", "\\[") if markup() else text


def of(docstring: str) -> str:
    """Return a docstring's paragraphs, which are filled, and its examples, which stay on their lines."""
    text, _, examples = docstring.partition(_EXAMPLES)
    if not markup():
        return f"{text}\n\n\b\nExamples:\n{examples}" if examples else text
    filled = "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return inline(filled) + (f"\n\n[bold]Examples[/bold]\n{inline(examples)}" if examples else "")


def statuses(place: str) -> str:
    """Return the exit statuses of the command at a place, as the end of its help."""
    if place == "run:run":
        return inline(OF_RUN)
    meanings = {**STATUSES, 1: FINDINGS.get(place, "")}
    return inline("Exit status: " + "; ".join(f"{status} {text}" for status, text in meanings.items() if text))
