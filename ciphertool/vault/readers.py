"""Who can read a vault, and how that differs from what its settings say. Needs no private key and no password."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.certificates import chains
from ciphertool.certificates.facts import certificate_facts
from ciphertool.ciphertext import Envelope, Native
from ciphertool.engine import envelope
from ciphertool.engine import key_id as identify
from ciphertool.errors import CipherToolError
from ciphertool.repository.base import Encrypted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ciphertool.certificates.facts import CertificateFacts
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.keystore import Keystore
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import RecipientSettings, Settings

_NOTHING: Mapping[Path, bytes | None] = {}


class Named(NamedTuple):
    """A key that the settings name: the primary keystore's, which has no `name`, or a recipient's.

    `path` is where its certificate is. `key_id` and `facts` are None if that cannot be read, for the reason `problem`.
    """

    name: str | None
    path: Path
    algorithm: str
    facts: CertificateFacts | None = None
    key_id: str | None = None
    problem: CipherToolError | None = None

    @property
    def label(self) -> str:
        """Its name in messages."""
        return "the primary keystore" if self.name is None else repr(self.name)


class Reader(NamedTuple):
    """A key with what it can read of the vault; `named` is None if the settings do not name it.

    `values` is the number of values that it can read, and `lacking` are the content keys that are not encrypted to it.
    """

    named: Named | None
    key_id: str | None
    values: int
    lacking: tuple[str, ...]
    encrypted: str
    """How much of the vault is encrypted to it: `wholly`, `partly` or `not`; `empty` if there is nothing to read."""


class Readers(NamedTuple):
    """All keys that can read a vault or should, the number of its encrypted values, and its content keys.

    `direct` are the values that are encrypted to one key alone, by alias, with the id of that key.
    """

    readers: tuple[Reader, ...]
    values: int
    content_keys: tuple[str, ...]
    direct: Mapping[str, str]
    shared: bool
    """Whether the settings name several keys, or the vault is encrypted to several."""

    @property
    def unknown(self) -> tuple[Reader, ...]:
        """The readers that the settings do not name."""
        return tuple(reader for reader in self.readers if reader.named is None)


def readers(
    settings: Settings,
    repository: SecretRepository,
    *,
    opened: Keystore | None = None,
    held: Mapping[Path, bytes | None] = _NOTHING,
) -> Readers:
    """Return who can read a vault. Certificates that cannot be read are reported, not raised.

    `opened` is the primary keystore if it was opened with its password; `held` has the contents of files, None for one
    that does not exist, and the other files are read.
    """
    named = [one for one in (_primary(settings, opened, held), *_others(settings, held)) if one is not None]
    stored = {
        alias: each.stored.ciphertext
        for alias, each in repository.entries.items()
        if isinstance(each.stored, Encrypted) and isinstance(each.stored.ciphertext, Native | Envelope)
    }
    direct = {alias: value.key_id for alias, value in stored.items() if isinstance(value, Native)}
    known = {one.key_id for one in named}
    ids = {recipient for wrapped in repository.keys.values() for recipient in wrapped}.union(direct.values())
    found = [_reader(one, one.key_id, repository, stored) for one in named]
    found += [_reader(None, one, repository, stored) for one in sorted(ids - known)]
    shared = bool(settings.recipients) or any(len(wrapped) > 1 for wrapped in repository.keys.values())
    return Readers(tuple(found), len(stored), tuple(sorted(repository.keys)), direct, shared)


def _reader(
    named: Named | None, key_id: str | None, repository: SecretRepository, stored: Mapping[str, Ciphertext]
) -> Reader:
    lacking = {key for key, wrapped in repository.keys.items() if not _holds(named, key_id, wrapped)}
    count = sum(
        value.key_id == key_id
        if isinstance(value, Native)
        else isinstance(value, Envelope) and bool(value.wrapped) and value.content_key not in lacking
        for value in stored.values()
    )
    if not stored and not repository.keys:
        encrypted = "empty"
    elif not count and len(lacking) == len(repository.keys):
        encrypted = "not"
    else:
        encrypted = "partly" if lacking or count < len(stored) else "wholly"
    return Reader(named, key_id, count, tuple(sorted(lacking)), encrypted)


def _holds(named: Named | None, key_id: str | None, wrapped: Mapping[str, str]) -> bool:
    """Return whether a content key is encrypted to a key, and in the way that the settings say of it."""
    if key_id is None or key_id not in wrapped:
        return False
    return named is None or envelope.is_for(wrapped[key_id], key_id, named.algorithm)


def _primary(settings: Settings, opened: Keystore | None, held: Mapping[Path, bytes | None]) -> Named | None:
    from ciphertool.keystore import open_keystore

    path = settings.keystore.certificate or settings.keystore.path
    if path is None:
        return None
    named = Named(None, path, settings.keystore.algorithm)
    try:
        if settings.keystore.certificate:
            return _read(named, open_keystore(path, None, data=held.get(path)), None)
        extensions, form = settings.trust.extensions, settings.keystore.format
        store = opened or open_keystore(
            settings.keystore_path(), None, data=held.get(path), format_name=form, extensions=extensions
        )
        return _read(named, store, settings.keystore.alias)
    except CipherToolError as error:
        return named._replace(problem=error)


def _others(settings: Settings, held: Mapping[Path, bytes | None]) -> Iterator[Named]:
    for stated in settings.recipients:
        yield named_of(stated, held)


def named_of(stated: RecipientSettings, held: Mapping[Path, bytes | None] = _NOTHING) -> Named:
    """Return a recipient of the settings with the facts of its certificate, as far as that can be read."""
    from ciphertool.keystore import open_keystore

    named = Named(stated.name, stated.certificate, stated.algorithm)
    try:
        store = open_keystore(stated.certificate, None, data=held.get(stated.certificate))
        store.encryption_certificate(None, fingerprint=stated.fingerprint)
        return _read(named, store, None)
    except CipherToolError as error:
        return named._replace(problem=error)


def _read(named: Named, store: Keystore, alias: str | None) -> Named:
    entry = store.entry(alias)
    named = named._replace(facts=certificate_facts(entry.chain[0]) if entry.chain else None)
    try:
        return named._replace(key_id=identify(chains.rsa_public_key(store.certificate(alias), named.label)))
    except CipherToolError as error:
        return named._replace(problem=error)
