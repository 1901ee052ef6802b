"""One vault's cipher: how its values are encrypted and decrypted. It joins the scheme, the label and the keys.

In a native vault a ciphertext describes itself and carries its alias as OAEP label; in the Carbon kinds it is bare
and made by the transformation that the vault declares, or, where the vault's key is a secret key, by AES-GCM. Nothing
here reads a file.
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
    from ciphertool.engine.gcm import SecretKeyDecryptor
    from ciphertool.repository.base import SecretRepository


class VaultCipher:
    """The cipher of a vault whose key is an RSA key.

    Without `encryptor` it cannot encrypt, without `decryptor` not decrypt.
    `store_type` is the JCA name of the keystore's format ("JKS"), for those who write it down. `subject` is that of the
    certificate that it encrypts to, as it states it.
    """

    def __init__(
        self,
        scheme: Scheme,
        native: bool,
        encryptor: Encryptor | None = None,
        decryptor: Decryptor | None = None,
        store_type: str = "JKS",
        subject: str | None = None,
    ) -> None:
        self.scheme = scheme
        self.native = native
        self.encryptor = encryptor
        self.decryptor = decryptor
        self.store_type = store_type
        self.subject = subject

    @property
    def recipient(self) -> str:
        """Whom values are encrypted to, for people: the key, and the subject of its certificate."""
        if self.encryptor is None:
            return f"the key {self.decryptor.key_id}" if self.decryptor else "no key"
        return f"the key {self.encryptor.key_id} ({self.subject or 'no subject'}, RSA-{self.encryptor.bits})"

    @property
    def decrypts(self) -> bool:
        """Whether the private key is at hand."""
        return self.decryptor is not None

    @property
    def unpadded(self) -> bool:
        """Whether the vault's values are textbook RSA."""
        return self.scheme is UNPADDED

    def duplicate(self) -> VaultCipher:
        """Return a cipher with a private key of its own, which shares no lock with this one's."""
        decryptor = self.decryptor and self.decryptor.duplicate()
        return VaultCipher(self.scheme, self.native, self.encryptor, decryptor, self.store_type, self.subject)

    def encrypt(self, alias: str, value: Secret) -> Ciphertext:
        """Return the ciphertext of an alias's value, proved by decrypting it where the private key is at hand.

        Raises `ValueTooLongError`, located at no file, with the alias in its message.
        """
        if self.encryptor is None:
            raise ValueError("this cipher was opened to decrypt")
        data = self.encryptor.encrypt(value.reveal_bytes(), self._label(alias))
        made = Native(self.scheme.name, self.encryptor.key_id, data) if self.native else Bare(data)
        if self.decrypts and self.decrypt(alias, made) != value:
            raise AssertionError("an encrypted value does not decrypt to itself")
        return made

    def decrypt(self, alias: str, ciphertext: Ciphertext) -> Secret:
        """Return an alias's value, or raise a `DecryptionError`; a wrong value is never returned."""
        if self.decryptor is None:
            raise ValueError("this cipher was opened to encrypt")
        scheme = self._scheme_of(ciphertext)
        if isinstance(ciphertext, Native) and ciphertext.key_id != self.decryptor.key_id:
            raise ForeignKeyError(ciphertext.key_id, self.decryptor.key_id)
        return Secret(self.decryptor.decrypt_text(ciphertext.data, scheme, self._label(alias)))

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts; False if no private key is at hand and nothing speaks against it.

        Raises `DecryptionError` where it does not decrypt or cannot have been made by this key.
        """
        if self.decrypts:
            self.decrypt(alias, ciphertext)
            return True
        self._scheme_of(ciphertext)
        if self.encryptor is not None:
            if isinstance(ciphertext, Native) and ciphertext.key_id != self.encryptor.key_id:
                raise ForeignKeyError(ciphertext.key_id, self.encryptor.key_id)
            size = (self.encryptor.bits + 7) // 8
            if len(ciphertext.data) != size:
                raise CiphertextLengthError(len(ciphertext.data), size)
        return False

    def other_keys(self, repository: SecretRepository) -> dict[str, str]:
        """Return the aliases of a vault's values that another key has encrypted than this cipher's, each with that key.

        A bare ciphertext names no key: only its length speaks, and two keys may be equally long.
        """
        stored = ((alias, entry.stored) for alias, entry in repository.entries.items())
        keys = ((alias, self._other_key(one.ciphertext)) for alias, one in stored if isinstance(one, Encrypted))
        return {alias: key for alias, key in keys if key is not None}

    def _other_key(self, ciphertext: Ciphertext) -> str | None:
        key = self.encryptor or self.decryptor
        if isinstance(ciphertext, Native):
            own = key is None or ciphertext.key_id == key.key_id
            known = any(scheme.native and scheme.name == ciphertext.scheme for scheme in SCHEMES)
            return f"the key {ciphertext.key_id}" if known and not own else None
        bits = 8 * len(ciphertext.data)
        if self.encryptor is None or isinstance(ciphertext, Symmetric) or bits == (self.encryptor.bits + 7) // 8 * 8:
            return None
        return f"a key of {bits} bits"

    def moved_from(self, ciphertext: Ciphertext, aliases: Iterable[str]) -> str | None:
        """Return the alias under which a native ciphertext decrypts, if it is one of those given; others never tell."""
        if not self.decrypts or not isinstance(ciphertext, Native):
            return None
        for alias in aliases:
            try:
                self.decrypt(alias, ciphertext)
            except (DecryptionError, UnsupportedSchemeError):
                continue
            return alias
        return None

    def _label(self, alias: str) -> bytes:
        return alias.encode("utf-8", "surrogatepass") if self.native else b""

    def _scheme_of(self, ciphertext: Ciphertext) -> Scheme:
        """The one scheme that a ciphertext may be decrypted by: its own in a native vault, else the vault's."""
        if self.native != isinstance(ciphertext, Native):
            raise MalformedCiphertextError("not the form of ciphertext that this kind of vault holds")
        match ciphertext:
            case Native(scheme=name):
                scheme = scheme_named(name)
                if not scheme.native:
                    raise UnsupportedSchemeError(name)
                return scheme
            case SelfContained() | Symmetric():
                return scheme_named(ciphertext.transformation)  # of the latter: that no RSA key serves it
            case Bare():
                return self.scheme


class SecretKeyCipher:
    """The cipher of a vault whose key is an AES key. It decrypts AES-GCM values, and encrypts none."""

    decrypts = True
    unpadded = False

    def __init__(self, decryptor: SecretKeyDecryptor) -> None:
        self.decryptor = decryptor

    def duplicate(self) -> SecretKeyCipher:
        """Return a cipher with a key of its own, which shares no lock with this one's."""
        return SecretKeyCipher(self.decryptor.duplicate())

    def decrypt(self, alias: str, ciphertext: Ciphertext) -> Secret:  # noqa: ARG002 - nothing binds a value to its alias
        """Return an alias's value, or raise a `DecryptionError`; a wrong value is never returned."""
        if not isinstance(ciphertext, Symmetric):
            raise MalformedCiphertextError("no AES-GCM ciphertext, and the vault's key is an AES key")
        return Secret(self.decryptor.decrypt_text(ciphertext.data, ciphertext.iv))

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, or raise a `DecryptionError`."""
        self.decrypt(alias, ciphertext)
        return True

    def moved_from(self, ciphertext: Ciphertext, aliases: Iterable[str]) -> None:
        """Return None: nothing tells for which alias a value was made."""


Cipher = VaultCipher | SecretKeyCipher
