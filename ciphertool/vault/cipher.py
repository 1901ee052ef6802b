"""Encryption and decryption of one vault's values: scheme, label and key. `Sealer` encrypts, `Opener` decrypts.

In a native vault a ciphertext describes itself and carries its alias, as the OAEP label or in an envelope's header. In
the Carbon kinds it is bare and made by the transformation that the vault declares or, if the vault's key is a secret
key, by AES-GCM. This module reads no files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.ciphertext import Bare, Ciphertext, Envelope, Native, SelfContained, Symmetric
from ciphertool.engine import scheme_named
from ciphertool.engine.schemes import RSA_OAEP_256, SCHEMES, UNPADDED
from ciphertool.errors import (
    CiphertextLengthError,
    ContentKeyAloneError,
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
    from ciphertool.engine.envelope import Recipient as EnvelopeRecipient
    from ciphertool.engine.gcm import SecretKeyDecryptor, SecretKeyEncryptor
    from ciphertool.errors import RecipientsError
    from ciphertool.repository.base import SecretRepository
    from ciphertool.vault.envelopes import ContentKeys, EnvelopeSealer

_FEW = 1000
"""With a public key a value takes some 50 us."""


class Opener:
    """Decrypts the values of a vault whose key is an RSA key: alias and ciphertext in, secret out.

    `algorithm` is how the vault's content keys are encrypted to this key.
    """

    def __init__(self, scheme: Scheme, native: bool, decryptor: Decryptor, algorithm: str = RSA_OAEP_256) -> None:
        self.scheme = scheme
        self.native = native
        self.decryptor = decryptor
        self.algorithm = algorithm
        self._content_keys: ContentKeys | None = None

    @property
    def content_keys(self) -> ContentKeys:
        """The content keys that it has opened. Few vaults of few values have any."""
        if self._content_keys is None:
            from ciphertool.vault.envelopes import ContentKeys

            self._content_keys = ContentKeys(self.decryptor.key, self.algorithm)
        return self._content_keys

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
        duplicate = Opener(self.scheme, self.native, self.decryptor.duplicate(), self.algorithm)
        if self._content_keys is not None:
            duplicate._content_keys = self._content_keys.duplicate(duplicate.decryptor.key)
        return duplicate

    def open(self, alias: str, ciphertext: Ciphertext) -> Secret:
        """Return an alias's value, never a wrong one; raise a `DecryptionError` if there is none to return."""
        if isinstance(ciphertext, Envelope) and self.native:
            return self.content_keys.read(alias, ciphertext).value
        scheme, data = _block_of(ciphertext, self.scheme, native=self.native)
        if isinstance(ciphertext, Native) and ciphertext.key_id != self.decryptor.key_id:
            raise ForeignKeyError(ciphertext.key_id, self.decryptor.key_id)
        return Secret(self.decryptor.decrypt_text(data, scheme, _label(alias, native=self.native)))

    decrypt = open  # noqa: A003 - the former name, kept for one release: other people's scripts call it

    def spelling(self, alias: str, ciphertext: Ciphertext) -> Secret | None:
        """Return how an alias's value was spelled in its file, if that was kept; raise what `open` raises."""
        if isinstance(ciphertext, Envelope) and self.native:
            return self.content_keys.read(alias, ciphertext).spelling
        return None

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, or raise a `DecryptionError`."""
        self.open(alias, ciphertext)
        return True

    def other_keys(self, repository: SecretRepository) -> dict[str, str]:
        """Return the aliases whose values name a key other than this one, each with that key."""
        return _other_keys(repository, self.decryptor.key_id, None)

    def moved_from(self, ciphertext: Ciphertext, aliases: Iterable[str]) -> str | None:
        """Return which given alias a native ciphertext decrypts under, if any; other kinds are not bound to one.

        An envelope names its alias, so that `open` has reported it already.
        """
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

    With `envelope`, values that do not fit one RSA block, or have a spelling to keep, become envelopes; without
    `direct`, all do. `opener` is the opener of the same vault if the private key is available: it proves new and stored
    ciphertexts. `store_type` is the JCA name of the keystore's format ("JKS") and `key_alias` the key's alias in it,
    for callers that record them. `subject` is that of the certificate that values are encrypted to, as the certificate
    states it.
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
        *,
        envelope: EnvelopeSealer | None = None,
        direct: bool = True,
    ) -> None:
        self.scheme = scheme
        self.native = native
        self.encryptor = encryptor
        self.opener = opener
        self.store_type = store_type
        self.subject = subject
        self.key_alias = key_alias
        self.envelope = envelope
        self.direct = direct
        self._proved = False

    @property
    def key_id(self) -> str:
        """The id of the primary key, to which values or their content keys are encrypted."""
        return self.encryptor.key_id

    @property
    def recipient(self) -> str:
        """The recipient of encrypted values, for messages: the key and the subject of its certificate."""
        key = f"the key {self.encryptor.key_id} ({self.subject or 'no subject'}, RSA-{self.encryptor.bits})"
        others = len(self.envelope.recipients) - 1 if self.envelope else 0
        return f"{key} and {others} other{'' if others == 1 else 's'}" if others else key

    @property
    def keeps_spelling(self) -> bool:
        """Whether `seal` can keep how a value was spelled."""
        return self.envelope is not None

    @property
    def few(self) -> int | None:
        """How many values one thread seals sooner than several; None means any number, as RSA alone lacks the GIL."""
        return _FEW if self.direct else None

    @property
    def to(self) -> tuple[EnvelopeRecipient, ...]:
        """To whom envelopes are made; nobody if the vault cannot have any."""
        return () if self.envelope is None else self.envelope.to

    def seal(self, alias: str, value: Secret, spelling: str | None = None) -> Ciphertext:
        """Return the ciphertext of an alias's value; if there is an opener, it is proved by decrypting it.

        An envelope is always proved; of RSA blocks the first, because all are made by the same function to the same
        key. Raises `ValueTooLongError`, which names the alias but no file.
        """
        if self.envelope is not None and (spelling is not None or not self._fits(value)):
            made: Ciphertext = self.envelope.seal(alias, value, spelling)
        else:
            data = self.encryptor.encrypt(value.reveal_bytes(), _label(alias, native=self.native))
            made = Native(self.scheme.name, self.encryptor.key_id, data) if self.native else Bare(data)
            if self._proved:
                return made
        if self.opener is not None:
            if self.opener.open(alias, made).reveal() != value.reveal():  # no secret from each other
                raise AssertionError("an encrypted value does not decrypt to itself")
            self._proved = self._proved or not isinstance(made, Envelope)
        return made

    encrypt = seal  # as `Opener.decrypt`

    def seal_alone(self, alias: str, value: Secret) -> Ciphertext:
        """Return a ciphertext that is whole in itself, for a vault that is not at hand.

        Raises `ContentKeyAloneError` if it would be an envelope, which is of no use without its content key.
        """
        if self.envelope is not None and not self._fits(value):
            raise ContentKeyAloneError
        return self.seal(alias, value)

    def _fits(self, value: Secret) -> bool:
        limit = self.encryptor.limit
        return self.direct and (limit is None or len(value.reveal_bytes()) <= limit)

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, False if there is no opener and the ciphertext may be this key's.

        Raises `DecryptionError` if it does not decrypt or cannot have been made by this key.
        """
        if self.opener is not None:
            return self.opener.prove(alias, ciphertext)
        if isinstance(ciphertext, Envelope) and self.native:
            from ciphertool.vault.envelopes import require_recipient

            require_recipient(alias, ciphertext, self.key_id)
            return False
        _, data = _block_of(ciphertext, self.scheme, native=self.native)
        if isinstance(ciphertext, Native) and ciphertext.key_id != self.encryptor.key_id:
            raise ForeignKeyError(ciphertext.key_id, self.encryptor.key_id)
        size = (self.encryptor.bits + 7) // 8
        if len(data) != size:
            raise CiphertextLengthError(len(data), size)
        return False

    def other_keys(self, repository: SecretRepository) -> dict[str, str]:
        """Return the aliases whose values were encrypted with a key other than this one, each with that key.

        A bare ciphertext does not name its key: only its length is evidence, and two keys may have the same length.
        """
        return _other_keys(repository, self.encryptor.key_id, self.encryptor.bits)

    def other_recipients(self, repository: SecretRepository) -> RecipientsError | None:
        """Return the error if a vault is encrypted to other recipients than new values would be."""
        if not repository.keys and (self.envelope is None or len(self.envelope.recipients) == 1):
            return None
        from ciphertool.vault.recipients import difference

        return difference(repository, self.envelope.recipients if self.envelope else frozenset({self.key_id}))


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

    def spelling(self, alias: str, ciphertext: Ciphertext) -> None:
        """Return None: nothing in a value tells how it was spelled."""

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
    keeps_spelling = False
    few: int | None = None

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

    @property
    def to(self) -> tuple[EnvelopeRecipient, ...]:
        """Return nobody: a vault with a secret key has no envelopes."""
        return ()

    def seal(self, alias: str, value: Secret, spelling: str | None = None) -> Ciphertext:  # noqa: ARG002 - as `Sealer`
        """Return the ciphertext of an alias's value, proved by decrypting it."""
        made = Symmetric(*self._encryptor.encrypt(value.reveal_bytes()))
        if self.opener.open(alias, made) != value:
            raise AssertionError("an encrypted value does not decrypt to itself")
        return made

    encrypt = seal_alone = seal  # as `Opener.decrypt`

    def prove(self, alias: str, ciphertext: Ciphertext) -> bool:
        """Return True if a ciphertext decrypts, or raise a `DecryptionError`."""
        return self.opener.prove(alias, ciphertext)

    def other_keys(self, repository: SecretRepository) -> dict[str, str]:  # noqa: ARG002 - no value names its key
        """Return no aliases: `prove` finds those that were encrypted with another key."""
        return {}

    def other_recipients(self, repository: SecretRepository) -> None:
        """Return None: no such vault has recipients."""


