"""The registry of report formats: each turns a `Report` into text. No report holds a value, or a part of one."""

from __future__ import annotations

from enum import Enum
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError
from ciphertool.redaction.visible import inert

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.audit.model import Report
    from ciphertool.audit.reports.table import Look


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
    CBOM = "cbom"


def check(name: Format) -> None:
    """Raise `ConfigError` if a format needs an extra that is not installed."""
    if name is Format.CBOM and find_spec("cyclonedx") is None:
        raise ConfigError(
            "a cryptography bill of materials needs cyclonedx-python-lib, which is not installed",
            hint="install ciphertool's extra: pip install '.[cbom]' in a clone of its repository",
        )


def render(report: Report, name: Format, look: Look | None = None) -> str:
    """Return a report in a format, in which no CI system finds a command of somebody else's.

    `look` is how a table looks. Raise `ConfigError` as `check` does.
    """
    # Imported here, and with them what they need, so that commands which render nothing do not pay for it.
    from ciphertool.audit.reports import csv, github, html, json, junit, markdown, sarif, table

    writers: dict[Format, Callable[[Report], str]] = {
        Format.TABLE: lambda report: table.render(report, look),
        Format.JSON: json.render,
        Format.SARIF: sarif.render,
        Format.HTML: html.render,
        Format.CSV: csv.render,
        Format.JUNIT: junit.render,
        Format.GITHUB: github.render,
        Format.MARKDOWN: markdown.render,
        Format.CBOM: _cbom,
    }
    return inert(writers[name](report), commands=name is Format.GITHUB)


def _cbom(report: Report) -> str:
    check(Format.CBOM)
    from ciphertool.audit.reports import cbom

    return cbom.render(report)
