"""Certificates and keys that cryptography warns of or cannot read: the commands report them in their own words.

The configuration of pytest makes every warning an error.
"""

from __future__ import annotations

import subprocess
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dh, dsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates import chains
from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.roles import Role
from ciphertool.errors import NotRsaError, UnsupportedKeystoreError
from ciphertool.keystore import open_keystore
from ciphertool.keystore.changes import change_password, convert, trust
from ciphertool.keystore.check import check
from ciphertool.keystore.exports import export_private_key, signing_request
from ciphertool.keystore.formats import pem
from ciphertool.keystore.listing import summary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

NOW = datetime.now(UTC)
NEW = "another one"
SHA256_WITH_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
FFDHE2048 = int(
    "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8"
    "F681B202AEC4617AD3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935984F0C70E0E68B77E2A689DAF3EFE872"
    "1DF158A136ADE73530ACCA4F483A797ABC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4AE56EDE76372BB19"
    "0B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F619172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005"
    "C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF",
    16,
)


def _certificate(key: rsa.RSAPrivateKey, country: str = "DE") -> bytes:
    with warnings.catch_warnings(action="ignore"):
        attribute = x509.NameAttribute(NameOID.COUNTRY_NAME, country, _validate=False)
    name = x509.Name([attribute, x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW - timedelta(1)).not_valid_after(NOW + timedelta(99))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _with_key(certificate: bytes, info: bytes) -> bytes:
    """Return the certificate with another public key; its signature is wrong then."""
    signed, *rest = der.parse(certificate, Budget("test")).sequence(3)
    parts = [bytes(part.encoding) for part in signed.sequence(7)]
    parts[6] = info
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, *parts), *(bytes(part.encoding) for part in rest))


def _pem(path: Path, certificate: bytes, pkcs8: bytes) -> Path:
    path.write_bytes(pem.block("CERTIFICATE", certificate) + pem.block("PRIVATE KEY", pkcs8))
    path.chmod(0o600)
    return path


@pytest.fixture
def country(tmp_path: Path, key: rsa.RSAPrivateKey) -> Path:
    """A keystore whose certificate has a country of seven letters, as keytool makes it."""
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return _pem(tmp_path / "odd.pem", _certificate(key, "Germany"), pkcs8)


def _odd_key(path: Path, key: rsa.RSAPrivateKey, name: str) -> Path:
    private: dh.DHPrivateKey | dsa.DSAPrivateKey
    with warnings.catch_warnings(action="ignore"):
        if name == "DH":
            private = dh.DHParameterNumbers(FFDHE2048, 2).parameters().generate_private_key()
        else:
            private = dsa.generate_private_key(2048)
        info = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pkcs8 = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return _pem(path, _with_key(_certificate(key), info), pkcs8)


def test_an_odd_name_is_read_without_a_warning(country: Path) -> None:
    store = open_keystore(country, None)
    assert summary(store.entries[0])["subject"] == "CN=x,C=Germany"
    assert [one.rule.id for one in check(store, Role.TLS, now=NOW)] == [
        "key-usage-unstated",
        "no-host-names",
        "self-signed",
    ]
    assert b"CERTIFICATE REQUEST" in signing_request(store, role=Role.TLS)
    assert b"ENCRYPTED PRIVATE KEY" in export_private_key(store, password=NEW)
    other = open_keystore(country, NEW, data=convert(store, "PKCS12", NEW))
    assert change_password(other, "yet another")
    trusted = open_keystore(country, NEW, data=trust(other, [store.entries[0].chain[0]], now=NOW))
    assert [entry.alias for entry in trusted.entries] == ["odd", "cn=x,c=germany"]


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["check", "--role", "primary"], ["csr"]])
def test_the_commands_print_no_warnings(
    country: Path, run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", NEW)
    outcome = run("keystore", command[0], str(country), *command[1:])
    assert outcome.status in (0, 1)
    assert "Warning" not in outcome.err
    assert "bug" not in outcome.err


@pytest.mark.parametrize("name", ["DH", "DSA"])
def test_a_key_of_another_kind_is_named(tmp_path: Path, key: rsa.RSAPrivateKey, name: str) -> None:
    store = open_keystore(_odd_key(tmp_path / "odd.pem", key, name), None)
    assert summary(store.entries[0])["algorithm"] == name
    messages = [one.message for one in check(store, Role.PRIMARY, now=NOW) if one.rule.id == "key-algorithm"]
    assert messages == [f"the key is {name}; only RSA keys can encrypt"]
    with pytest.raises(NotRsaError, match=f"is {name}, not RSA"):
        store.encryption_certificate()
    with pytest.raises(UnsupportedKeystoreError, match="neither RSA nor EC"):
        signing_request(store, role=Role.TLS)
    assert convert(store, "PKCS12", NEW)


def test_a_certificate_that_cannot_be_read_still_has_its_kind_of_key(tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
    """As keytool makes them for DSA keys: the algorithm of the signature has parameters that cryptography refuses."""
    with warnings.catch_warnings(action="ignore"):
        info = dsa.generate_private_key(2048).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for public, algorithm, rule in ((info, "DSA", "key-algorithm"), (None, "RSA", "certificate-unreadable")):
        data = _certificate(key) if public is None else _with_key(_certificate(key), public)
        data = data.replace(
            bytes.fromhex("300d06092a864886f70d01010b0500"), bytes.fromhex("300d06092a864886f70d01010b0201"), 1
        )
        facts = certificate_facts(data)
        assert (facts.algorithm, facts.public_key_sha256, facts.subject) == (algorithm, None, None)
        path = tmp_path / f"{algorithm}.pem"
        path.write_bytes(pem.block("CERTIFICATE", data))
        store = open_keystore(path, None)
        assert rule in {one.rule.id for one in check(store, Role.PRIMARY, now=NOW, alias=algorithm)}
    assert chains.key_algorithm(b"no certificate") is None


@pytest.mark.jvm
def test_keytools_own_odd_keys(tmp_path: Path) -> None:
    for alias, name, algorithm in (("country", "CN=x, C=Germany", "RSA"), ("dsa", "CN=x", "DSA")):
        store = tmp_path / f"{alias}.p12"
        options = ("-keystore", store, "-storepass", "changeit", "-storetype", "PKCS12")
        subprocess.run(
            [
                "keytool",
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                algorithm,
                "-keysize",
                "2048",
                "-dname",
                name,
                *options,
            ],
            check=True,
            capture_output=True,
        )
        opened = open_keystore(store, "changeit")
        assert summary(opened.entries[0])["algorithm"] == algorithm
        found = {one.rule.id for one in check(opened, Role.PRIMARY, now=NOW)}
        assert ("key-algorithm" in found) == (algorithm == "DSA")
        assert "certificate-unreadable" not in found
