"""Encryption and decryption of one vault's values: scheme, label and key. `Sealer` encrypts, `Opener` decrypts.

In a native vault a ciphertext describes itself and carries its alias as the OAEP label. In the Carbon kinds it is bare
and made by the transformation that the vault declares or, if the vault's key is a secret key, by AES-GCM. This module
reads no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.ciphertext import Bare, Ciphertext, Native, SelfContained, Symmetric
from ciphertool.engine import scheme_named
from ciphertool.engine.schemes import SCHEMES, UNPADDED
from ciphertool.errors import (
    CiphertextLengthError,
    DecryptionError,
    ForeignKeyError,
    MalformedCiphertextError,
    UnsupportedSchemeError,
)
from ciphertool.repository.base import Encrypted
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ciphertool.engine import Decryptor, Encryptor, Scheme
    from ciphertool.engine.gcm import SecretKeyDecryptor, SecretKeyEncryptor
    from ciphertool.repository.base import SecretRepository


class Opener:
    """Decrypts the values of a vault whose key is an RSA key: alias and ciphertext in, secret out."""

    def __init__(self, scheme: Scheme, native: bool, decryptor: Decryptor) -> None:
        self.scheme = scheme
        self.native = native
        self.decryptor = decryptor

    @property
    def recipient(self) -> str:
        """The key whose values it decrypts, for messages."""
        return f"the key {self.decryptor.key_id}"

    @property
    def unpadded(self) -> bool:
        """Whether the vault's values are textbook RSA."""
        return self.scheme is UNPADDED

    def duplicate(self) -> Opener:
        """Return an opener with its own copy of the private key, which shares no lock with this one."""
        return Opener(self.scheme, self.native, self.decryptor.duplicate())

    def open(self, alias: str, ciphertext: Ciphertext) -> Secret:
        """Return an alias's value, never a wrong one; raise a `DecryptionError` if there is none to return."""
        scheme = _scheme_of(ciphertext, self.scheme, native=self.native)
        if isinstance(ciphertext, Native) and ciphertext.key_id != self.decryptor.key_id:
            raise ForeignKeyError(ciphertext.key_id, self.decryptor.key_id)
        return Secret(self.decryptor.decrypt_text(ciphertext.data, scheme, _label(alias, native=self.native)))

    decrypt = open  # noqa: A003 - the former name, kept for one release: other people's scripts call it

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, or raise a `DecryptionError`."""
        self.open(alias, ciphertext)
        return True

    def other_keys(self, repository: SecretRepository) -> dict[str, str]:
        """Return the aliases whose values name a key other than this one, each with that key."""
        return _other_keys(repository, self.decryptor.key_id, None)

    def moved_from(self, ciphertext: Ciphertext, aliases: Iterable[str]) -> str | None:
        """Return which given alias a native ciphertext decrypts under, if any; other kinds are not bound to one."""
        if not isinstance(ciphertext, Native):
            return None
        for alias in aliases:
            try:
                self.open(alias, ciphertext)
            except (DecryptionError, UnsupportedSchemeError):
                continue
            return alias
        return None


class Sealer:
    """Encrypts the values of a vault with a public key alone: alias and secret in, ciphertext out.

    `opener` is the opener of the same vault if the private key is available: it proves new and stored ciphertexts.
    `store_type` is the JCA name of the keystore's format ("JKS") and `key_alias` the key's alias in it, for callers
    that record them. `subject` is that of the certificate that values are encrypted to, as the certificate states it.
    """

    def __init__(
        self,
        scheme: Scheme,
        native: bool,
        encryptor: Encryptor,
        opener: Opener | None = None,
        store_type: str = "JKS",
        subject: str | None = None,
        key_alias: str | None = None,
    ) -> None:
        self.scheme = scheme
        self.native = native
        self.encryptor = encryptor
        self.opener = opener
        self.store_type = store_type
        self.subject = subject
        self.key_alias = key_alias

    @property
    def key_id(self) -> str:
        """The id of the key that values are encrypted to."""
        return self.encryptor.key_id

    @property
    def recipient(self) -> str:
        """The recipient of encrypted values, for messages: the key and the subject of its certificate."""
        return f"the key {self.encryptor.key_id} ({self.subject or 'no subject'}, RSA-{self.encryptor.bits})"

    def seal(self, alias: str, value: Secret) -> Ciphertext:
        """Return the ciphertext of an alias's value; if there is an opener, it is proved by decrypting it.

        Raises `ValueTooLongError`, which names the alias but no file.
        """
        data = self.encryptor.encrypt(value.reveal_bytes(), _label(alias, native=self.native))
        made = Native(self.scheme.name, self.encryptor.key_id, data) if self.native else Bare(data)
        if self.opener is not None and self.opener.open(alias, made) != value:
            raise AssertionError("an encrypted value does not decrypt to itself")
        return made

    encrypt = seal  # as `Opener.decrypt`

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, False if there is no opener and the ciphertext may be this key's.

        Raises `DecryptionError` if it does not decrypt or cannot have been made by this key.
        """
        if self.opener is not None:
            return self.opener.prove(alias, ciphertext)
        _scheme_of(ciphertext, self.scheme, native=self.native)
        if isinstance(ciphertext, Native) and ciphertext.key_id != self.encryptor.key_id:
            raise ForeignKeyError(ciphertext.key_id, self.encryptor.key_id)
        size = (self.encryptor.bits + 7) // 8
        if len(ciphertext.data) != size:
            raise CiphertextLengthError(len(ciphertext.data), size)
        return False

    def other_keys(self, repository: SecretRepository) -> dict[str, str]:
        """Return the aliases whose values were encrypted with a key other than this one, each with that key.

        A bare ciphertext does not name its key: only its length is evidence, and two keys may have the same length.
        """
        return _other_keys(repository, self.encryptor.key_id, self.encryptor.bits)


