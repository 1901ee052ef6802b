"""Keys and certificates of those who exchange messages, and the messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ciphertool.keystore import EntryKind, KeyEntry, Keystore
from ciphertool.keystore.entries import ClearKey

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime.now(UTC).replace(microsecond=0)
SOAP11, SOAP12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
SECRET = "c4n4ry-in-the-body"
SIGNING_AND_KEYS = ("digital_signature", "key_encipherment")
ADDRESSING = "http://www.w3.org/2005/08/addressing"
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def envelope(
    soap: str = SOAP11, body: str = f"<q:pay xmlns:q='urn:q' kind='xsi:x'><q:to>{SECRET}</q:to> 7 &amp; 8</q:pay>"
) -> bytes:
    """Return a message without security, with a header."""
    return (
        f'<e:Envelope xmlns:e="{soap}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<e:Header><a:To xmlns:a="{ADDRESSING}">urn:service</a:To></e:Header><e:Body>{body}</e:Body></e:Envelope>'
    ).encode()


@dataclass(frozen=True)
class Party:
    """A key with its certificate, and those of its issuers."""

    name: str
    key: rsa.RSAPrivateKey
    chain: tuple[bytes, ...]

    def keystore(self) -> Keystore:
        """Return a keystore with the key."""
        pkcs8 = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        entry = KeyEntry(self.name, EntryKind.KEY, self.chain, sealed=ClearKey(pkcs8))
        return Keystore(Path(f"{self.name}.p12"), "PKCS12", (entry,), verified=True)


def truststore(*parties: Party, last: bool = False) -> Keystore:
    """Return a truststore with the certificates of parties, or of the last of their issuers, under their names."""
    entries = (KeyEntry(one.name, EntryKind.TRUSTED, (one.chain[-1 if last else 0],)) for one in parties)
    return Keystore(Path("trust.p12"), "PKCS12", tuple(entries), verified=True)


def party(
    name: str,
    *,
    usages: Sequence[str] | None = SIGNING_AND_KEYS,
    critical: bool = True,
    authority: bool | None = None,
    path_length: int | None = None,
    issuer: Party | None = None,
    key: rsa.RSAPrivateKey | None = None,
    days: tuple[int, int] = (-1, 365),
    purposes: Sequence[str] = (),
    bits: int = 2048,
    serial: int | None = None,
    unknown: bool = False,
) -> Party:
    """Return a party whose certificate says these things, signed by the issuer, or by itself."""
    key = key or rsa.generate_private_key(65537, bits)
    subject = x509.Name.from_rfc4514_string(f"CN={name},O=Example")
    signer = issuer.key if issuer else key
    signing = x509.load_der_x509_certificate(issuer.chain[0]).subject if issuer else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signing)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days[0]))
        .not_valid_after(NOW + timedelta(days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if usages is not None:
        usage = x509.KeyUsage(**{one: one in usages for one in _USAGES})
        builder = builder.add_extension(usage, critical=critical)
    if authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(authority, path_length), critical=True)
    if purposes:
        known = [x509.ObjectIdentifier(one) for one in purposes]
        builder = builder.add_extension(x509.ExtendedKeyUsage(known), critical=False)
    if unknown:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
        builder = builder.add_extension(extension, critical=True)
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)
    return Party(name, key, (certificate, *(issuer.chain if issuer else ())))
