"""An opened vault: alias → secret. `Vault` is the entry point for applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciphertool.vault.vault import Vault

__all__ = ["Vault"]


def __getattr__(name: str) -> Any:
    # Lazy: `protect` and `audit` use the modules of this package, but not `Vault`.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ciphertool.vault.vault import Vault

    return Vault
