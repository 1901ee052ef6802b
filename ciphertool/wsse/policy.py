"""What a message must have, and how one is made. Only the statement; `securing` and `opening` act on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from ciphertool.errors import ConfigError
from ciphertool.wsse.algorithms import OLD, Algorithm, Digest, Encryption, KeyTransport, SignatureAlgorithm
from ciphertool.wsse.identity import Identity, Recipients
from ciphertool.wsse.trust import SignerTrust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.keystore import Keystore
    from ciphertool.wsse.replays import ReplayCache


class Part(Enum):
    """A part of a message that is signed or encrypted. A header, or an element of the Body, is `{namespace}name`."""

    BODY = "Body"
    TIMESTAMP = "Timestamp"
    TOKEN = "BinarySecurityToken"  # noqa: S105 - a certificate
    SIGNATURE = "Signature"


Parts: TypeAlias = tuple[Part | str, ...]


class Order(Enum):
    """Which comes first. Only a signature over the ciphertext protects AES-CBC."""

    SIGN_THEN_ENCRYPT = "sign-then-encrypt"
    ENCRYPT_THEN_SIGN = "encrypt-then-sign"


class Reference(Enum):
    """How a message names a certificate."""

    DIRECT = "direct"
    """The certificate is in the message."""
    ISSUER_SERIAL = "issuer-serial"
    KEY_IDENTIFIER = "key-identifier"
    THUMBPRINT = "thumbprint"


def now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class MessagePolicy:
    """How messages are secured, and what one that comes in must have.

    The `keystore`'s entry `alias` signs and decrypts. The `truststore` decides whose signatures count, and holds the
    certificate `recipient` for which messages are encrypted, unless they answer a request.

    `sign` and `encrypt` are the parts of outgoing messages; `order`, the algorithms, and the two references say how.
    `require_signed` and `require_encrypted` are the parts that incoming messages must have signed by somebody who is
    trusted, and encrypted; encryption authenticates nobody. An empty `require_signed` accepts messages from anyone.

    Incoming messages may use any algorithm but the old ones (`algorithms.OLD`), and the old ones that the policy
    states, for outgoing messages or in `accept`. AES-CBC is read only under a signature over the ciphertext, unless
    `unsigned_cbc`: an attacker who can send many such messages may learn their content from how they are refused.

    A message is valid for `lifetime` from its creation; clocks may differ by `skew`. `replays` remembers messages.
    `published_keys` accepts signers whose private key everyone can download, such as Carbon's default; for tests.
    """

    keystore: Keystore | None = field(default=None, repr=False)
    alias: str | None = None
    key_password: str | None = field(default=None, repr=False)
    truststore: Keystore | None = field(default=None, repr=False)
    recipient: str | None = None
    sign: Parts = (Part.BODY, Part.TIMESTAMP)
    encrypt: Parts = ()
    order: Order = Order.SIGN_THEN_ENCRYPT
    signature: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256
    digest: Digest = Digest.SHA256
    encryption: Encryption = Encryption.AES256_GCM
    transport: KeyTransport = KeyTransport.RSA_OAEP
    signer_reference: Reference = Reference.DIRECT
    recipient_reference: Reference = Reference.ISSUER_SERIAL
    require_signed: Parts = (Part.BODY, Part.TIMESTAMP)
    require_encrypted: Parts = ()
    confirm: bool = False
    """Whether answers confirm the signature of the request (WSS 1.1), and must do so."""
    accept: frozenset[Algorithm] = frozenset()
    unsigned_cbc: bool = False
    actor: str | None = None
    lifetime: timedelta = timedelta(seconds=300)
    skew: timedelta = timedelta(seconds=60)
    minimum_bits: int = 2048
    published_keys: bool = False
    most_bytes: int = 16 << 20
    """The size of the largest message that is read."""
    replays: ReplayCache | None = field(default=None, repr=False)
    clock: Callable[[], datetime] = field(default=now, repr=False)

    def __post_init__(self) -> None:
        """Raise `ConfigError` if parts contradict each other."""
        if Part.SIGNATURE in self.encrypt and self.order is Order.ENCRYPT_THEN_SIGN:
            raise ConfigError("a policy that encrypts before it signs cannot encrypt the signature")
        if Part.SIGNATURE in (*self.sign, *self.require_signed):
            raise ConfigError("a policy cannot demand that a signature signs itself")
        for part in (Part.TIMESTAMP, Part.TOKEN):
            if part in (*self.encrypt, *self.require_encrypted):
                raise ConfigError(f"a policy cannot demand that the {part.value} is encrypted")
        if Part.TOKEN in self.sign and self.signer_reference is not Reference.DIRECT:
            raise ConfigError("a policy signs the certificate only if it is in the message: with a direct reference")
        if self.replays is not None and Part.TIMESTAMP not in self.require_signed:
            raise ConfigError("a policy that refuses replays must require a signed Timestamp")

    @cached_property
    def identity(self) -> Identity:
        """The own key and certificate; raise `ConfigError` without a keystore, or what opening the entry raises."""
        if self.keystore is None:
            raise ConfigError("the policy needs a keystore, whose key signs and decrypts")
        return Identity(self.keystore, self.alias, self.key_password)

    @cached_property
    def trust(self) -> SignerTrust:
        """Whose signatures count: nobody's without a truststore."""
        anchors = () if self.truststore is None else self.truststore.anchors
        return SignerTrust(anchors, self.minimum_bits, published_keys=self.published_keys)

    @cached_property
    def recipients(self) -> Recipients:
        """For whom messages can be encrypted."""
        return Recipients(self.truststore, self.recipient, self.minimum_bits, published_keys=self.published_keys)

    @cached_property
    def readable(self) -> frozenset[str]:
        """The identifiers of the algorithms that incoming messages may use."""
        stated = {self.signature, self.digest, self.encryption, self.transport, *self.accept}
        every = (*SignatureAlgorithm, *Digest, *Encryption, *KeyTransport)
        return frozenset(one.value for one in every if one not in OLD or one in stated)

    def but(self, **changes: object) -> MessagePolicy:
        """Return the policy with other values for some of its fields."""
        return replace(self, **changes)  # type: ignore[arg-type]  # the fields' own types
