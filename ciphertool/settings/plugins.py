"""The plug-ins that settings name. Only a configuration that a person named may use any."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.plugins import Extensions
    from ciphertool.settings.table import Table


def is_plug_in(table: Table, key: str, name: str, group: str, built_in: Sequence[str], extensions: Extensions) -> bool:
    """Return whether a name that is not built in is that of a usable plug-in; if not, the table notes the reason."""
    if not extensions.allowed:
        table.refuse(f"{key} {name!r}")
        return False
    known = extensions.names(group)
    if name not in known:
        choices = ", ".join((*built_in, *known))
        table.problem(key, f"must be one of {choices}" if choices else "must name a plug-in, and none is installed")
    return name in known