class SymmetricOpener:
    """Decrypts the AES-GCM values of a vault whose key is an AES key."""

    unpadded = False

    def __init__(self, decryptor: SecretKeyDecryptor) -> None:
        self.decryptor = decryptor

    def duplicate(self) -> SymmetricOpener:
        """Return an opener with its own copy of the key, which shares no lock with this one."""
        return SymmetricOpener(self.decryptor.duplicate())

    def open(self, alias: str, ciphertext: Ciphertext) -> Secret:  # noqa: ARG002 - nothing binds a value to its alias
        """Return an alias's value, never a wrong one; raise a `DecryptionError` if there is none to return."""
        if not isinstance(ciphertext, Symmetric):
            raise MalformedCiphertextError("not an AES-GCM ciphertext, but the vault's key is an AES key")
        return Secret(self.decryptor.decrypt_text(ciphertext.data, ciphertext.iv))

    decrypt = open  # noqa: A003 - as `Opener.decrypt`

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, or raise a `DecryptionError`."""
        self.open(alias, ciphertext)
        return True

    def moved_from(self, ciphertext: Ciphertext, aliases: Iterable[str]) -> None:
        """Return None: nothing in a value shows which alias it was made for."""


class SymmetricSealer:
    """Encrypts the values of a vault whose key is an AES key: alias and secret in, ciphertext out.

    The key is the vault's password itself, or has `key_alias` in a keystore of the format `store_type` (a JCA name).
    """

    subject: str | None = None
    key_id: str | None = None

    def __init__(
        self,
        encryptor: SecretKeyEncryptor,
        opener: SymmetricOpener,
        store_type: str = "JKS",
        key_alias: str | None = None,
    ) -> None:
        self._encryptor = encryptor
        self.opener = opener
        self.store_type = store_type
        self.key_alias = key_alias

    @property
    def recipient(self) -> str:
        """The recipient of encrypted values, for messages."""
        return "the AES key " + ("that is the vault's password" if self.key_alias is None else repr(self.key_alias))

    def seal(self, alias: str, value: Secret) -> Ciphertext:
        """Return the ciphertext of an alias's value, proved by decrypting it."""
        made = Symmetric(*self._encryptor.encrypt(value.reveal_bytes()))
        if self.opener.open(alias, made) != value:
            raise AssertionError("an encrypted value does not decrypt to itself")
        return made

    encrypt = seal  # as `Opener.decrypt`

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, or raise a `DecryptionError`."""
        return self.opener.prove(alias, ciphertext)

    def other_keys(self, repository: SecretRepository) -> dict[str, str]:  # noqa: ARG002 - no value names its key
        """Return no aliases: `prove` finds those that were encrypted with another key."""
        return {}


AnyOpener = Opener | SymmetricOpener
AnySealer = Sealer | SymmetricSealer


def _label(alias: str, *, native: bool) -> bytes:
    return alias.encode("utf-8", "surrogatepass") if native else b""


def _scheme_of(ciphertext: Ciphertext, declared: Scheme, *, native: bool) -> Scheme:
    """Return the one scheme that may decrypt a ciphertext: its own in a native vault, else the declared one."""
    if native != isinstance(ciphertext, Native):
        raise MalformedCiphertextError("not in the ciphertext form of this kind of vault")
    match ciphertext:
        case Native(scheme=name):
            scheme = scheme_named(name)
            if not scheme.native:
                raise UnsupportedSchemeError(name)
            return scheme
        case SelfContained() | Symmetric():
            return scheme_named(ciphertext.transformation)  # AES-GCM: raises the error for a missing RSA key
        case Bare():
            return declared


def _other_keys(repository: SecretRepository, key_id: str, bits: int | None) -> dict[str, str]:
    stored = ((alias, entry.stored) for alias, entry in repository.entries.items())
    keys = ((alias, _other_key(one.ciphertext, key_id, bits)) for alias, one in stored if isinstance(one, Encrypted))
    return {alias: key for alias, key in keys if key is not None}


def _other_key(ciphertext: Ciphertext, key_id: str, bits: int | None) -> str | None:
    """Return the name of the key that made a ciphertext, or None if it may be the key with this id and size."""
    if isinstance(ciphertext, Native):
        known = any(scheme.native and scheme.name == ciphertext.scheme for scheme in SCHEMES)
        return f"the key {ciphertext.key_id}" if known and ciphertext.key_id != key_id else None
    length = 8 * len(ciphertext.data)
    if bits is None or isinstance(ciphertext, Symmetric) or length == (bits + 7) // 8 * 8:
        return None
    return f"a key of {length} bits"
