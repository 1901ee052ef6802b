"""Where an audit's reports go, and in which formats: decided before the audit, written after it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from ciphertool.audit.reports import Format
from ciphertool.cli import console
from ciphertool.cli.streams import is_stdout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.audit import Report
    from ciphertool.files.snapshots import Snapshot

_SUFFIXES = {
    ".cdx.json": Format.CBOM,  # CycloneDX's own; before the suffix that it ends with
    ".json": Format.JSON,
    ".sarif": Format.SARIF,
    ".html": Format.HTML,
    ".csv": Format.CSV,
    ".md": Format.MARKDOWN,
}


@dataclass(frozen=True, slots=True)
class Output:
    """One report to write: its format, and the file as it is now; None for stdout."""

    format: Format
    before: Snapshot | None = None


def outputs(paths: Sequence[Path], format: Format | None, *, as_json: bool) -> list[Output]:  # noqa: A002 - the option's name
    """Return what to write; raise an error for a wrong format, suffix or path."""
    from ciphertool.audit.reports import check

    if as_json and format not in (None, Format.JSON):
        raise typer.BadParameter(f"--json and --format {format.value} are two formats; use one")
    chosen = Format.JSON if as_json else format
    found = [_output(path, chosen) for path in paths] or [Output(chosen or Format.TABLE)]
    for output in found:
        check(output.format)
    return found


def _output(path: Path, format: Format | None) -> Output:  # noqa: A002 - as above
    """Return a file to write, in the format of its suffix or else in the one given."""
    from ciphertool import files

    chosen = next((named for suffix, named in _SUFFIXES.items() if path.name.lower().endswith(suffix)), format)
    if chosen is None:
        known = ", ".join(_SUFFIXES)
        raise typer.BadParameter(f"--output: its suffix is not one of {known}; state the format with --format")
    return Output(chosen, None if is_stdout(path) else files.destination(path, files.Audience.DIRECTORY))


def write(report: Report, wanted: Sequence[Output], *, everything: bool) -> None:
    """Write a report to each output; with `everything`, a table lists every value."""
    from ciphertool import files
    from ciphertool.audit.reports import render
    from ciphertool.audit.reports.table import Look
    from ciphertool.changes import commit

    plain = Look(everything=everything)
    screen = Look(console.width(sys.stdout), console.has_colours(sys.stdout), everything)
    texts = [(output, render(report, output.format, plain if output.before else screen)) for output in wanted]
    commit.output(
        *(
            files.Write(output.before, text.encode("utf-8", "replace"), 0o644, files.Audience.DIRECTORY)
            for output, text in texts
            if output.before
        )
    )
    for output, text in texts:
        if output.before is None:
            table = output.format is Format.TABLE
            console.out_raw(text, commands=output.format is Format.GITHUB, painted=table and screen.colour)
