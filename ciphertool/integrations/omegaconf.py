"""A resolver for OmegaConf and Hydra: after `register()`, `${sec:db.password}` in a configuration is the secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omegaconf import OmegaConf

if TYPE_CHECKING:
    from ciphertool.vault.vault import Vault


def register(vault: Vault | None = None, name: str = "sec") -> None:
    """Register the resolver for this process, replacing any other of that name.

    Unless given, the vault is the one that `Vault.open()` finds when the first secret is requested. The configuration
    does not keep values, so after a reload of the vault it returns the new ones. OmegaConf wraps what `Vault.resolve`
    raises.
    """

    def reveal(alias: str) -> str:
        nonlocal vault
        if vault is None:
            from ciphertool.vault.vault import Vault

            vault = Vault.open()
        return vault.resolve(alias).reveal()

    # OmegaConf 2.4 renamed the function and warns about the old name.
    register_resolver = getattr(OmegaConf, "register_resolver", OmegaConf.register_new_resolver)
    register_resolver(name, reveal, replace=True, use_cache=False)
