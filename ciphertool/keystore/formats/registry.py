"""Which format a file is, told by its content, and its reader. The formats are in modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ciphertool.asn1.limits import MAX_FILE
from ciphertool.errors import ConfigError, KeystoreUnreadableError, NotAKeystoreError
from ciphertool.files import snapshots
from ciphertool.keystore.store import Keystore, located
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.files.snapshots import Snapshot
    from ciphertool.keystore.store import Content


def open_keystore(
    path: Path, password: str | None, *, data: bytes | None = None, format_name: str | None = None
) -> Keystore:
    """Open a keystore or truststore; `data` is its content where that has been read already.

    `format_name` names a plug-in that reads it: a matter of trust, so only from settings named explicitly.

    Without a password, what is readable without one is there: the certificates of JKS and BKS stores, clear PKCS #12
    certificates, PEM. Raise `PasswordNeededError` where that is not enough to go on, `KeystoreUnreadableError`,
    `NotAKeystoreError`, `WrongKeystorePasswordError`, `MalformedKeystoreError` or `UnsupportedKeystoreError`.
    """
    content = read_file(path).bytes if data is None else data
    with located(path):
        if len(content) > MAX_FILE:
            raise NotAKeystoreError(f"larger than {MAX_FILE >> 20} MB")
        name, read = _format_of(content) if format_name is None else _plug_in(format_name)
        entries, verified = read(content, password, path)
    secret = None if password is None else Secret(password)
    return Keystore(path, name, tuple(entries), verified, secret)


def read_file(path: Path) -> Snapshot:
    """Return a keystore file; raise `KeystoreUnreadableError` where it is not there or cannot be read."""
    try:
        snapshot = snapshots.read_if_there(path, most=MAX_FILE)
    except ConfigError as error:
        reason = error.message if error.hint else error.message.lower()
        raise KeystoreUnreadableError(path, reason, error.hint) from None
    if snapshot.data is None:
        raise KeystoreUnreadableError(path, "no such keystore file")
    return snapshot


class Reader(Protocol):
    """Reads one format's bytes; `path` gives names to entries that have none."""

    def __call__(self, data: bytes, password: str | None, path: Path) -> Content:
        """Return what is there; raise a `KeystoreError`, never another exception."""


def _plug_in(name: str) -> tuple[str, Reader]:
    from ciphertool.keystore.formats.plugin import reader

    return name, reader(name)


def _format_of(data: bytes) -> tuple[str, Reader]:
    """Return the format's name and its reader. Readers are imported here, so that one format costs not the others."""
    if not data:
        raise NotAKeystoreError("the file is empty (0 bytes)")
    if data[:4] in (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"):
        from ciphertool.keystore.formats import javastore

        return ("JKS", javastore.read_jks) if data[0] == 0xFE else ("JCEKS", javastore.read_jceks)
    from ciphertool.keystore.formats import pkcs12

    if pkcs12.looks_like(data):
        return "PKCS12", pkcs12.read
    from ciphertool.certificates import chains
    from ciphertool.keystore.formats import pem

    if pem.looks_like(data):
        return "PEM", pem.read
    if chains.names(data) is not None:
        return "DER", pem.read_der
    if data[:3] == b"\0\0\0":
        from ciphertool.keystore.formats import bks

        if bks.looks_like_bks(data):
            return "BKS", bks.read_bks
        if bks.looks_like_uber(data):
            return "UBER", bks.read_uber
    raise NotAKeystoreError("its content is of no known format")
