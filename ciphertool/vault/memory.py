"""A vault without files, for tests of applications: its values are encrypted with a key that only it has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.engine.gcm import SecretKeyDecryptor, SecretKeyEncryptor
from ciphertool.errors import ConfigError, UnknownAliasError
from ciphertool.repository import Encrypted, SecretEntry
from ciphertool.repository.base import NO_KEYS, Read
from ciphertool.secret import Secret
from ciphertool.settings.model import EncryptionSettings, KeystoreSettings, RepositorySettings, Settings
from ciphertool.storage.base import Content
from ciphertool.vault.cipher import SymmetricOpener, SymmetricSealer
from ciphertool.vault.opening import OpeningKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.ciphertext import Ciphertext

PLACE = Path("(in memory)")


class MemoryAccess:
    """Access to a vault in memory, as `VaultAccess` is to one in files."""

    def __init__(self, secrets: Mapping[str, str | Secret], kind: str) -> None:
        """Encrypt the values; raise `TypeError` for one that is neither a `str` nor a `Secret`."""
        key = os.urandom(32)
        self._opener = SymmetricOpener(SecretKeyDecryptor(key))
        sealer = SymmetricSealer(SecretKeyEncryptor(key), self._opener)
        sealed = {alias: sealer.seal(alias, _secret(alias, value)) for alias, value in secrets.items()}
        self._repository = MemoryRepository(sealed, kind)

    def repository(self) -> MemoryRepository:
        """Return the repository."""
        return self._repository

    def to_open(self, *, allow_unpadded: bool = False) -> OpeningKeys:  # noqa: ARG002 - as `VaultAccess.to_open`
        """Return the opener, for which no keystore is read."""
        return OpeningKeys(self._opener, None)


class MemoryRepository(Read):
    """A `SecretRepository` in memory; nothing can be added to it."""

    content = Content(PLACE, b"", PLACE)
    hint = ""
    clear_is_readable = False

    def __init__(self, sealed: Mapping[str, Ciphertext], kind: str) -> None:
        self.kind = kind
        numbered = enumerate(sealed.items(), 1)
        self.entries: Mapping[str, SecretEntry] = {
            alias: SecretEntry(Encrypted(ciphertext), line) for line, (alias, ciphertext) in numbered
        }

    def get(self, alias: str) -> SecretEntry:
        """Return the alias's entry, or raise `UnknownAliasError`."""
        if alias not in self.entries:
            raise UnknownAliasError(alias, self.where, self.entries)
        return self.entries[alias]

    keys: Mapping[str, Mapping[str, str]] = {}

    def updated(
        self,
        changes: Mapping[str, Ciphertext | None],  # noqa: ARG002 - none is possible
        keys: Mapping[str, Mapping[str, str] | None] = NO_KEYS,  # noqa: ARG002
    ) -> bytes:
        """Raise `ConfigError`."""
        raise ConfigError("a vault in memory cannot be written", path=self.where)


def settings_of(named: Settings | None) -> Settings:
    """Return the settings of a vault in memory: the targets and the kind of the named ones, without keystore."""
    if named is None:
        repository = RepositorySettings(PLACE, "native", PLACE)
        return Settings(PLACE, Path.cwd(), KeystoreSettings(), repository, EncryptionSettings("RSA-OAEP-256"))
    repository = named.repository_settings._replace(path=PLACE)
    return named._replace(keystore=KeystoreSettings(), repository_settings=repository, password_sources=())


def _secret(alias: str, value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise TypeError(f"the value of {alias!r} is not a str but a {type(value).__name__}")
    return Secret(value)
