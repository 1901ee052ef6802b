"""Django's settings: at the end of `settings.py`, `resolve_settings(globals())`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool.vault.vault import Vault

if TYPE_CHECKING:
    from collections.abc import MutableMapping


def resolve_settings(settings: MutableMapping[str, Any], vault: Vault | None = None) -> None:
    """Resolve the references in every upper-case name, in place; nothing is changed if one does not resolve.

    The vault is the one that `Vault.open()` finds unless given. Raises what `Vault.resolve_tree` raises.
    """
    names = {name: value for name, value in settings.items() if name.isupper()}
    settings.update((vault or Vault.open()).resolve_tree(names))
