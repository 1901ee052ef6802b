"""The plug-ins that settings name. Only a configuration that a person named may have any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.settings.table import Table


def _is_allowed(table: Table, key: str, value: str, *, named: bool) -> bool:
    """Tell whether a configuration may load a plug-in; the table notes where it was not named, and may not."""
    if not named:
        table.refuse(f"{key} {value!r}")
    return named


def is_plug_in(table: Table, key: str, name: str, group: str, built_in: Sequence[str], *, named: bool) -> bool:
    """Tell whether a name that is not built in is that of a plug-in to be used; the table notes where it is not."""
    if not _is_allowed(table, key, name, named=named):
        return False
    known = plugins.names(group)
    if name not in known:
        choices = ", ".join((*built_in, *known))
        table.problem(key, f"must be one of {choices}" if choices else "must name a plug-in, and none is installed")
    return name in known
