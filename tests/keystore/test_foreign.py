"""Files of formats that are known but not read are named, with the way to convert them; aliases lose trailing NULs."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from ciphertool.asn1 import der
from ciphertool.errors import NotAKeystoreError, UnsupportedKeystoreError, WrongKeyPasswordError
from ciphertool.keystore import CertificateRequest, EntryKind, KeyEntry, create_keystore, open_keystore
from ciphertool.keystore.formats.foreign import foreign_format
from ciphertool.keystore.formats.writing import write

from .vectors import NAMES, PASSWORD, VECTORS, vector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


def _sequence(*parts: bytes) -> bytes:
    return der.encode(der.SEQUENCE, *parts)


def _algorithm(oid: str) -> bytes:
    return _sequence(der.encode_oid(oid), _sequence(der.encode(der.OCTET_STRING, b"salt")))


ENCRYPTED = _sequence(_algorithm("1.2.840.113549.1.5.13"), der.encode(der.OCTET_STRING, b"x" * 200))
MAC = _sequence(_algorithm("1.2.840.113549.2.11"), _algorithm("1.2.840.113549.1.5.12"), der.encode(4, b"x" * 64))


@pytest.mark.parametrize(
    ("data", "name", "tool"),
    [
        (_sequence(ENCRYPTED, MAC), "BCFKS", "-srcstoretype BCFKS"),
        (_sequence(ENCRYPTED, der.encode(0xA0, MAC)), "BCFKS", "-srcstoretype BCFKS"),
        (b"7H\x06\x02\0\0\0\0X509KEY\0" + b"\0" * 300, "KDB", "runmqakm"),
        (b"7H\x04\x02\0\0\0\0X509KEY\0" + b"\0" * 300, "KDB", "runmqakm"),
        (b"SQLite format 3\0" + b"\0" * 300, "SQLite", "pk12util"),
    ],
)
def test_a_format_that_is_not_read_is_named_with_its_conversion(
    tmp_path: Path, run: Run, data: bytes, name: str, tool: str
) -> None:
    store = tmp_path / "store.jks"
    store.write_bytes(data)
    with pytest.raises(UnsupportedKeystoreError, match=name) as caught:
        open_keystore(store, PASSWORD)
    assert (caught.value.path, tool in caught.value.hint) == (store, True)
    outcome = run("keystore", "list", str(store))
    assert outcome.status == 4
    assert name in outcome.err
    assert tool in outcome.err


def test_files_that_belong_into_a_store_are_named(key: RSAPrivateKey) -> None:
    for private_format in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        found = foreign_format(key.private_bytes(Encoding.DER, private_format, NoEncryption()))
        assert found
        assert "private key" in found.name
    sealed = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"a"))
    assert foreign_format(sealed) == foreign_format(
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    )
    reply = serialize_certificates([vector("chain.pem", None).certificate("chain")], Encoding.DER)
    found = foreign_format(reply)
    assert found
    assert "PKCS #7" in found.name


@pytest.mark.parametrize(
    "data", [b"x", b"0", b"\x30\x03\x02\x01\x05", _sequence(MAC), b"7H", b"\x30\x80\0\0", _sequence()]
)
def test_anything_else_is_of_no_known_format(tmp_path: Path, data: bytes) -> None:
    assert foreign_format(data) is None
    with pytest.raises(NotAKeystoreError):
        open_keystore(tmp_path / "x", PASSWORD, data=data)


@pytest.mark.parametrize("name", NAMES)
def test_no_store_that_is_read_is_taken_for_another_format(name: str) -> None:
    found = foreign_format((VECTORS / name).read_bytes())
    assert found is None or "BCFKS" not in found.name


@pytest.mark.parametrize("alias", ["gemfire\0", "gemfire\0\0"])
def test_nuls_after_an_alias_are_dropped(tmp_path: Path, alias: str) -> None:
    request, now = CertificateRequest("CN=a", bits=2048), datetime.now(UTC)
    data = create_keystore(request, alias, PASSWORD, now=now, key_password="its own")
    store = open_keystore(tmp_path / "x", PASSWORD, data=data)
    assert [(entry.alias, len(entry.chain)) for entry in store.entries] == [("gemfire", 1)]
    assert store.private_key("gemfire", "its own")
    with pytest.raises(WrongKeyPasswordError, match="'gemfire',"):
        store.private_key("gemfire")


def test_nuls_stay_where_they_tell_two_entries_apart(tmp_path: Path) -> None:
    chain = vector("six.jks").entry("rsa-tls").chain
    entries = [KeyEntry(alias, EntryKind.TRUSTED, chain) for alias in ("a", "a\0", "b\0", "\0")]
    store = open_keystore(tmp_path / "x", PASSWORD, data=write("PKCS12", entries, PASSWORD))
    assert [entry.alias for entry in store.entries] == ["a", "a\0", "b", "\0"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_a_store_with_an_empty_password_opens_without_a_terminal(tmp_path: Path, run: Run, key: RSAPrivateKey) -> None:
    store, file = tmp_path / "empty.p12", tmp_path / "password"
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    subject = ("-new", "-x509", "-key", key_file, "-subj", "/CN=a", "-out", tmp_path / "c.pem")
    subprocess.run(["openssl", "req", *subject], check=True, capture_output=True)
    made = ("-export", "-inkey", key_file, "-in", tmp_path / "c.pem", "-passout", "pass:", "-out", store)
    subprocess.run(["openssl", "pkcs12", *made], check=True, capture_output=True)
    file.write_text("\n")
    file.chmod(0o600)
    assert run("keystore", "list", str(store)).status == 4
    assert run("keystore", "list", str(store), "--password-file", str(file)).status == 0
    options = ("--keystore", str(store), "--password-file", str(file), "--secret-alias", "a")
    outcome = run("encrypt", *options, stdin=b"value")
    assert outcome.status == 0
    assert run("decrypt", *options, stdin=outcome.out.encode()).out == "value"
