"""What `--help` shows of docstrings: laid out by Rich on a terminal, and plain elsewhere, where it starts sooner."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typer.core import MarkupMode

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
