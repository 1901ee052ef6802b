"""Detects RSA public keys that others can break, by their numbers alone. Reads no certificate.

The numbers come from a certificate that anybody may have made. The tests take milliseconds: they find keys that are
wrong or damaged, not every key that a determined attacker could factor.
"""

from __future__ import annotations

from enum import Enum
from functools import cache, lru_cache
from hashlib import sha256
from itertools import compress
from math import gcd, isqrt, prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Java (`RSAKeyFactory.checkRSAProviderKeys`) and OpenSSL accept no modulus over 16,384 bits, and with one over 3,072
# bits no exponent over 64.
_LARGEST_MODULUS, _LARGEST_FREE, _LARGEST_EXPONENT = 16_384, 3_072, 64
_SHORTEST_VERIFIED = 1024
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # PKCS #1: what precedes a SHA-256 digest
_TRIAL_DIVISION = 1 << 16
_GROUP = 100
_FERMAT_ROUNDS = 100
# The primes modulo which a modulus of Infineon's library (CVE-2017-15361) is a power of 65537: so is one in 2^28 moduli
# from elsewhere. M. Nemec et al., The Return of Coppersmith's Attack, 2017.
_FINGERPRINT_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


class Severity(Enum):
    """`BROKEN`: the key hides nothing, or cannot encrypt. `WEAK`: breaking it takes an attacker some effort."""

    BROKEN = "broken"
    WEAK = "weak"


class Weakness(NamedTuple):
    """One fault of a public key; `reason` completes a sentence that begins "its public key"."""

    severity: Severity
    reason: str


@lru_cache(maxsize=256)  # a key is judged as that of a certificate, of a keystore's entry and of a recipient
def weaknesses(modulus: int, exponent: int) -> tuple[Weakness, ...]:
    """Return the faults found in a public key."""
    broken = [Weakness(Severity.BROKEN, reason) for reason in _faults(modulus, exponent)]
    if not broken and _is_fingerprinted(modulus):
        reason = "has the fingerprint of keys that can be factored (ROCA, CVE-2017-15361)"
        return (Weakness(Severity.WEAK, reason),)
    return tuple(broken)


def _faults(modulus: int, exponent: int) -> Iterator[str]:
    bits = modulus.bit_length()
    if exponent < 3 or exponent % 2 == 0 or exponent >= modulus:
        yield "has an invalid RSA exponent"
    elif exponent.bit_length() > _LARGEST_EXPONENT and bits > _LARGEST_FREE:
        yield f"has an exponent of {exponent.bit_length()} bits, which neither Java nor OpenSSL accepts"
    if bits > _LARGEST_MODULUS:
        yield f"has {bits} bits, which neither Java nor OpenSSL accepts"
    elif modulus % 2 == 0:
        yield "has an even modulus: anyone can factor it"
    elif any(gcd(modulus, product) != 1 for product in _small_primes()):
        yield "has a modulus with a small factor: anyone can factor it"
    elif _factors_are_close(modulus):
        yield "has a modulus whose factors are close together: anyone can factor it"
    elif _is_prime(modulus):
        yield "has a prime modulus: anyone can compute its private key"


def _is_prime(modulus: int) -> bool:
    """Return whether an odd modulus passes Fermat's test, as all primes do and next to no product does.

    Of a prime p, the power p - 2 of a number is its inverse: the inverse of a padded digest is a signature for the
    exponent p - 2. OpenSSL verifies it in a tenth of the time that Python takes for a power.
    """
    if not _SHORTEST_VERIFIED <= modulus.bit_length() <= _LARGEST_FREE:
        return pow(2, modulus - 1, modulus) == 1
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    size = (modulus.bit_length() + 7) // 8
    digest = _SHA256_INFO + sha256().digest()
    padded = int.from_bytes(b"\1".ljust(size - 2 - len(digest), b"\xff") + b"\0" + digest, "big")
    try:
        signature = pow(padded, -1, modulus).to_bytes(size, "big")
        rsa.RSAPublicNumbers(modulus - 2, modulus).public_key().verify(signature, b"", padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    except ValueError:  # no inverse, or OpenSSL is configured to refuse such an exponent
        return pow(2, modulus - 1, modulus) == 1
    return True


@cache
def _small_primes() -> list[int]:
    """Return the odd primes under `_TRIAL_DIVISION` as products of a hundred each.

    Making one product of them all takes ten times as long, and saves no time afterwards.
    """
    sieve = bytearray([1]) * (_TRIAL_DIVISION // 2)  # of the odd numbers, from 1 on
    for number in range(3, isqrt(_TRIAL_DIVISION) + 1, 2):
        if sieve[number // 2]:
            multiples = slice(number * number // 2, None, number)
            sieve[multiples] = bytes(len(sieve[multiples]))
    primes = list(compress(range(3, _TRIAL_DIVISION, 2), sieve[1:]))
    return [prod(primes[start : start + _GROUP]) for start in range(0, len(primes), _GROUP)]


def _factors_are_close(modulus: int) -> bool:
    """Return whether Fermat's method finds the factors in its first rounds, as it does for a square."""
    middle = isqrt(modulus)
    middle += middle * middle < modulus
    for candidate in range(middle, middle + _FERMAT_ROUNDS):
        rest = candidate * candidate - modulus
        if isqrt(rest) ** 2 == rest:
            return True
    return False


@cache
def _powers(prime: int) -> frozenset[int]:
    return frozenset(pow(65_537, exponent, prime) for exponent in range(prime))


def _is_fingerprinted(modulus: int) -> bool:
    return all(modulus % prime in _powers(prime) for prime in _FINGERPRINT_PRIMES)
