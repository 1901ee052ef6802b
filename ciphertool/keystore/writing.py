"""Which writer serves which format. Bytes come out: putting them into a file is the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.errors import PasswordRefusedError, UnsupportedKeystoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.keystore.store import Entry

WRITABLE = ("PKCS12", "JKS", "PEM")
MIN_PASSWORD = 6


def write(format_name: str, entries: Sequence[Entry], password: str, key_password: str | None = None) -> bytes:
    """Return the bytes of a store of the entries, in one of the formats `WRITABLE`.

    Keys in the clear are sealed under the key password, by default the store's own; a key that is sealed as the format
    has it stays as it is. Raise `UnsupportedKeystoreError` where the format cannot hold an entry.
    """
    for secret in (password, key_password or password):
        if len(secret) < MIN_PASSWORD:
            raise PasswordRefusedError(f"it has fewer than the {MIN_PASSWORD} characters that keytool asks for")
        if not (secret.isascii() and secret.isprintable()):
            raise PasswordRefusedError(
                "it has other than printable ASCII characters, which Java does not take for a key"
            )
    if format_name == "PKCS12":
        from ciphertool.keystore import pkcs12_write

        return pkcs12_write.write(entries, password, key_password or password)
    if format_name == "JKS":
        from ciphertool.keystore import javastore

        return javastore.write(entries, password, key_password or password)
    if format_name == "PEM":
        from ciphertool.keystore import pem

        return pem.write(entries, key_password or password)
    raise UnsupportedKeystoreError(f"{format_name} stores are read but not written", "convert it to PKCS #12")
