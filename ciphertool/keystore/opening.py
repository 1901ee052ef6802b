"""Opens a keystore file of any format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, KeystoreUnreadableError, NotAKeystoreError
from ciphertool.files import snapshots
from ciphertool.keystore.entries import error_path
from ciphertool.keystore.formats.registry import format_of, plug_in
from ciphertool.keystore.limits import MAX_FILE
from ciphertool.keystore.store import Keystore
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ciphertool.files.snapshots import Snapshot
    from ciphertool.keystore.entries import KeyEntry
    from ciphertool.plugins import Extensions


def open_keystore(
    path: Path,
    password: str | None,
    *,
    data: bytes | None = None,
    format_name: str | None = None,
    extensions: Extensions = NO_EXTENSIONS,
) -> Keystore:
    """Open a keystore or truststore; `data` is its content if that has already been read.

    `format_name` names the plug-in of `extensions` that reads it.

    Without a password, the keystore has only what is readable without one: the certificates of JKS and BKS stores,
    clear PKCS #12 certificates, PEM. Raise `PasswordNeededError` if that is not enough to continue,
    `KeystoreUnreadableError`, `NotAKeystoreError`, `WrongKeystorePasswordError`, `MalformedKeystoreError` or
    `UnsupportedKeystoreError`.
    """
    content = read_file(path).bytes if data is None else data
    with error_path(path):
        if len(content) > MAX_FILE:
            raise NotAKeystoreError(f"larger than {MAX_FILE >> 20} MB")
        name, read = format_of(content) if format_name is None else plug_in(format_name, extensions)
        entries, verified = read(content, password, path)
    secret = None if password is None else Secret(password)
    return Keystore(path, name, tuple(_without_nul(entries)), verified, secret)


def _without_nul(entries: Sequence[KeyEntry]) -> Iterator[KeyEntry]:
    """Yield the entries; the NULs that some stores have after an alias, and no shell can pass, are dropped.

    An alias keeps them if it would otherwise be empty, or that of another entry.
    """
    taken = {entry.alias.casefold() for entry in entries}
    for entry in entries:
        alias = entry.alias.rstrip("\0")
        if alias and alias.casefold() not in taken:
            taken.add(alias.casefold())
            entry = entry._replace(alias=alias)
        yield entry


def read_file(path: Path) -> Snapshot:
    """Read a keystore file; raise `KeystoreUnreadableError` if it is missing or cannot be read."""
    try:
        snapshot = snapshots.read_if_there(path, most=MAX_FILE)
    except ConfigError as error:
        reason = error.message[:1].lower() + error.message[1:]
        raise KeystoreUnreadableError(path, reason, error.hint) from None
    if snapshot.data is None:
        raise KeystoreUnreadableError(
            path, "no such keystore file", "check the path, or restore the file from a backup"
        )
    return snapshot
