"""What we encrypt javax.crypto decrypts, and the other way round; and it refuses the certificates that we refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ciphertool.certificates.policy import Policy, check_certificate
from ciphertool.engine import SCHEMES, Decryptor, Encryptor, LocalKey, Scheme
from ciphertool.errors import WrongKeyUsageError
from tests.certificates.made import KEY_USAGES, NOW, UNREADABLE, Usage, certificate
from tests.interop.java_cipher import JavaError, ask, request

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

pytestmark = pytest.mark.jvm

VALUES = ("ABC@123", "", "pässwörd€😀", "x" * 190)
CASES = [
    (scheme, label, value)
    for scheme in SCHEMES
    for label in ((b"", "db.password/ä".encode()) if scheme.labelled else (b"",))
    for value in VALUES
]


def _java(key: RSAPrivateKey, operation: str, cases: list[tuple[Scheme, bytes, bytes]]) -> list[bytes | JavaError]:
    if operation == "encrypt":
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return ask([request(operation, scheme, label, der, data) for scheme, label, data in cases])


def test_java_decrypts_what_we_encrypt(key: RSAPrivateKey) -> None:
    encrypted = [
        (scheme, label, Encryptor(key.public_key(), scheme).encrypt(value.encode(), label))
        for scheme, label, value in CASES
    ]
    assert _java(key, "decrypt", encrypted) == [value.encode() for _, _, value in CASES]


def test_we_decrypt_what_java_encrypts(key: RSAPrivateKey) -> None:
    decryptor = Decryptor(LocalKey(key))
    answers = _java(key, "encrypt", [(scheme, label, value.encode()) for scheme, label, value in CASES])
    for (scheme, label, value), ciphertext in zip(CASES, answers, strict=True):
        assert isinstance(ciphertext, bytes), ciphertext
        assert decryptor.decrypt_text(ciphertext, scheme, label) == value
        assert decryptor.detect_text(ciphertext, label) == (value, scheme)


def test_java_refuses_a_value_under_another_label(key: RSAPrivateKey) -> None:
    ciphertext = Encryptor(key.public_key()).encrypt(b"value", b"here")
    (answer,) = _java(key, "decrypt", [(SCHEMES[0], b"there", ciphertext)])
    assert "BadPaddingException" in str(answer)


def test_we_refuse_exactly_the_certificates_that_java_refuses(tmp_path: Path, key: RSAPrivateKey) -> None:
    unreadable = [Usage(der, critical, None) for der in UNREADABLE for critical in (True, False)]
    certificates = [certificate(key, usage) for usage in (*KEY_USAGES, *unreadable)]
    certificates += [certificate(key, usage, odd_extension=True) for usage in KEY_USAGES]
    answers = ask([("usage", one.public_bytes(Encoding.DER)) for one in certificates])
    refused = []
    for one in certificates:
        try:
            check_certificate(
                one.public_bytes(Encoding.DER), policy=Policy.JAVA, now=NOW, keystore=tmp_path / "a.p12", alias="a"
            )
            refused.append(False)
        except WrongKeyUsageError:
            refused.append(True)
    assert [isinstance(answer, JavaError) for answer in answers] == refused
    errors = {str(answer).partition(": java.io")[0] for answer in answers if isinstance(answer, JavaError)}
    assert errors == {
        "java.security.InvalidKeyException: Wrong key usage",
        "java.security.cert.CertificateParsingException",  # a critical KeyUsage that cannot be read
    }
