"""python-dotenv's `.env` files with their references resolved, in place of `dotenv.load_dotenv` and `dotenv_values`.

python-dotenv reads the file and expands its variables; then references are resolved, so that nothing in a secret is
expanded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import dotenv

from ciphertool.vault.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path


def dotenv_values(path: str | Path = ".env", vault: Vault | None = None) -> dict[str, str | None]:
    """Return name → value, None for a name alone. Raises what `Vault.resolve_tree` raises."""
    vault = vault or Vault.open()
    encoding = vault.reading(path).encoding or "utf-8"
    values: dict[str, str | None] = vault.resolve_tree(dict(dotenv.dotenv_values(path, encoding=encoding)))
    return values


def load_dotenv(path: str | Path = ".env", vault: Vault | None = None, *, override: bool = False) -> bool:
    """Add the file's variables to the environment; existing ones are replaced only with `override`.

    Return whether the file has any. Programs started later inherit them; `ciphertool run` gives them to one program.
    """
    values = dotenv_values(path, vault)
    for name, value in values.items():
        if value is not None and (override or name not in os.environ):
            os.environ[name] = value
    return bool(values)
