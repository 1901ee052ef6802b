"""Whether a certificate may encrypt secrets: what Java refuses, and what a strict policy refuses beyond that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ciphertool.certificates.key_usage import KeyUsage, key_usage
from ciphertool.certificates.strictness import Policy
from ciphertool.certificates.weak_keys import Severity, weaknesses
from ciphertool.errors import (
    BadCertificateError,
    BrokenKeyError,
    NotRsaError,
    RefusedCertificateError,
    WrongKeyUsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate


__all__ = ["CertificateWarning", "CheckedCertificate", "Concern", "Policy", "check_certificate"]


class Concern(Enum):
    """What Java encrypts with nevertheless."""

    NO_DATA_ENCIPHERMENT = "no-data-encipherment"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WEAK_KEY = "weak-key"


@dataclass(frozen=True, slots=True)
class CertificateWarning:
    """A concern about a certificate; `reason` ends a sentence that begins "the certificate"."""

    concern: Concern
    reason: str


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """The key of a certificate that may encrypt, and what is to be said about it."""

    key: RSAPublicKey
    warnings: tuple[CertificateWarning, ...]


def check_certificate(
    certificate: Certificate, *, policy: Policy, now: datetime, keystore: Path, alias: str | None = None
) -> CheckedCertificate:
    """Return the certificate's key and its warnings at the time `now`, which has a time zone.

    `keystore` and `alias` name it in errors; a PEM file has no alias. Raise `WrongKeyUsageError` exactly where
    `Cipher.init(ENCRYPT_MODE, certificate)` says "Wrong key usage", `NotRsaError` for another kind of key,
    `BrokenKeyError` for a key whose values everybody could read, and under the strict policy `RefusedCertificateError`
    where the java policy would warn.
    """
    key = _rsa_key(certificate, keystore, alias)
    numbers = key.public_numbers()
    found = weaknesses(numbers.n, numbers.e)
    if broken := [weakness.reason for weakness in found if weakness.severity is Severity.BROKEN]:
        raise BrokenKeyError(keystore, alias, broken)
    usage = key_usage(certificate.tbs_certificate_bytes)
    if usage is not None and _refuses(usage):
        raise WrongKeyUsageError(keystore, alias, usage.usages)
    weak = [CertificateWarning(Concern.WEAK_KEY, f"is weak: its public key {item.reason}") for item in found]
    warnings = (*_usage_warnings(usage), *_validity_warnings(certificate, now), *weak)
    if warnings and policy is Policy.STRICT:
        raise RefusedCertificateError(keystore, alias, [warning.reason for warning in warnings])
    return CheckedCertificate(key, warnings)


def _rsa_key(certificate: Certificate, keystore: Path, alias: str | None) -> RSAPublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    name = alias or keystore.name
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise BadCertificateError(name, "has a key that cannot be read").at(keystore) from None
    if not isinstance(key, RSAPublicKey):
        raise NotRsaError(name, type(key).__name__.removesuffix("PublicKey")).at(keystore)
    return key


def _refuses(usage: KeyUsage) -> bool:
    """Tell whether Java refuses: it looks at a critical KeyUsage only, and takes none that it cannot read."""
    return usage.critical and "dataEncipherment" not in (usage.usages or ())


def _usage_warnings(usage: KeyUsage | None) -> Iterator[CertificateWarning]:
    if usage is None:
        reason = "does not state dataEncipherment: it has no KeyUsage"
    elif usage.usages is None:
        reason = "has a KeyUsage that cannot be read"
    elif "dataEncipherment" not in usage.usages:
        allowed = ", ".join(usage.usages) or "nothing at all"
        reason = f"does not state dataEncipherment: its KeyUsage, which is not critical, allows {allowed}"
    else:
        return
    yield CertificateWarning(Concern.NO_DATA_ENCIPHERMENT, reason)


def _validity_warnings(certificate: Certificate, now: datetime) -> Iterator[CertificateWarning]:
    if now > certificate.not_valid_after_utc:
        yield CertificateWarning(Concern.EXPIRED, f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        yield CertificateWarning(
            Concern.NOT_YET_VALID, f"is valid only from {certificate.not_valid_before_utc:%Y-%m-%d}"
        )
