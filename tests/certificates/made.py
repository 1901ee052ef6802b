"""Certificates with every shape of KeyUsage, as DER of their own where `cryptography` writes no such thing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY_USAGE = x509.ObjectIdentifier("2.5.29.15")
BASIC_CONSTRAINTS = x509.ObjectIdentifier("2.5.29.19")


class Usage(NamedTuple):
    """A KeyUsage extension: its BIT STRING, and what it says in Java's eyes and in ours."""

    der: bytes | None
    critical: bool
    usages: tuple[str, ...] | None


_SHAPES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("03020410", ("dataEncipherment",)),
    ("03020430", ("keyEncipherment", "dataEncipherment")),
    ("030204b0", ("digitalSignature", "keyEncipherment", "dataEncipherment")),
    ("03020520", ("keyEncipherment",)),
    ("03020780", ("digitalSignature",)),
    ("030206c0", ("digitalSignature", "nonRepudiation")),
    ("030204f0", ("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment")),
    ("03020106", ("keyCertSign", "cRLSign")),
    ("0303070080", ("decipherOnly",)),
    ("0303070880", ("keyAgreement", "decipherOnly")),
    ("03020530", ("keyEncipherment",)),  # the last bits do not count
    ("030100", ()),
    ("03020700", ()),
)
KEY_USAGES = (
    Usage(None, False, ()),
    *(Usage(bytes.fromhex(der), critical, usages) for der, usages in _SHAPES for critical in (True, False)),
)
UNREADABLE = (
    b"",
    b"\x03",
    b"\x05\x00",
    b"\x03\x00",
    b"\x03\x02\x08\x10",
    b"\x03\x01\x04",
    b"\x03\x05\x04\x10",
    b"\x03\x02\x04\x10\x00",
)


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    usage: Usage = KEY_USAGES[0],
    *,
    signer: rsa.RSAPrivateKey | None = None,
    start: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    end: datetime = datetime(2040, 1, 1, tzinfo=UTC),
    odd_extension: bool = False,
    public_key: rsa.RSAPublicKey | None = None,
) -> x509.Certificate:
    """Return a certificate of the key, or of `public_key`; `odd_extension` adds one that cannot be parsed."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key or key.public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if odd_extension:
        builder = builder.add_extension(x509.UnrecognizedExtension(BASIC_CONSTRAINTS, b"\x30\x7f"), critical=False)
    if usage.der is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(KEY_USAGE, usage.der), critical=usage.critical)
    signing = signer or key
    assert isinstance(signing, rsa.RSAPrivateKey)
    return builder.sign(signing, SHA256())
