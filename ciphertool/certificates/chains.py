"""Certificates as stored in a keystore: their parts, fingerprints and chains."""

from __future__ import annotations

import hmac
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates.quiet import quiet
from ciphertool.errors import BadCertificateError, MalformedStructureError, NotRsaError

_EXTENSIONS = 0xA3
MAX_CHAIN = 100

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_ALGORITHMS = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA",
    "1.2.840.113549.1.3.1": "DH",
    "1.2.840.10046.2.1": "DH",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}


def load(data: bytes, alias: str) -> x509.Certificate:
    """Return the certificate that DER encodes; raise `BadCertificateError` if it cannot be read."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with quiet():
            return x509.load_der_x509_certificate(data)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise BadCertificateError(alias, "cannot be read") from None


def subject(certificate: x509.Certificate, alias: str) -> x509.Name:
    """Return the certificate's subject; raise `BadCertificateError` if it cannot be read."""
    try:
        with quiet():
            return certificate.subject
    except (ValueError, TypeError):
        raise BadCertificateError(alias, "has a subject that cannot be read") from None


def public_key(certificate: x509.Certificate, alias: str) -> CertificatePublicKeyTypes:
    """Return the certificate's key of any algorithm; raise `BadCertificateError` if it cannot be read."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with quiet():
            return certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCertificateError(alias, "has a public key that cannot be read") from None


def rsa_public_key(certificate: x509.Certificate, alias: str) -> rsa.RSAPublicKey:
    """Return the certificate's RSA key; raise `NotRsaError` if it has another kind of key."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = public_key(certificate, alias)
    if not isinstance(key, rsa.RSAPublicKey):
        raise NotRsaError(alias, algorithm_name(key))
    return key


def algorithm_name(key: object) -> str:
    """Return the usual name of a private or public key's algorithm, as keytool prints it: RSA, EC, Ed25519."""
    name = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    return {"EllipticCurve": "EC"}.get(name, name)


def key_algorithm(data: bytes) -> str | None:
    """Return the algorithm of the key of a certificate in DER, from its identifier alone; None if it is not known."""
    try:
        algorithm = _to_be_signed(data)[5].sequence(2)[0].sequence(1)[0].oid()
    except MalformedStructureError:
        return None
    return _ALGORITHMS.get(algorithm)


def has_fingerprint(data: bytes, expected: str) -> bool:
    """Return whether a certificate's DER has a SHA-256 fingerprint: `sha256:…` in hex, colons optional, any case."""
    wanted = expected.lower().removeprefix("sha256:").replace(":", "").strip()
    return hmac.compare_digest(sha256(data).hexdigest().encode(), wanted.encode())


def public_key_info(data: bytes, alias: str) -> bytes:
    """Return the SubjectPublicKeyInfo of a certificate, as encoded."""
    try:
        return bytes(_to_be_signed(data)[5].encoding)
    except MalformedStructureError:
        raise BadCertificateError(alias, "cannot be read") from None


def names(data: bytes) -> tuple[bytes, bytes] | None:
    """Return the subject and the issuer of a certificate as encoded, or None if it cannot be read."""
    try:
        parts = _to_be_signed(data)
    except MalformedStructureError:
        return None
    return bytes(parts[4].encoding), bytes(parts[2].encoding)


def is_self_issued(data: bytes) -> bool:
    """Return whether a certificate names itself as its issuer, as a root does."""
    found = names(data)
    return found is not None and found[0] == found[1]


def chains(leaves: Iterable[bytes], others: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """Return the chain of each leaf: each certificate is followed by one of `others` whose subject is its issuer."""
    known: dict[bytes, tuple[bytes, bytes] | None] = {}
    by_subject: dict[bytes, bytes] | None = None
    result = []
    for leaf in leaves:
        known.setdefault(leaf, names(leaf))
        chain = [leaf]
        while (found := known[chain[-1]]) and found[0] != found[1] and len(chain) < MAX_CHAIN:
            if by_subject is None:  # lazy: most leaves are self-signed, and most stores have 140 others
                known.update((other, names(other)) for other in others)
                by_subject = {pair[0]: other for other in reversed(others) if (pair := known[other])}
            issuer = by_subject.get(found[1])
            if issuer is None or issuer in chain:
                break
            chain.append(issuer)
        result.append(tuple(chain))
    return result


def issued_by(data: bytes, issuer: bytes) -> bool:
    """Return whether the issuer's key signed a certificate; both are DER."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        with quiet():
            load(data, "").verify_directly_issued_by(load(issuer, ""))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, BadCertificateError):
        return False
    return True


def prove_chain(chain: Sequence[bytes], alias: str) -> None:
    """Raise `BadCertificateError` unless each certificate of a chain is signed by the next."""
    for data, issuer in pairwise(chain):
        if not issued_by(data, issuer):
            raise BadCertificateError(alias, "is in a chain with an invalid signature")


class Extension(NamedTuple):
    """One extension of a certificate; its value is unparsed DER, and may be malformed."""

    oid: str
    critical: bool
    value: bytes


def extensions(data: bytes) -> list[Extension]:
    """Return a certificate's extensions as encoded, including duplicates.

    Raise `MalformedStructureError` if the certificate cannot be read.
    """
    found = []
    for part in _to_be_signed(data)[6:]:
        if part.tag == _EXTENSIONS:
            for extension in part.sequence(tag=_EXTENSIONS)[0].sequence(0):
                oid, *rest = extension.sequence(2)
                critical = rest[0].tag == der.BOOLEAN and bytes(rest[0].content) == b"\xff"
                found.append(Extension(oid.oid(), critical, rest[-1].octets()))
    return found


def _to_be_signed(data: bytes) -> list[der.Element]:
    """Return serial number, algorithm, issuer, validity, subject, public key and what follows."""
    parts = der.parse(data, Budget("certificate")).sequence()[0].sequence(6)
    if parts[0].tag == der.CONTEXT_0:  # the version, which a version 1 certificate omits
        parts = parts[1:]
    if len(parts) < 6:
        raise MalformedStructureError("certificate", "it is incomplete")
    return parts