AnyOpener = Opener | SymmetricOpener
AnySealer = Sealer | SymmetricSealer


def _label(alias: str, *, native: bool) -> bytes:
    return alias.encode("utf-8", "surrogatepass") if native else b""


def _block_of(ciphertext: Ciphertext, declared: Scheme, *, native: bool) -> tuple[Scheme, bytes]:
    """Return the RSA block of a ciphertext and the one scheme that may decrypt it: its own, else the declared one."""
    if isinstance(ciphertext, Envelope) or native != isinstance(ciphertext, Native):
        raise MalformedCiphertextError("not in the ciphertext form of this kind of vault")
    match ciphertext:
        case Native(scheme=name):
            scheme = scheme_named(name)
            if not scheme.native:
                raise UnsupportedSchemeError(name)
            return scheme, ciphertext.data
        case SelfContained() | Symmetric():
            # AES-GCM: raises the error for a missing RSA key
            return scheme_named(ciphertext.transformation), ciphertext.data
        case Bare():
            return declared, ciphertext.data


def _other_keys(repository: SecretRepository, key_id: str, bits: int | None) -> dict[str, str]:
    stored = ((alias, entry.stored) for alias, entry in repository.entries.items())
    keys = ((alias, _other_key(one.ciphertext, key_id, bits)) for alias, one in stored if isinstance(one, Encrypted))
    return {alias: key for alias, key in keys if key is not None}


def _other_key(ciphertext: Ciphertext, key_id: str, bits: int | None) -> str | None:
    """Return the name of the key that made a ciphertext, or None if it may be the key with this id and size."""
    if isinstance(ciphertext, Native):
        known = any(scheme.native and scheme.name == ciphertext.scheme for scheme in SCHEMES)
        return f"the key {ciphertext.key_id}" if known and ciphertext.key_id != key_id else None
    if isinstance(ciphertext, Envelope):
        others = ", ".join(sorted(ciphertext.wrapped))
        return f"the keys {others}" if others and key_id not in ciphertext.wrapped else None
    length = 8 * len(ciphertext.data)
    if bits is None or isinstance(ciphertext, Symmetric) or length == (bits + 7) // 8 * 8:
        return None
    return f"a key of {length} bits"
