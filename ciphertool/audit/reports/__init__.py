"""The registry of report formats: each turns a `Report` into text. No report holds a value, or a part of one."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.audit.model import Report


class Format(Enum):
    """The formats, by their names on the command line."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"
    CSV = "csv"
    JUNIT = "junit"
    GITHUB = "github"
    MARKDOWN = "markdown"


def render(report: Report, name: Format) -> str:
    """Return a report in a format."""
    # Imported here, and with them what they need, so that commands which render nothing do not pay for it.
    from ciphertool.audit.reports import csv, github, html, json, junit, markdown, sarif, table

    writers: dict[Format, Callable[[Report], str]] = {
        Format.TABLE: table.render,
        Format.JSON: json.render,
        Format.SARIF: sarif.render,
        Format.HTML: html.render,
        Format.CSV: csv.render,
        Format.JUNIT: junit.render,
        Format.GITHUB: github.render,
        Format.MARKDOWN: markdown.render,
    }
    return writers[name](report)
