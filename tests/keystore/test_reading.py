"""Every format, as keytool and openssl write it, gives the entries that keytool lists and the keys that are in it."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.certificates.chains import names
from ciphertool.errors import (
    BadCertificateError,
    KeystoreUnreadableError,
    MalformedKeystoreError,
    NoPrivateKeyError,
    NoSuchKeyAliasError,
    NotAKeystoreError,
    NotRsaError,
    PasswordNeededError,
    UnprovenCertificateError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
    WrongKeystorePasswordError,
)
from ciphertool.keystore import EntryKind, KeyEntry, open_keystore
from ciphertool.keystore.entries import ClearKey
from ciphertool.keystore.formats.writing import write

from .vectors import KEY_PASSWORD, NAMES, PASSWORD, VECTORS, expected, listed, vector

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

# Java sees no entry in a store of plain certificates, and drops a key that lies in the clear.
_MORE_THAN_KEYTOOL = {"openssl-certificates.p12", "openssl-clear-key.p12"}
_FORMATS = {"p12": "PKCS12", "jks": "JKS", "jceks": "JCEKS", "bks": "BKS", "bks1": "BKS", "uber": "UBER", "pem": "PEM"}
_UNVERIFIED = {"openssl-no-mac.p12", "openssl-no-mac-clear.p12", "openssl-clear-key.p12"}


@pytest.mark.parametrize("name", sorted(set(expected()) - _MORE_THAN_KEYTOOL))
def test_entries_are_those_that_keytool_lists(name: str) -> None:
    assert listed(vector(name)) == expected()[name]


@pytest.mark.parametrize("name", NAMES)
def test_format_is_told_by_content_and_integrity_is_known(name: str) -> None:
    renamed = open_keystore(VECTORS / "no-such-name.txt", PASSWORD, data=(VECTORS / name).read_bytes())
    assert renamed.format == _FORMATS[name.rpartition(".")[2]]
    assert renamed.verified is (renamed.format != "PEM" and name not in _UNVERIFIED)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("key-password")])
def test_every_rsa_key_is_that_of_its_certificate(name: str) -> None:
    keystore = vector(name)
    for entry in keystore.entries:
        if entry.kind is EntryKind.KEY and not entry.alias.startswith("e"):
            key = keystore.private_key(entry.alias, KEY_PASSWORD if entry.alias == "other" else None)
            assert key.public_key() == keystore.certificate(entry.alias).public_key()


def test_keys_of_all_sizes() -> None:
    for suffix in ("p12", "jks"):
        keystore = vector(f"sizes.{suffix}")
        for bits in (512, 1024, 2048, 3072, 4096, 8192):
            assert keystore.private_key(f"rsa{bits}").key_size == bits


@pytest.mark.parametrize("name", ["key-password.jks", "key-password.jceks"])
def test_a_key_password_of_its_own(name: str) -> None:
    keystore = vector(name)
    assert numbers(keystore.private_key("same")) != numbers(keystore.private_key("other", KEY_PASSWORD))
    with pytest.raises(WrongKeyPasswordError) as caught:
        keystore.private_key("other")
    assert caught.value.alias == "other"
    assert caught.value.path == VECTORS / name
    assert "CIPHERTOOL_KEY_PASSWORD" in caught.value.hint


def test_pkcs12_with_a_key_password_of_its_own() -> None:
    source = vector("chain.p12")
    entry = _in_the_clear(source.entry("leaf"), source.unseal(source.entry("leaf")))
    data = write("PKCS12", [entry], PASSWORD, "another")
    keystore = open_keystore(VECTORS / "x", PASSWORD, data=data)
    assert numbers(keystore.private_key("leaf", "another")) == numbers(source.private_key("leaf"))
    with pytest.raises(WrongKeyPasswordError):
        keystore.private_key("leaf")


@pytest.mark.parametrize("suffix", ["p12", "jks", "jceks"])
def test_chain_is_leaf_first_and_each_is_issued_by_the_next(suffix: str) -> None:
    chain = [names(certificate) for certificate in vector(f"chain.{suffix}").entry("leaf").chain]
    subjects, issuers = zip(*[pair for pair in chain if pair], strict=True)
    assert len(subjects) == 3
    assert issuers == (*subjects[1:], subjects[-1])


def test_dates_are_read() -> None:
    made = vector("six.jks").entry("ec").created
    assert made is not None
    assert datetime(2024, 1, 1, tzinfo=UTC) < made < datetime(2100, 1, 1, tzinfo=UTC)
    assert vector("six.p12").entry("ec").created is not None
    assert vector("trusted.p12").entry("root").created is None


def test_aliases_are_found_without_regard_to_case() -> None:
    keystore = vector("names.p12")
    assert keystore.entry("SCHLÜSSEL-Ключ-鍵").alias == "schlüssel-ключ-鍵"
    assert keystore.entry("With Blank And = Sign").chain
    with pytest.raises(NoSuchKeyAliasError) as caught:
        keystore.entry("absent")
    assert set(caught.value.aliases) == {"schlüssel-ключ-鍵", "with blank and = sign"}
    assert caught.value.path == keystore.path


def test_aliases_that_differ_in_case_only() -> None:
    leaf = vector("chain.jks").entry("leaf").chain[:1]
    entries = [KeyEntry(alias, EntryKind.TRUSTED, leaf) for alias in ("a", "b")]
    data = write("JKS", entries, PASSWORD).replace(b"\0\1b", b"\0\1A")
    keystore = open_keystore(VECTORS / "x", None, data=data)
    assert keystore.entry("A").alias == "A"
    assert keystore.entry("a").alias == "a"


def test_no_alias_means_the_only_key() -> None:
    assert vector("chain.p12").entry(None).alias == "leaf"
    assert vector("secret.jceks").entry(None).alias == "rsa"
    assert vector("chain.pem").entry(None).chain == vector("chain.p12").entry("leaf").chain[:1]
    with pytest.raises(NoSuchKeyAliasError, match="no key alias given"):
        vector("six.p12").entry(None)


def test_a_pem_key_has_its_chain() -> None:
    for name in ("key-clear.pem", "key-old.pem", "key-pkcs8.pem", "key-scrypt.pem"):
        keystore = vector(name)
        assert [entry.alias for entry in keystore.entries] == [name.removesuffix(".pem")]
        assert keystore.entries[0].chain == vector("chain.p12").entry("leaf").chain
        assert numbers(keystore.private_key()) == numbers(vector("chain.p12").private_key("leaf"))
    with pytest.raises(WrongKeyPasswordError):
        vector("key-pkcs8.pem", "wrong password").private_key()
    with pytest.raises(WrongKeyPasswordError):
        vector("key-old.pem", "wrong password").private_key()


def test_the_leaf_of_a_pem_key_is_found_behind_its_issuers() -> None:
    leaf, middle, root = vector("chain.p12").entry("leaf").chain
    ordered = (VECTORS / "key-clear.pem").read_bytes().split(b"-----BEGIN CERTIFICATE-----")
    data = b"-----BEGIN CERTIFICATE-----".join((ordered[0], ordered[3], ordered[2], ordered[1]))
    assert open_keystore(VECTORS / "x.pem", None, data=data).entry(None).chain == (leaf, middle, root)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith((".pem", "-clear.p12", "key.p12"))])
def test_a_wrong_keystore_password_is_named(name: str) -> None:
    with pytest.raises(WrongKeystorePasswordError) as caught:
        vector(name, "wrong password")
    assert caught.value.path == VECTORS / name


@pytest.mark.parametrize("name", ["six.jks", "six.jceks", "bouncy.bks", "openssl-no-mac-clear.p12", "key-pkcs8.pem"])
def test_without_a_password_the_certificates_are_readable(name: str) -> None:
    keystore = vector(name, None)
    entry = next(entry for entry in keystore.entries if entry.kind is EntryKind.KEY)
    assert keystore.certificate(entry.alias).subject
    assert not keystore.verified
    with pytest.raises(PasswordNeededError):
        keystore.private_key(entry.alias)


@pytest.mark.parametrize("name", ["six.p12", "legacy.p12", "bouncy.uber"])
def test_without_a_password_an_encrypted_store_says_that_it_needs_one(name: str) -> None:
    with pytest.raises(PasswordNeededError):
        vector(name, None)


def test_files_that_are_no_keystores(tmp_path: Path) -> None:
    with pytest.raises(KeystoreUnreadableError, match="no such keystore file"):
        open_keystore(tmp_path / "absent.jks", None)
    with pytest.raises(KeystoreUnreadableError, match="cannot be read: Is a directory"):
        open_keystore(tmp_path, None)
    with pytest.raises(KeystoreUnreadableError, match="cannot be read: not a regular file"):
        open_keystore(Path(os.devnull), None)
    for content, reason in ((b"", "the file is empty"), (b"\x7fELF", "known format"), (b"0\x82", "known format")):
        (tmp_path / "x.jks").write_bytes(content)
        with pytest.raises(NotAKeystoreError, match=reason) as caught:
            open_keystore(tmp_path / "x.jks", PASSWORD)
        assert caught.value.path == tmp_path / "x.jks"


def test_entries_that_do_not_serve() -> None:
    with pytest.raises(NoPrivateKeyError) as no_key:
        vector("trusted.jks").private_key("root")
    assert no_key.value.kind == "trusted"
    with pytest.raises(NotRsaError) as not_rsa:
        vector("six.p12").private_key("ec")
    assert not_rsa.value.algorithm == "EC"
    with pytest.raises(NotRsaError) as not_rsa:
        vector("six.p12").encryption_certificate("ed25519")
    assert not_rsa.value.algorithm == "Ed25519"


def test_an_odd_certificate_harms_no_other(tmp_path: Path) -> None:
    good = vector("trusted.jks").entry("leaf").chain[0]
    entries = [
        KeyEntry(f"{number}", EntryKind.TRUSTED, (odd,))
        for number, odd in enumerate((b"not a certificate", good, b"", good[:40], b"\x30\x00"))
    ]
    for name in ("JKS", "PKCS12"):
        keystore = open_keystore(tmp_path / "x", PASSWORD, data=write(name, entries, PASSWORD))
        assert len(keystore.entries) == 5
        assert keystore.certificate("1").subject.rfc4514_string() == "CN=leaf,O=Example"
        for alias in ("0", "2", "3", "4"):
            with pytest.raises(BadCertificateError):
                keystore.certificate(alias)


def test_a_duplicate_alias_is_replaced_by_the_later_entry_as_in_java() -> None:
    chain = vector("trusted.jks").entry("leaf").chain
    other = vector("trusted.jks").entry("root").chain
    data = write("JKS", [KeyEntry("a", EntryKind.TRUSTED, chain), KeyEntry("b", EntryKind.TRUSTED, other)], PASSWORD)
    keystore = open_keystore(VECTORS / "x", None, data=data.replace(b"\0\1b", b"\0\1a"))
    assert [entry.chain for entry in keystore.entries] == [other]


def test_several_keys_in_one_pem_are_refused() -> None:
    data = (VECTORS / "key-clear.pem").read_bytes()
    with pytest.raises(UnsupportedKeystoreError, match="several private keys"):
        open_keystore(VECTORS / "x", None, data=data + data)


class TestWhatVouchesForACertificate:
    """A certificate to encrypt under is proven by the store's password, by its key, or by its fingerprint."""

    def test_the_password(self) -> None:
        assert vector("six.jks").encryption_certificate("rsa-plain")

    def test_nothing_without_it(self) -> None:
        with pytest.raises(UnprovenCertificateError) as caught:
            vector("six.jks", None).encryption_certificate("rsa-plain")
        assert caught.value.alias == "rsa-plain"

    @pytest.mark.parametrize("spelling", ["sha256:{}", "{}", "SHA256:{}"])
    def test_the_fingerprint(self, spelling: str) -> None:
        keystore = vector("six.jks", None)
        fingerprint = keystore.entry("rsa-plain").sha256 or ""
        assert keystore.encryption_certificate("rsa-plain", fingerprint=spelling.format(fingerprint.upper()))
        with pytest.raises(UnprovenCertificateError) as caught:
            keystore.encryption_certificate("rsa-tls", fingerprint=fingerprint)
        assert "update the fingerprint" in caught.value.hint  # and not: state one

    def test_the_match_with_the_private_key(self) -> None:
        assert vector("openssl-no-mac-clear.p12").encryption_certificate("leaf")
        with pytest.raises(WrongKeyPasswordError):
            vector("openssl-no-mac-clear.p12", "wrong password").encryption_certificate("leaf")

    def test_a_trusted_certificate_without_a_mac_is_not_proven(self) -> None:
        data = _without_mac(
            write("PKCS12", [KeyEntry("a", EntryKind.TRUSTED, vector("six.jks").entry("rsa-tls").chain)], PASSWORD)
        )
        with pytest.raises(UnprovenCertificateError):
            open_keystore(VECTORS / "x", PASSWORD, data=data).encryption_certificate("a")

    def test_a_swapped_certificate_is_found(self) -> None:
        source = vector("six.p12")
        entry = source.entry("rsa-plain")
        swapped = KeyEntry("a", EntryKind.KEY, source.entry("rsa-tls").chain, None, ClearKey(source.unseal(entry)))
        keystore = open_keystore(VECTORS / "x", PASSWORD, data=_without_mac(write("PKCS12", [swapped], PASSWORD)))
        with pytest.raises(Exception, match="does not match its certificate"):
            keystore.encryption_certificate("a")

    def test_a_pem_certificate_is_taken_at_its_word(self) -> None:
        assert vector("chain.pem", None).encryption_certificate()


