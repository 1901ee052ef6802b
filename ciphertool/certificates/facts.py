"""What a certificate says, for lists and checks. A malformed certificate has gaps in its facts, but raises nothing."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ciphertool.certificates import chains
from ciphertool.certificates.key_usage import KeyUsage, key_usage
from ciphertool.certificates.quiet import quiet
from ciphertool.errors import BadCertificateError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509


T = TypeVar("T")


class CertificateFacts(NamedTuple):
    """What one certificate states; a fact is None if it is absent or cannot be read.

    A certificate that cannot be read as a whole may still have an `algorithm`; its `public_key_sha256` is None.
    """

    sha256: str
    """The SHA-256 fingerprint of its DER, in lower-case hex."""
    public_key_sha256: str | None = None
    """The SHA-256 fingerprint of its SubjectPublicKeyInfo: it stays the same if a key gets another certificate."""
    subject: str | None = None
    issuer: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    algorithm: str | None = None
    bits: int | None = None
    modulus: int | None = None
    exponent: int | None = None
    signature_hash: str | None = None
    signature_oid: str | None = None
    key_usage: KeyUsage | None = None

    def __repr__(self) -> str:
        return repr_of(self, "sha256", "subject", "not_after", "algorithm", "bits")


def certificate_facts(data: bytes) -> CertificateFacts:
    """Return the facts of a certificate in DER."""
    fingerprint = sha256(data).hexdigest()
    try:
        certificate = chains.load(data, "")
        spki = chains.public_key_info(data, "")
    except BadCertificateError:
        return CertificateFacts(fingerprint, algorithm=chains.key_algorithm(data))
    algorithm, bits, modulus, exponent = _read(lambda: _public_key(certificate)) or (None, None, None, None)
    return CertificateFacts(
        fingerprint,
        public_key_sha256=sha256(spki).hexdigest(),
        subject=_read(lambda: certificate.subject.rfc4514_string()),
        issuer=_read(lambda: certificate.issuer.rfc4514_string()),
        not_before=_read(lambda: certificate.not_valid_before_utc),
        not_after=_read(lambda: certificate.not_valid_after_utc),
        algorithm=algorithm,
        bits=bits,
        modulus=modulus,
        exponent=exponent,
        signature_hash=_read(lambda: _signature_hash(certificate)),
        signature_oid=_read(lambda: certificate.signature_algorithm_oid.dotted_string),
        key_usage=key_usage(data),
    )


def _public_key(certificate: x509.Certificate) -> tuple[str, int | None, int | None, int | None]:
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = certificate.public_key()
    numbers = key.public_numbers() if isinstance(key, rsa.RSAPublicKey) else None
    modulus, exponent = (numbers.n, numbers.e) if numbers else (None, None)
    return chains.algorithm_name(key), getattr(key, "key_size", None), modulus, exponent


def _signature_hash(certificate: x509.Certificate) -> str | None:
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name if algorithm else None


def _read(part: Callable[[], T]) -> T | None:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        with quiet():
            return part()
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
        return None
