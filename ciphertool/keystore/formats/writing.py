"""Selects the writer of a format. Returns bytes, for the caller to write to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.errors import PasswordNeededError, PasswordRefusedError, UnsupportedKeystoreError
from ciphertool.keystore.entries import ClearKey
from ciphertool.keystore.limits import MAX_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.keystore.entries import KeyEntry

WRITABLE = ("PKCS12", "JKS", "PEM")
MIN_PASSWORD = 6


def write(
    format_name: str, entries: Sequence[KeyEntry], password: str | None, key_password: str | None = None
) -> bytes:
    """Return the bytes of a store of the entries, in one of the formats `WRITABLE`.

    Keys in the clear are sealed under the key password, by default the store password; a key already sealed in the
    format's own way stays as it is. A PEM file needs a password only for a key in the clear. Raise
    `PasswordNeededError`, `PasswordRefusedError`, or `UnsupportedKeystoreError` if the format cannot hold an entry.
    """
    if format_name not in WRITABLE:
        raise UnsupportedKeystoreError(f"{format_name} stores are read but not written", "convert it to PKCS #12")
    if len(entries) > MAX_ENTRIES:
        raise UnsupportedKeystoreError(f"a store of more than {MAX_ENTRIES} entries")
    sealing = any(isinstance(entry.sealed, ClearKey) for entry in entries)
    store_password = "" if format_name == "PEM" and not sealing else _accepted(password, format_name)
    sealing_password = _accepted(key_password or password, format_name) if sealing else ""
    if format_name == "PKCS12":
        from ciphertool.keystore.formats import pkcs12_write

        return pkcs12_write.write(entries, store_password, sealing_password)
    if format_name == "JKS":
        from ciphertool.keystore.formats import javastore

        return javastore.write(entries, store_password, sealing_password)
    from ciphertool.keystore.formats import pem

    return pem.write(entries, sealing_password)


def _accepted(password: str | None, format_name: str) -> str:
    """Return the password; raise unless Java accepts it as well."""
    if password is None:
        raise PasswordNeededError(f"what is written to a {format_name} store")
    if len(password) < MIN_PASSWORD:
        raise PasswordRefusedError(f"it is shorter than the {MIN_PASSWORD} characters that keytool requires")
    if not (password.isascii() and password.isprintable()):
        raise PasswordRefusedError(
            "it holds characters other than printable ASCII, which Java does not accept for a key"
        )
    return password
