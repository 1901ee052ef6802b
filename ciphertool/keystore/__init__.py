"""Keystores and truststores: opened in any format, created, changed and checked. Start with `open_keystore`.

This package encrypts and decrypts no secrets and writes no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciphertool.certificates.roles import Role
    from ciphertool.keystore.create import CertificateRequest, create_keystore
    from ciphertool.keystore.entries import Entry, EntryKind, KeyEntry
    from ciphertool.keystore.opening import open_keystore
    from ciphertool.keystore.store import Keystore

__all__ = [
    "CertificateRequest",
    "Entry",
    "EntryKind",
    "KeyEntry",
    "Keystore",
    "Role",
    "create_keystore",
    "open_keystore",
]

_HOMES = {
    "CertificateRequest": "create",
    "Entry": "entries",  # the former name of `KeyEntry`, kept for one release
    "EntryKind": "entries",
    "KeyEntry": "entries",
    "Keystore": "store",
    "Role": "create",
    "create_keystore": "create",
    "open_keystore": "opening",
}


def __getattr__(name: str) -> Any:
    """Import lazily: opening a store does not pay for the code that creates one."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
