"""The registry of report formats: each turns a `Report` into text. No report holds a value, or a part of one."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciphertool.audit.model import Report


class Format(Enum):
    """The formats, by their names on the command line."""

    TABLE = "table"
    JSON = "json"


def render(report: Report, name: Format) -> str:
    """Return a report in a format. The writers are imported here, so that one format costs not the others."""
    from ciphertool.audit.reports import json, table

    match name:
        case Format.TABLE:
            return table.render(report)
        case Format.JSON:
            return json.render(report)
