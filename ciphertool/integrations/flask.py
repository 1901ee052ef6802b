"""Flask's configuration: after it has been read, `resolve_config(app)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.vault.vault import Vault

if TYPE_CHECKING:
    from flask import Flask


def resolve_config(app: Flask, vault: Vault | None = None) -> None:
    """Resolve the references in `app.config`, in place; nothing is changed if one does not resolve.

    The vault is the one that `Vault.open()` finds unless given. Raises what `Vault.resolve_tree` raises.
    """
    app.config.update((vault or Vault.open()).resolve_tree(dict(app.config)))
