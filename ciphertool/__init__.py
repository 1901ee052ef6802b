"""ciphertool keeps secrets out of configuration files.

`Vault.open()` opens the vault of a configuration; `vault["alias"]` returns a `Secret`, and its `reveal()` the value.
Everything is imported on first use: `import ciphertool` costs almost nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, whose import would be most of the cost
if TYPE_CHECKING:
    from typing import Any

    from ciphertool.errors import CipherToolError, DecryptionError, ProblemsError, UnknownAliasError
    from ciphertool.secret import Secret
    from ciphertool.vault.vault import Vault

__version__ = "0.1.0"
__all__ = ["CipherToolError", "DecryptionError", "ProblemsError", "Secret", "UnknownAliasError", "Vault"]

_HOMES = {
    "CipherToolError": "errors",
    "DecryptionError": "errors",
    "ProblemsError": "errors",
    "Secret": "secret",
    "UnknownAliasError": "errors",
    "Vault": "vault",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
