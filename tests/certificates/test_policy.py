"""Which certificates may encrypt: Java's truth table, and the strict policy."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates.findings import EXPIRED, KEY_USAGE_UNSTATED, NOT_YET_VALID, CertificateFinding, Rule
from ciphertool.certificates.key_usage import KeyUsage, key_usage
from ciphertool.certificates.policy import Policy, check_certificate
from ciphertool.errors import BadCertificateError, NotRsaError, RefusedCertificateError, WrongKeyUsageError
from tests.certificates.made import KEY_USAGES, NOW, UNREADABLE, Usage, certificate
from tests.keystore.vectors import PASSWORD, VECTORS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

STORE = Path("security/primary.p12")
GOOD = Usage(bytes.fromhex("03020430"), critical=True, usages=("keyEncipherment", "dataEncipherment"))
SIGNING = Usage(bytes.fromhex("03020780"), critical=True, usages=("digitalSignature",))


def _check(one: x509.Certificate, policy: Policy = Policy.JAVA, now: datetime = NOW) -> tuple[CertificateFinding, ...]:
    return check_certificate(one.public_bytes(Encoding.DER), policy=policy, now=now, keystore=STORE, alias="wso2carbon")


def _rules(found: tuple[CertificateFinding, ...]) -> list[Rule]:
    return [finding.rule for finding in found]


@pytest.mark.parametrize("usage", KEY_USAGES, ids=str)
def test_key_usage_is_judged_as_java_does(key: RSAPrivateKey, usage: Usage) -> None:
    one = certificate(key, usage)
    stated = usage.usages is not None and "dataEncipherment" in usage.usages
    if usage.critical and not stated:
        with pytest.raises(WrongKeyUsageError) as e:
            _check(one)
        assert (e.value.usages, e.value.path, e.value.alias) == (usage.usages, STORE, "wso2carbon")
    else:
        assert _rules(_check(one)) == ([] if stated else [KEY_USAGE_UNSTATED])


@pytest.mark.parametrize("usage", KEY_USAGES, ids=str)
def test_key_usage_is_what_cryptography_reads(key: RSAPrivateKey, usage: Usage) -> None:
    one = certificate(key, usage)
    found = key_usage(one.public_bytes(Encoding.DER))
    if usage.der is None:
        assert found is None
        return
    assert found is not None
    assert (found.rfc_names(), found.critical) == (usage.usages, usage.critical)
    try:
        extension = one.extensions.get_extension_for_class(x509.KeyUsage)
    except ValueError:
        return  # it takes no empty bit string
    assert extension.critical == found.critical
    assert extension.value.data_encipherment == ("dataEncipherment" in (found.usages or ()))
    assert extension.value.digital_signature == ("digitalSignature" in (found.usages or ()))
    assert extension.value.key_agreement == ("keyAgreement" in (found.usages or ()))
    assert extension.value.crl_sign == ("cRLSign" in (found.usages or ()))


def test_wrong_key_usage_names_what_was_found_and_the_way_out(key: RSAPrivateKey) -> None:
    with pytest.raises(WrongKeyUsageError) as e:
        _check(certificate(key, SIGNING))
    message = str(e.value)
    for fact in ("wrong key usage", str(STORE), "'wso2carbon'", "critical", "digitalSignature", "dataEncipherment"):
        assert fact in message
    for remedy in (
        "ciphertool init",
        "ciphertool keystore create",
        "-ext KU:critical=dataEncipherment,keyEncipherment",
    ):
        assert remedy in e.value.hint


def test_a_certificate_without_alias_is_named_by_its_file(key: RSAPrivateKey) -> None:
    with pytest.raises(WrongKeyUsageError) as e:
        check_certificate(
            certificate(key, SIGNING).public_bytes(Encoding.DER), policy=Policy.JAVA, now=NOW, keystore=Path("a.pem")
        )
    assert e.value.alias is None
    assert str(e.value).startswith("a.pem: wrong key usage: the certificate does not allow dataEncipherment")


@pytest.mark.parametrize(
    ("now", "rule", "text"),
    [
        (datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC), NOT_YET_VALID, "2020-01-01"),
        (datetime(2020, 1, 1, tzinfo=UTC), None, ""),
        (datetime(2040, 1, 1, tzinfo=UTC), None, ""),
        (datetime(2040, 1, 1, 0, 0, 1, tzinfo=UTC), EXPIRED, "2040-01-01"),
    ],
)
def test_validity_is_a_warning_for_java(key: RSAPrivateKey, now: datetime, rule: Rule | None, text: str) -> None:
    one = certificate(key, GOOD)
    found = _check(one, now=now)
    assert _rules(found) == ([rule] if rule else [])
    assert all(text in finding.reason for finding in found)
    if rule:
        with pytest.raises(RefusedCertificateError) as e:
            _check(one, Policy.STRICT, now)
        assert [text in reason for reason in e.value.reasons] == [True]


def test_the_strict_policy_names_every_reason(key: RSAPrivateKey) -> None:
    after = datetime(2041, 1, 1, tzinfo=UTC)
    one = certificate(key, Usage(bytes.fromhex("03020520"), critical=False, usages=("keyEncipherment",)))
    assert _rules(_check(one, now=after)) == [KEY_USAGE_UNSTATED, EXPIRED]
    with pytest.raises(RefusedCertificateError) as e:
        _check(one, Policy.STRICT, after)
    assert len(e.value.reasons) == 2
    assert "keyEncipherment" in str(e.value)
    assert "expired on 2040-01-01" in str(e.value)
    assert (e.value.path, e.value.alias) == (STORE, "wso2carbon")


def test_the_strict_policy_takes_a_right_certificate(key: RSAPrivateKey) -> None:
    assert _check(certificate(key, GOOD), Policy.STRICT) == ()


@pytest.mark.parametrize("der", UNREADABLE, ids=bytes.hex)
def test_a_key_usage_that_cannot_be_read_counts_only_where_it_is_critical(key: RSAPrivateKey, der: bytes) -> None:
    assert _rules(_check(certificate(key, Usage(der, critical=False, usages=None)))) == [KEY_USAGE_UNSTATED]
    with pytest.raises(WrongKeyUsageError) as e:
        _check(certificate(key, Usage(der, critical=True, usages=None)))
    assert e.value.usages is None


def test_a_malformed_other_extension_hides_no_key_usage(key: RSAPrivateKey) -> None:
    one = certificate(key, SIGNING, odd_extension=True)
    with pytest.raises(ValueError, match="parsing"):
        one.extensions  # noqa: B018 - this is why KeyUsage is read from the DER
    with pytest.raises(WrongKeyUsageError) as e:
        _check(one)
    assert e.value.usages == ("digitalSignature",)


def test_a_key_usage_that_is_there_twice_cannot_be_read(key: RSAPrivateKey) -> None:
    once = certificate(key, GOOD._replace(critical=False)).public_bytes(Encoding.DER)
    assert key_usage(once) == KeyUsage(GOOD.usages, critical=False)
    twice = _with_extensions(once, 2)
    assert key_usage(twice) == KeyUsage(None, critical=True)
    with pytest.raises(WrongKeyUsageError) as e:
        _check(x509.load_der_x509_certificate(twice))
    assert e.value.usages is None


@pytest.mark.parametrize(
    ("other", "kind"),
    [(ec.generate_private_key(ec.SECP256R1()), "EC"), (ed25519.Ed25519PrivateKey.generate(), "Ed25519")],
)
def test_a_key_that_is_not_rsa_is_refused_by_its_kind(
    key: RSAPrivateKey, other: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, kind: str
) -> None:
    with pytest.raises(NotRsaError) as e:
        _check(certificate(other, GOOD, signer=key))
    assert (e.value.algorithm, e.value.alias, e.value.path) == (kind, "wso2carbon", STORE)


def test_an_x509_v1_certificate_is_taken_as_java_does(key: RSAPrivateKey) -> None:
    v3 = certificate(key).public_bytes(Encoding.DER)
    # Version 1 is the default and not written; only the signature, which nobody checks here, is wrong then.
    v1 = _shortened(v3, bytes.fromhex("a003020102"))
    one = x509.load_der_x509_certificate(v1)
    assert one.version is x509.Version.v1
    assert _rules(_check(one)) == [KEY_USAGE_UNSTATED]


def test_a_negative_serial_number_does_not_matter(key: RSAPrivateKey) -> None:
    der = certificate(key, GOOD).public_bytes(Encoding.DER).replace(b"\x02\x01\x07", b"\x02\x01\xf9", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # loading it is the keystore's matter
        one = x509.load_der_x509_certificate(der)
    assert _check(one) == ()


def test_a_key_that_cannot_be_read_is_refused(key: RSAPrivateKey) -> None:
    rsa_encryption, unknown = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01017f")
    der = certificate(key, GOOD).public_bytes(Encoding.DER)
    assert der.count(rsa_encryption) == 1
    with pytest.raises(BadCertificateError) as e:
        _check(x509.load_der_x509_certificate(der.replace(rsa_encryption, unknown)))
    assert (e.value.alias, e.value.path) == ("wso2carbon", STORE)


def test_opening_a_key_imports_no_judge() -> None:
    """An application's start pays for neither: to decrypt, a certificate is not judged."""
    judges = [f"ciphertool.certificates.{name}" for name in ("facts", "judge", "policy")]
    program = f"""
import sys
from pathlib import Path
from ciphertool.keystore import open_keystore
assert open_keystore(Path({str(VECTORS / "six.p12")!r}), {PASSWORD!r}).private_key("rsa-plain")
print(*sorted({{"cryptography.x509", *{judges!r}}} & {{*sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("\n", "")


def _with_extensions(data: bytes, times: int) -> bytes:
    """Return a certificate's DER with its extensions so many times; only its signature is wrong then."""
    signed, *rest = der.parse(data, Budget("test")).children()
    *parts, wrapped = signed.children()
    held = bytes(wrapped.sequence(tag=0xA3)[0].content)
    extensions = der.encode(0xA3, der.encode(der.SEQUENCE, held * times))
    whole = der.encode(der.SEQUENCE, *(bytes(part.encoding) for part in parts), extensions)
    return der.encode(der.SEQUENCE, whole, *(bytes(part.encoding) for part in rest))


def _shortened(der: bytes, part: bytes) -> bytes:
    """Return a certificate's DER without a part of its TBSCertificate, the two lengths around it put right."""
    assert der.count(part) == 1
    outer, inner = int.from_bytes(der[2:4], "big"), int.from_bytes(der[6:8], "big")
    length = len(part)
    return (
        der[:2]
        + (outer - length).to_bytes(2, "big")
        + der[4:6]
        + (inner - length).to_bytes(2, "big")
        + der[8:].replace(part, b"")
    )
