"""A hook for dynaconf: `Dynaconf(settings_files=["settings.toml"], post_hooks=[resolve])`.

Or, in a `dynaconf_hooks.py` beside the settings: `from ciphertool.integrations.dynaconf import resolve as post`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool.vault.vault import Vault

if TYPE_CHECKING:
    from dynaconf import Dynaconf


def resolve(settings: Dynaconf) -> dict[str, Any]:
    """Return the settings that hold references, resolved by the vault that `Vault.open()` finds.

    Raises what `Vault.resolve_tree` raises.
    """
    data: dict[str, Any] = settings.as_dict()
    resolved = Vault.open().resolve_tree(data)
    return {name: value for name, value in resolved.items() if value != data[name]}
