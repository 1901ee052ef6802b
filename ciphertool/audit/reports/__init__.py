"""The registry of report formats: each turns a `Report` into text. No report holds a value, or a part of one."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError
from ciphertool.redaction.visible import inert

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
    CBOM = "cbom"


def render(report: Report, name: Format) -> str:
    """Return a report in a format, in which no CI system finds a command of somebody else's.

    Raise `ConfigError` where the extra that it needs is not installed.
    """
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
        Format.CBOM: _cbom,
    }
    return inert(writers[name](report), commands=name is Format.GITHUB)


def _cbom(report: Report) -> str:
    try:
        from ciphertool.audit.reports import cbom
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "cyclonedx":
            raise
        raise ConfigError(
            "a cryptography bill of materials needs cyclonedx-python-lib, which is not installed",
            hint='pip install "ciphertool[cbom]"',
        ) from None
    return cbom.render(report)
