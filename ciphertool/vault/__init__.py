"""A vault opened: alias → secret. `Vault` is the door for applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciphertool.vault.vault import Vault

__all__ = ["Vault"]


def __getattr__(name: str) -> Any:
    # What `protect` and `audit` need of a vault does not need its door.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ciphertool.vault.vault import Vault

    return Vault
