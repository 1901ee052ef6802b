"""An opened store by itself: which entry an alias means, what proves a certificate, which password opens a key."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ciphertool.errors import (
    BadCertificateError,
    BadPrivateKeyError,
    KeystoreError,
    NoCertificateError,
    NoPrivateKeyError,
    NoSecretKeyError,
    NoSuchKeyAliasError,
    NotRsaError,
    UnprovenCertificateError,
    UnsupportedKeystoreError,
)
from ciphertool.keystore.entries import (
    ClearKey,
    Content,
    Entry,
    EntryKind,
    SymmetricKey,
    error_path,
)
from ciphertool.keystore.store import Keystore
from ciphertool.secret import Secret
from tests.certificates.made import certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PATH = Path("/stores/a")
OPENS = "store"


def _der(key: RSAPrivateKey) -> bytes:
    return certificate(key).public_bytes(Encoding.DER)


def _pkcs8(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class Sealed:
    """A key that remembers with which passwords it was asked for."""

    def __init__(self, pkcs8: bytes) -> None:
        self.pkcs8 = pkcs8
        self.asked: list[str | None] = []

    def unseal(self, password: str | None) -> bytes:
        self.asked.append(password)
        return self.pkcs8


class SealedAes:
    """A secret key that remembers the same."""

    def __init__(self, key: SymmetricKey) -> None:
        self.key = key
        self.asked: list[str | None] = []

    def unseal(self, password: str | None) -> SymmetricKey:
        self.asked.append(password)
        return self.key


def _trusted(alias: str, *chain: bytes) -> Entry:
    return Entry(alias, EntryKind.TRUSTED, chain)


def _store(*entries: Entry, format_name: str = "JKS", verified: bool = False, password: str | None = OPENS) -> Keystore:
    return Keystore(PATH, format_name, entries, verified, None if password is None else Secret(password))


def _refused(kind: type[KeystoreError], act: Callable[..., object], *arguments: object, **options: object) -> str:
    """Return the message of the error that something raises, error_path at the store."""
    with pytest.raises(kind) as caught:
        act(*arguments, **options)
    assert caught.value.path == PATH
    return caught.value.message


def test_no_alias_means_the_only_key_or_the_only_entry() -> None:
    key, other = Entry("k", EntryKind.KEY), Entry("l", EntryKind.KEY)
    one, two = _trusted("a"), _trusted("b")
    assert _store(one, key, two).entry(None) is key
    assert _store(one).entry(None) is one
    for entries in ((key, other, one), (one, two), (one, Entry("s", EntryKind.SECRET)), ()):
        message = _refused(NoSuchKeyAliasError, _store(*entries).entry, None)
        assert all(entry.alias in message for entry in entries)
    for format_name in ("PEM", "DER"):
        assert _store(one, two, format_name=format_name).entry(None) is one
        assert _store(one, key, format_name=format_name).entry(None) is key
        _refused(NoSuchKeyAliasError, _store(key, other, format_name=format_name).entry, None)
        _refused(NoSuchKeyAliasError, _store(format_name=format_name).entry, None)


def test_an_alias_is_found_without_regard_to_case_unless_it_is_there_exactly() -> None:
    lower, upper, eszett = _trusted("alias"), _trusted("ALIAS"), _trusted("straße")
    store = _store(lower, upper, eszett)
    assert store.entry("alias") is lower
    assert store.entry("ALIAS") is upper
    assert store.entry("STRASSE") is eszett
    for alias in ("Alias", "absent", ""):
        _refused(NoSuchKeyAliasError, store.entry, alias)
    _refused(NoSuchKeyAliasError, _store(lower, _trusted("alias")).entry, "alias")


def test_the_fingerprint_is_that_of_the_leaf() -> None:
    assert _trusted("a", b"leaf", b"root").sha256 == sha256(b"leaf").hexdigest()
    assert _trusted("a").sha256 is None


def test_an_entry_without_a_certificate_has_none(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    assert _store(_trusted("a", _der(key), _der(other_key))).certificate().public_key() == key.public_key()
    _refused(NoCertificateError, _store(_trusted("a")).certificate, "a")
    assert "'a'" in _refused(KeystoreError, _store(_trusted("a", b"\x30\x00")).certificate, "a")


def test_a_verified_store_vouches_for_its_certificates(key: RSAPrivateKey) -> None:
    entry = _trusted("a", _der(key))
    assert _store(entry, verified=True).encryption_certificate("a").public_key() == key.public_key()
    for password in ("store", None):
        message = _refused(UnprovenCertificateError, _store(entry, password=password).encryption_certificate, "a")
        assert "nothing proves the integrity of the file" in message
    assert not Keystore(PATH, "JKS", (entry,)).verified
    assert Keystore(PATH, "JKS", (entry,)).password is None
    assert Content((entry,), True).verified


@pytest.mark.parametrize("format_name", ["JKS", "PEM", "DER"])
def test_a_key_vouches_for_its_certificate_if_it_opens_and_belongs_to_it(
    key: RSAPrivateKey, other_key: RSAPrivateKey, format_name: str
) -> None:
    sealed = Sealed(_pkcs8(key))
    own = Entry("k", EntryKind.KEY, (_der(key),), None, sealed)
    store = _store(own, format_name=format_name)
    assert store.encryption_certificate("K").public_key() == key.public_key()
    assert store.encryption_certificate(key_password="its own").public_key() == key.public_key()
    assert sealed.asked == ["store", "its own"]
    without = _store(own, format_name=format_name, password=None)
    _refused(UnprovenCertificateError, without.encryption_certificate, "k")
    foreign = Entry("k", EntryKind.KEY, (_der(other_key),), None, sealed)
    _refused(KeystoreError, _store(foreign, format_name=format_name).encryption_certificate, "k")


@pytest.mark.parametrize("format_name", ["PEM", "DER"])
def test_a_bare_certificate_is_taken_at_its_word(key: RSAPrivateKey, format_name: str) -> None:
    store = _store(_trusted("a", _der(key)), format_name=format_name, password=None)
    assert store.encryption_certificate().public_key() == key.public_key()


def test_a_fingerprint_decides_alone(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    right, wrong = (f"sha256:{sha256(_der(one)).hexdigest()}" for one in (key, other_key))
    entry = _trusted("a", _der(key), _der(other_key))
    for verified in (True, False):
        store = _store(entry, verified=verified, password=None)
        assert store.encryption_certificate(fingerprint=right).public_key() == key.public_key()
        message = _refused(UnprovenCertificateError, store.encryption_certificate, fingerprint=wrong)
        assert "not the expected one" in message
        assert right in message
    bare = _store(entry, format_name="PEM", password=None)
    _refused(UnprovenCertificateError, bare.encryption_certificate, fingerprint=wrong)


def test_a_certificate_of_another_algorithm_encrypts_nothing(key: RSAPrivateKey) -> None:
    entry = _trusted("a", certificate(ec.generate_private_key(ec.SECP256R1()), signer=key).public_bytes(Encoding.DER))
    store = _store(entry, verified=True)
    assert "'a'" in _refused(NotRsaError, store.encryption_certificate, fingerprint=f"sha256:{entry.sha256}")
    _refused(NotRsaError, store.encryption_certificate)
    below_rsa = _store(_trusted("a", _der(key), *entry.chain), verified=True)
    assert below_rsa.encryption_certificate().public_key() == key.public_key()


def test_a_certificate_whose_key_cannot_be_read_encrypts_nothing(key: RSAPrivateKey) -> None:
    modulus = key.public_key().public_numbers().n.to_bytes(256, "big")
    der = _der(key)
    assert der.count(b"\x02\x82\x01\x01\x00" + modulus) == 1
    damaged = der.replace(b"\x02\x82\x01\x01\x00" + modulus, b"\x04\x82\x01\x01\x00" + modulus)
    store = _store(_trusted("a", damaged), verified=True)
    assert "has a public key that cannot be read" in _refused(BadCertificateError, store.encryption_certificate)


def test_the_key_is_opened_by_its_own_password_or_else_the_stores(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    sealed = Sealed(_pkcs8(key))
    entry = Entry("k", EntryKind.KEY, (_der(key), _der(other_key)), None, sealed)
    store = _store(entry)
    assert store.private_key().private_numbers() == key.private_numbers()
    store.private_key("k", "its own")
    store.private_key("k", "")
    assert store.unseal(entry) == sealed.pkcs8
    _store(entry, password=None).private_key("k")
    assert sealed.asked == ["store", "its own", "", "store", None]
    foreign = Entry("k", EntryKind.KEY, (_der(other_key), _der(key)), None, sealed)
    _refused(KeystoreError, _store(foreign).private_key)
    broken = Entry("k", EntryKind.KEY, (_der(key),), None, ClearKey(b"\x30\x00"))
    _refused(BadPrivateKeyError, _store(broken).private_key)


def test_what_is_no_private_key_gives_none(key: RSAPrivateKey) -> None:
    """Neither a key entry without a key, nor a key in an entry of another kind."""
    for entry in (
        Entry("e", EntryKind.KEY, (_der(key),)),
        Entry("e", EntryKind.TRUSTED, (_der(key),), None, ClearKey(_pkcs8(key))),
        Entry("e", EntryKind.SECRET, (), None, ClearKey(_pkcs8(key))),
        _trusted("e", _der(key)),
    ):
        assert entry.kind.value in _refused(NoPrivateKeyError, _store(entry).private_key, "e")
        _refused(NoPrivateKeyError, _store(entry).unseal, entry)


def test_an_aes_key_is_that_of_a_secret_entry_that_can_be_read(key: RSAPrivateKey) -> None:
    sealed = SealedAes(SymmetricKey("AES", bytes(16)))
    entry = Entry("s", EntryKind.SECRET, (), None, None, sealed)
    store = _store(entry, _trusted("t", _der(key)))
    assert store.aes_key("S") == bytes(16)
    assert store.aes_key("s", "its own") == bytes(16)
    assert sealed.asked == ["store", "its own"]
    assert "trusted" in _refused(NoSecretKeyError, store.aes_key, "t")
    odd = Entry("o", EntryKind.KEY, (_der(key),), None, None, sealed)
    _refused(NoSecretKeyError, _store(odd).aes_key, "o")
    unread = _store(Entry("s", EntryKind.SECRET))
    assert "'s' of a JKS store" in _refused(UnsupportedKeystoreError, unread.aes_key, "s")


def test_no_repr_shows_a_key() -> None:
    entry = Entry("a", EntryKind.KEY, (b"c4n4ry",), datetime(2024, 1, 1, tzinfo=UTC), ClearKey(b"c4n4ry"))
    assert "c4n4ry" not in f"{entry!r}{ClearKey(b'c4n4ry')!r}{SymmetricKey('AES', b'c4n4ry')!r}"
    assert "'a'" in repr(entry)
    assert ClearKey(b"key").unseal(None) == ClearKey(b"key").unseal("x") == b"key"


def test_only_errors_of_the_store_are_located() -> None:
    with pytest.raises(KeystoreError) as caught, error_path(PATH):
        raise KeystoreError("x")
    assert caught.value.path == PATH
    with pytest.raises(ValueError, match="other"), error_path(PATH):
        raise ValueError("other")
