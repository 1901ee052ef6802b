"""Opens the primary keystore with the passwords that the sources have. Nothing here knows what its keys are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.vault.symmetric import is_secret

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.keystore import Keystore
    from ciphertool.passwords import PasswordChain, Passwords
    from ciphertool.settings.model import Settings


def open_primary(settings: Settings, passwords: PasswordChain) -> tuple[Keystore, Passwords | None]:
    """Return the keystore and its passwords, None if it opens without one. A person is asked if no source has one."""
    path = settings.keystore_path()
    given = passwords.read_unasked()
    if given is None:
        keystore = _open_without(settings, path)
        if keystore is not None:
            return keystore, None
        given = passwords.read()
    return _open_keystore(settings, path, given), given


def open_unasked(settings: Settings, passwords: PasswordChain) -> tuple[Keystore | None, Passwords | None]:
    """Return the keystore and its passwords if it is there and a source has them without asking."""
    path = settings.keystore.path
    if path is None or not path.exists() or (given := passwords.read_unasked()) is None:
        return None, None
    return _open_keystore(settings, path, given), given


def _open_without(settings: Settings, path: Path) -> Keystore | None:
    """Return the keystore if it needs no password and its key opens; None if a password must be asked for."""
    from ciphertool.errors import PasswordNeededError

    try:
        keystore = _open_keystore(settings, path, None)
        if not opens_without(settings, keystore):
            return None
        entry = keystore.entry(settings.keystore.alias)
        if is_secret(entry):
            keystore.symmetric_key(entry.alias)
        else:
            keystore.key(entry.alias)
    except PasswordNeededError:
        return None
    return keystore


def opens_without(settings: Settings, keystore: Keystore) -> bool:
    """Return whether a keystore may open without a password: a PEM file, or one that a plug-in reads."""
    return keystore.format == "PEM" or settings.keystore.format is not None


def _open_keystore(settings: Settings, path: Path, given: Passwords | None) -> Keystore:
    from ciphertool.keystore import open_keystore

    password = given.keystore if given else None
    return open_keystore(path, password, format_name=settings.keystore.format, extensions=settings.trust.extensions)
