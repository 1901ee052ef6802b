"""Private keys: loaded from PKCS #8 and proved. Independent of where they come from.

OpenSSL's own validation of an RSA key tests its primes, which takes 55 to 571 ms. A key in one's own keystore needs no
such test, only proof that it is undamaged: its numbers must be consistent with each other and with its certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.certificates.chains import algorithm_name, public_key_info
from ciphertool.certificates.quiet import quiet
from ciphertool.errors import BadPrivateKeyError, NotRsaError
from ciphertool.keystore.limits import MAX_MODULUS_BITS, MAX_SEALED_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes


def load(pkcs8: bytes, alias: str) -> PrivateKeyTypes:
    """Return a private key of any algorithm; an RSA key is proved by its arithmetic."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    if len(pkcs8) > MAX_SEALED_KEY:
        raise BadPrivateKeyError(alias, "is larger than any real one")
    try:
        with quiet():
            key = load_der_private_key(pkcs8, None, unsafe_skip_rsa_key_validation=True)
    except UnsupportedAlgorithm:
        raise BadPrivateKeyError(alias, "is of an unsupported algorithm") from None
    except (ValueError, TypeError):
        raise BadPrivateKeyError(alias, "cannot be read") from None
    if isinstance(key, rsa.RSAPrivateKey) and not _is_consistent(key):
        raise BadPrivateKeyError(alias, "is damaged: its numbers are inconsistent")
    return key


def load_rsa(pkcs8: bytes, alias: str, chain: Sequence[bytes]) -> rsa.RSAPrivateKey:
    """Return a proved RSA key; `chain` is empty if there is no certificate to compare it with."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = load(pkcs8, alias)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NotRsaError(alias, algorithm_name(key))
    if chain:
        prove_match(key, chain[0], alias)
    return key


def prove_match(key: PrivateKeyTypes, certificate: bytes, alias: str) -> None:
    """Raise `BadPrivateKeyError` unless the certificate, in DER, belongs to the key."""
    if not matches(key.public_key(), certificate, alias):
        raise BadPrivateKeyError(alias, "does not match its certificate")


def matches(key: PublicKeyTypes, certificate: bytes, alias: str) -> bool:
    """Return whether a certificate, in DER, is of a public key; raise `BadCertificateError` if it has no public key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        # Not through cryptography.x509, which costs 57 ms to import.
        with quiet():
            public_key = load_der_public_key(public_key_info(certificate, alias))
    except (ValueError, UnsupportedAlgorithm):
        return False
    return public_key == key


def _is_consistent(key: rsa.RSAPrivateKey) -> bool:
    if key.key_size > MAX_MODULUS_BITS:
        return False
    numbers = key.private_numbers()
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    p, q, d = numbers.p, numbers.q, numbers.d
    # Sizes first: arithmetic on oversized numbers would take too long.
    if max(p, q, d, e, numbers.dmp1, numbers.dmq1, numbers.iqmp) > n or min(p, q) < 3:
        return False
    return (
        p * q == n
        and e * d % (p - 1) == 1
        and e * d % (q - 1) == 1
        and numbers.dmp1 == d % (p - 1)
        and numbers.dmq1 == d % (q - 1)
        and numbers.iqmp * q % p == 1
    )
