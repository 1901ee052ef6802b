"""What makes a certificate believed, and which certificate belongs to which key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ciphertool.errors import BadPrivateKeyError, UnprovenCertificateError
from ciphertool.keystore import EntryKind, KeyEntry, open_keystore
from ciphertool.keystore.entries import ClearKey
from ciphertool.keystore.formats.writing import write
from tests.certificates.made import certificate

from .vectors import PASSWORD

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509 import Certificate

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def _pem(key: rsa.RSAPrivateKey, of: Certificate, password: str | None = None) -> bytes:
    how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how) + of.public_bytes(Encoding.PEM)


def test_a_certificate_alone_is_taken_at_its_word(key: rsa.RSAPrivateKey) -> None:
    one = certificate(key)
    keystore = open_keystore(Path("a.pem"), None, data=one.public_bytes(Encoding.PEM))
    assert keystore.encryption_certificate() == one


def test_a_pem_file_with_a_key_is_not_taken_at_its_word(key: rsa.RSAPrivateKey) -> None:
    """Who could write the certificate could have exchanged it; the key that lies beside it is what proves it."""
    data = _pem(key, certificate(key), PASSWORD)
    with pytest.raises(UnprovenCertificateError):
        open_keystore(Path("a.pem"), None, data=data).encryption_certificate()
    assert open_keystore(Path("a.pem"), PASSWORD, data=data).encryption_certificate() == certificate(key)


def test_a_pem_file_with_the_key_of_another_certificate_is_refused(
    key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey
) -> None:
    data = _pem(key, certificate(other_key), PASSWORD)
    with pytest.raises((BadPrivateKeyError, UnprovenCertificateError)):
        open_keystore(Path("a.pem"), PASSWORD, data=data).encryption_certificate()


@pytest.mark.parametrize("order", [1, -1])
def test_keys_with_one_id_keep_their_own_certificates(
    key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey, order: int
) -> None:
    """Java makes the id of the time: two keys that were made within a millisecond have the same."""
    keys = {"one": key, "two": other_key}
    entries = [
        KeyEntry(
            alias,
            EntryKind.KEY,
            (certificate(held).public_bytes(Encoding.DER),),
            NOW,
            ClearKey(held.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        )
        for alias, held in keys.items()
    ]
    keystore = open_keystore(Path("a.p12"), PASSWORD, data=write("PKCS12", entries[::order], PASSWORD, None))
    for alias, held in keys.items():
        assert keystore.private_key(alias).public_key() == held.public_key()
        assert keystore.certificate(alias).public_key() == held.public_key()
