"""New keystores: an RSA key with a self-signed certificate that states what its role needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from ciphertool.certificates.roles import Role, role_extensions
from ciphertool.errors import UnsupportedKeystoreError
from ciphertool.keystore.entries import ClearKey, EntryKind, KeyEntry
from ciphertool.keystore.formats.writing import write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa

KEY_SIZES = (2048, 3072, 4096)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """The content of a new certificate. `subject` is an RFC 4514 name: `CN=example,O=Example`.

    `names` are the host names and IP addresses of a tls certificate.
    """

    subject: str
    role: Role = Role.PRIMARY
    days: int = 3650
    bits: int = 3072
    names: Sequence[str] = field(default=())


def create_keystore(
    request: CertificateRequest,
    alias: str,
    password: str,
    *,
    now: datetime,
    format_name: str = "PKCS12",
    key_password: str | None = None,
) -> bytes:
    """Return a new store with one key entry, in one of the formats `WRITABLE`."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if request.bits not in KEY_SIZES:
        raise UnsupportedKeystoreError(f"an RSA key of {request.bits} bits", f"use one of {KEY_SIZES}")
    key = rsa.generate_private_key(65537, request.bits)
    certificate = self_signed(request, key, now).public_bytes(Encoding.DER)
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    entry = KeyEntry(alias, EntryKind.KEY, (certificate,), now, ClearKey(pkcs8))
    return write(format_name, [entry], password, key_password)


def self_signed(request: CertificateRequest, key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    """Return a certificate for a key, signed by the same key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        name = x509.Name.from_rfc4514_string(request.subject)
    except ValueError:
        raise UnsupportedKeystoreError(
            f"{request.subject!r} is not a name like CN=example,O=Example,C=DE",
            "a country has two letters, a common name at most 64 characters",
        ) from None
    start = now.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + request.days * _DAY)
    )
    for extension, critical in role_extensions(request.role, request.names):
        builder = builder.add_extension(extension, critical)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
