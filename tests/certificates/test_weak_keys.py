"""Public keys that others can break, by their numbers, and what every command makes of their certificates."""

from __future__ import annotations

from math import isqrt, prod
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ciphertool.certificates.weak_keys import Severity, weaknesses
from tests.certificates.made import Usage, certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

E = 65_537
GOOD = Usage(bytes.fromhex("03020430"), critical=True, usages=("keyEncipherment", "dataEncipherment"))
PRIME = (1 << 2203) - 1
"""A prime of Mersenne's."""


def _is_prime(number: int) -> bool:
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7))


def _next_prime(number: int) -> int:
    number |= 1
    while not _is_prime(number):
        number += 2
    return number


def _infineon_prime(multiple: int, exponent: int) -> int:
    """A prime as the library of CVE-2017-15361 makes them: k * M + (65537^a mod M)."""
    primorial = prod(number for number in range(2, 702) if all(number % divisor for divisor in range(2, number)))
    while not _is_prime(found := multiple * primorial + pow(E, exponent, primorial)):
        multiple += 1
    return found


def _broken(modulus: int) -> dict[str, tuple[int, int]]:
    """Public keys that are broken, as (modulus, exponent), made of the good modulus of a real key."""
    return {
        "even": (modulus - 1, E),
        "multiple of 3": (modulus // 3 * 3 | 1 if modulus // 3 * 3 % 2 else modulus // 3 * 3 + 3, E),
        "multiple of 65521": (65_521 * ((1 << 2040) + 1), E),
        "prime": (PRIME, E),
        "square": (_next_prime(1 << 1024) ** 2, E),
        "close factors": ((p := _next_prime(1 << 1030)) * _next_prime(p + 2), E),
        "exponent too long": (((1 << 4096) + modulus) | 1, (1 << 64) + 1),
        "modulus too long": ((1 << 16_400) + 1, E),
    }


def test_a_good_key_has_no_weakness(key: rsa.RSAPrivateKey) -> None:
    numbers = key.public_key().public_numbers()
    assert weaknesses(numbers.n, numbers.e) == ()
    assert weaknesses(numbers.n, 3) == ()
    assert weaknesses(numbers.n, (1 << 70) + 1) == ()  # Java and OpenSSL take it up to 3,072 bits


@pytest.mark.parametrize("name", _broken(1 << 2047))
def test_broken_numbers_are_found(key: rsa.RSAPrivateKey, name: str) -> None:
    found = weaknesses(*_broken(key.public_key().public_numbers().n)[name])
    assert {weakness.severity for weakness in found} == {Severity.BROKEN}


def test_small_factors_are_found() -> None:
    """The least and the greatest primes of those that are tried, and one in thirteen between."""
    primes = [number for number in range(3, 1 << 16, 2) if all(number % one for one in range(3, isqrt(number) + 1, 2))]
    cofactor = (1 << 1279) - 1  # a prime
    for prime in {*primes[:100], *primes[::13], *primes[-100:]}:
        assert [one.reason for one in weaknesses(prime * cofactor, 65_537)] == [
            "has a modulus with a small factor: anyone can factor it"
        ]


@pytest.mark.parametrize("bits", [512, 1023, 1024, 1025, 2048, 3072, 3073])
def test_a_prime_modulus_of_any_length_is_found(bits: int) -> None:
    prime = _next_prime(3 << bits - 2)
    assert prime.bit_length() == bits
    assert [weakness.reason for weakness in weaknesses(prime, E)] == [
        "has a prime modulus: anyone can compute its private key"
    ]
    product = _next_prime(3 << bits // 2 - 2) * _next_prime(5 << (bits - bits // 2) - 3)
    assert weaknesses(product, E) == ()


@pytest.mark.parametrize("exponent", [0, 1, 2, 4, E + 1, 1 << 2100])
def test_exponents_that_no_key_has_are_found(key: rsa.RSAPrivateKey, exponent: int) -> None:
    found = weaknesses(key.public_key().public_numbers().n, exponent)
    assert [weakness.severity for weakness in found] == [Severity.BROKEN]


def test_the_fingerprint_of_infineon_keys_is_found() -> None:
    modulus = _infineon_prime(1 << 53, 0xC0FFEE) * _infineon_prime(1 << 54, 0xDECAF)
    found = weaknesses(modulus, E)
    assert [weakness.severity for weakness in found] == [Severity.WEAK]
    assert "CVE-2017-15361" in found[0].reason


def _write(path: Path, key: rsa.RSAPrivateKey, modulus: int, exponent: int) -> str:
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    path.write_bytes(certificate(key, GOOD, public_key=public).public_bytes(Encoding.PEM))
    return str(path)


@pytest.mark.parametrize("name", [name for name in _broken(1) if name != "modulus too long"])
def test_nothing_is_encrypted_to_a_broken_key(
    tmp_path: Path, key: rsa.RSAPrivateKey, run: Callable[..., Outcome], name: str
) -> None:
    path = _write(tmp_path / "odd.pem", key, *_broken(key.public_key().public_numbers().n)[name])
    told = run("encrypt", "--certificate", path, "--secret-alias", "a", "--minimum-bits", "1024", stdin=b"s3cret")
    assert (told.status, told.out) == (4, "")
    assert "its public key has" in told.err
    assert "s3cret" not in told.err


def test_a_weak_key_is_warned_of_and_strict_refuses_it(
    tmp_path: Path, key: rsa.RSAPrivateKey, run: Callable[..., Outcome]
) -> None:
    modulus = _infineon_prime(1 << 53, 0xC0FFEE) * _infineon_prime(1 << 54, 0xDECAF)
    path = _write(tmp_path / "odd.pem", key, modulus, E)
    arguments = ("encrypt", "--certificate", path, "--secret-alias", "a", "--minimum-bits", "1024")
    told = run(*arguments, stdin=b"s3cret")
    assert told.status == 0
    assert told.err.count("ROCA") == 1
    told = run(*arguments, "--policy", "strict", stdin=b"s3cret")
    assert (told.status, told.out) == (4, "")
    assert "ROCA" in told.err


def test_audits_and_checks_find_a_broken_key(
    project: Path, key: rsa.RSAPrivateKey, run: Callable[..., Outcome]
) -> None:
    modulus, exponent = _broken(key.public_key().public_numbers().n)["multiple of 3"]
    path = _write(project / "security/odd.pem", key, modulus, exponent)
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("[keystore]", '[keystore]\ncertificate = "security/odd.pem"'))
    assert "CT030" in run("audit", "--format", "csv").out
    told = run("protect", "--dry-run")
    assert told.status == 4
    assert "small factor" in told.err
    assert "small factor" in run("keystore", "check", path, "--role", "primary", "--alias", "odd").out
