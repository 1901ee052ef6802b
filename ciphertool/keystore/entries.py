"""The entries of a keystore, as the readers of all formats return them: kinds, chains, keys sealed and clear."""

from __future__ import annotations

from contextlib import contextmanager
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.errors import KeystoreError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path


class EntryKind(Enum):
    """What an entry holds; the value is its name in lists."""

    KEY = "key"
    TRUSTED = "trusted"
    SECRET = "secret"  # noqa: S105 - a kind, not a password


class SealedKey(Protocol):
    """A private key as stored, which may be in the clear."""

    def unseal(self, password: str | None) -> bytes:
        """Return the key as PKCS #8 in the clear.

        Raise `PasswordNeededError` if it is encrypted and `password` is None, `WrongKeyPasswordError` if the password
        does not open it.
        """


class ClearKey:
    """A private key in the clear, on its way into a store."""

    __slots__ = ("pkcs8",)  # not a tuple, for the same reason as `Passwords`

    def __init__(self, pkcs8: bytes) -> None:
        self.pkcs8 = pkcs8

    def __repr__(self) -> str:
        return repr_of(self)

    def unseal(self, password: str | None) -> bytes:  # noqa: ARG002 - a SealedKey
        """Return the key."""
        return self.pkcs8


class SymmetricKey(NamedTuple):
    """A secret key in the clear, and its algorithm: Java's name, or an object identifier without a known name."""

    algorithm: str
    key: bytes

    def __repr__(self) -> str:
        return repr_of(self, "algorithm")


class SealedSymmetricKey(Protocol):
    """A secret key as stored."""

    def unseal(self, password: str | None) -> SymmetricKey:
        """Return the key; raise what `SealedKey.unseal` raises."""


class KeyEntry(NamedTuple):
    """One entry of a keystore. `chain` is DER, leaf first; `created` is None if the format does not say.

    `sealed` is the private key of a key entry, `secret` the key of a secret entry, if its format is one whose secret
    keys can be read.
    """

    alias: str
    kind: EntryKind
    chain: tuple[bytes, ...] = ()
    created: datetime | None = None
    sealed: SealedKey | None = None
    secret: SealedSymmetricKey | None = None

    def __repr__(self) -> str:
        return repr_of(self, "alias", "kind", "created")

    @property
    def sha256(self) -> str | None:
        """The fingerprint of the leaf certificate's DER in lower-case hex, or None if there is none."""
        return sha256(self.chain[0]).hexdigest() if self.chain else None


class StoreContent(NamedTuple):
    """What a format's reader found: the entries, and whether the password proved the file's integrity."""

    entries: Sequence[KeyEntry]
    verified: bool


class Reader(Protocol):
    """Reads the bytes of one format; entries without names are named after `path`."""

    def __call__(self, data: bytes, password: str | None, path: Path) -> StoreContent:
        """Return the content; raise a `KeystoreError`, never another exception."""


# The former names, kept for one release.
Entry = KeyEntry
Content = StoreContent


@contextmanager
def error_path(path: Path) -> Iterator[None]:
    """Add `path` to every keystore error raised within."""
    try:
        yield
    except KeystoreError as error:
        error.at(path)
        raise