def test_no_password_is_shown() -> None:
    keystore = vector("chain.p12")
    assert PASSWORD not in f"{keystore!r}{keystore}{keystore.__dict__}"
    assert "BEGIN" not in repr(vector("key-clear.pem").entries)


def test_opening_imports_only_what_it_needs() -> None:
    program = (
        "import sys; from pathlib import Path; from ciphertool.keystore import open_keystore\n"
        "assert not {'cryptography', 'jks', 'pyasn1'} & set(sys.modules)\n"
        f"for name in ('six.p12', 'chain.pem', 'six.jks'): open_keystore(Path({str(VECTORS)!r}, name), {PASSWORD!r})\n"
        f"open_keystore(Path({str(VECTORS)!r}, 'six.p12'), {PASSWORD!r}).private_key('rsa-plain')\n"
        "assert not {'cryptography.x509', 'jks', 'pyasn1'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_truncated_stores_are_damaged_and_not_empty() -> None:
    for name in ("six.p12", "six.jks", "bouncy.bks", "chain.pem"):
        with pytest.raises(MalformedKeystoreError):
            open_keystore(VECTORS / name, PASSWORD, data=(VECTORS / name).read_bytes()[:-30])


@pytest.mark.parametrize("alias", ["version-1", "negative", "md5"])
def test_certificates_of_old_tools(alias: str) -> None:
    for suffix in ("p12", "jks", "jceks"):
        assert vector(f"odd.{suffix}").encryption_certificate(alias).subject.rfc4514_string() == "CN=odd"


def numbers(key: rsa.RSAPrivateKey) -> rsa.RSAPrivateNumbers:
    return key.private_numbers()


def _in_the_clear(entry: KeyEntry, pkcs8: bytes) -> KeyEntry:
    return KeyEntry(entry.alias, entry.kind, entry.chain, entry.created, ClearKey(pkcs8))


def _without_mac(data: bytes) -> bytes:
    from ciphertool.asn1 import der
    from ciphertool.keystore.limits import StoreBudget

    version, safe, _mac = der.parse(data, StoreBudget("test")).sequence(3)
    return der.encode(der.SEQUENCE, bytes(version.encoding), bytes(safe.encoding))
