"""Keystores made and changed here say what was asked of them, open again, and are read by keytool."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from ciphertool.certificates.facts import certificate_facts
from ciphertool.certificates.key_usage import extended_key_usages
from ciphertool.errors import (
    AliasTakenError,
    BadCertificateError,
    NoSuchKeyAliasError,
    NotAKeystoreError,
    PasswordNeededError,
    PasswordRefusedError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
    WrongKeystorePasswordError,
)
from ciphertool.keystore import CertificateRequest, EntryKind, KeyEntry, Keystore, Role, create_keystore, open_keystore
from ciphertool.keystore.changes import change_password, convert, delete, import_entry, import_reply, trust
from ciphertool.keystore.entries import ClearKey
from ciphertool.keystore.exports import export_certificates, export_der, export_private_key, signing_request
from ciphertool.keystore.formats.pem import read_certificates
from ciphertool.keystore.formats.writing import WRITABLE, write
from ciphertool.keystore.listing import summary
from tests.interop import secret_keys

from .vectors import KEY_PASSWORD, PASSWORD, VECTORS, listed, vector

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
NEW = "new password"


def opened(data: bytes, password: str | None = PASSWORD) -> Keystore:
    return open_keystore(Path("made.store"), password, data=data)


@pytest.fixture(scope="module")
def primary() -> bytes:
    return create_keystore(CertificateRequest("CN=a,O=Example", bits=2048), "Primary", PASSWORD, now=NOW)


class TestCreating:
    """`create_keystore` in each format and role."""

    @pytest.mark.parametrize("name", WRITABLE)
    def test_each_format_opens_again(self, name: str) -> None:
        request = CertificateRequest("CN=a", bits=2048)
        keystore = opened(create_keystore(request, "alias", PASSWORD, now=NOW, format_name=name))
        assert keystore.format == name
        assert keystore.private_key().key_size == 2048
        assert keystore.encryption_certificate()
        assert name == "PEM" or keystore.entry("alias").created == NOW

    @pytest.mark.parametrize("name", ["PKCS12", "JKS"])
    def test_a_key_password_of_its_own(self, name: str) -> None:
        request = CertificateRequest("CN=a", bits=2048)
        data = create_keystore(request, "a", PASSWORD, now=NOW, format_name=name, key_password=KEY_PASSWORD)
        assert opened(data).private_key("a", KEY_PASSWORD)
        with pytest.raises(WrongKeyPasswordError):
            opened(data).private_key("a")

    def test_a_primary_certificate(self, primary: bytes) -> None:
        facts = certificate_facts(opened(primary).entry("primary").chain[0])
        assert facts.key_usage is not None
        assert facts.key_usage.critical
        assert set(facts.key_usage.usages or ()) == {"keyEncipherment", "dataEncipherment"}
        assert (facts.not_before, facts.bits, facts.exponent) == (NOW, 2048, 65537)
        assert facts.not_after == datetime(2035, 5, 30, 12, tzinfo=UTC)

    def test_a_tls_certificate(self) -> None:
        request = CertificateRequest("CN=a", Role.TLS, 90, 2048, ("example.org", "127.0.0.1"))
        keystore = opened(create_keystore(request, "a", PASSWORD, now=NOW))
        facts = certificate_facts(keystore.entry("a").chain[0])
        assert facts.key_usage is not None
        assert set(facts.key_usage.usages or ()) == {"digitalSignature", "keyEncipherment"}
        assert extended_key_usages(keystore.entry("a").chain[0]) == frozenset({"1.3.6.1.5.5.7.3.1"})
        names = keystore.certificate().extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["example.org"]
        assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]

    @pytest.mark.parametrize("password", ["", "short", "contraseña larga", "line\nend"])
    def test_passwords_that_java_would_not_take(self, password: str) -> None:
        with pytest.raises(PasswordRefusedError):
            create_keystore(CertificateRequest("CN=a", bits=2048), "a", password, now=NOW)

    @pytest.mark.parametrize(
        "request_",
        [
            CertificateRequest("CN=a", bits=1024),
            CertificateRequest("not a name"),
            CertificateRequest("CN=a", Role.TLS, bits=2048, names=("ü.example",)),
        ],
    )
    def test_requests_that_cannot_be_met(self, request_: CertificateRequest) -> None:
        with pytest.raises(UnsupportedKeystoreError):
            create_keystore(request_, "a", PASSWORD, now=NOW)

    def test_each_store_is_salted_anew(self, primary: bytes) -> None:
        again = write("PKCS12", opened(primary).entries, PASSWORD)
        assert again != primary
        assert listed(opened(again)) == listed(opened(primary))


class TestChanging:
    """Each change gives a whole store that has the change and everything else."""

    @pytest.mark.parametrize("name", ["six.p12", "six.jks", "secret.p12", "trusted.jks", "chain.pem"])
    def test_trust_adds_and_delete_takes_away(self, name: str) -> None:
        before = vector(name)
        certificate = vector("odd.jks").entry("md5").chain[0]
        after = opened(trust(before, [certificate], alias="added", now=NOW))
        alias = after.entries[-1].alias
        assert listed(after).pop(alias)["kind"] == "trusted"
        assert after.certificate(alias).subject.rfc4514_string() == "CN=odd"
        assert after.verified is (before.format != "PEM")
        without = opened(delete(after, alias.upper()))
        assert [e.chain for e in without.entries] == [e.chain for e in before.entries]
        for entry in without.entries:
            if entry.alias.startswith("rsa"):
                assert without.private_key(entry.alias).public_key() == before.private_key(entry.alias).public_key()

    def test_trust_names_a_bundle_and_knows_what_is_there(self) -> None:
        store = vector("trusted.p12")
        bundle = read_certificates((VECTORS / "chain.pem").read_bytes())
        new = vector("odd.p12").entry("version-1").chain[0]
        assert listed(opened(trust(store, bundle, now=NOW))) == listed(store)
        after = opened(trust(store, [*bundle, new, vector("odd.p12").entry("md5").chain[0]], alias="x", now=NOW))
        assert {entry.alias for entry in after.entries} == {"root", "middle", "leaf", "x", "x-2"}
        with pytest.raises(AliasTakenError) as caught:
            trust(store, [new], alias="ROOT", now=NOW)
        assert caught.value.alias == "ROOT"

    def test_trust_refuses_what_is_no_certificate(self) -> None:
        with pytest.raises(BadCertificateError):
            trust(vector("trusted.p12"), [b"odd"], alias="x", now=NOW)

    def test_delete_of_what_is_not_there(self) -> None:
        with pytest.raises(NoSuchKeyAliasError):
            delete(vector("trusted.p12"), "absent")

    @pytest.mark.parametrize("name", ["chain.p12", "chain.jks", "key-pkcs8.pem"])
    def test_change_password(self, name: str) -> None:
        data = change_password(vector(name), NEW)
        changed = opened(data, NEW)
        assert [entry.chain for entry in changed.entries] == [entry.chain for entry in vector(name).entries]
        assert changed.private_key().public_key() == vector(name).private_key().public_key()
        with pytest.raises((WrongKeystorePasswordError, WrongKeyPasswordError)):
            opened(data).private_key()

    def test_change_password_keeps_a_key_that_has_its_own(self) -> None:
        changed = opened(change_password(vector("key-password.jks"), NEW), NEW)
        assert changed.private_key("same")
        assert changed.private_key("other", KEY_PASSWORD)
        both = opened(change_password(vector("key-password.jks"), NEW, key_password=KEY_PASSWORD), NEW)
        assert both.private_key("other")

    @pytest.mark.parametrize("name", ["keys.p12", "keys.jceks"])
    def test_change_password_refuses_secret_keys_and_names_each(self, name: str) -> None:
        store = open_keystore(secret_keys.FOLDER / name, secret_keys.PASSWORD)
        with pytest.raises(UnsupportedKeystoreError) as caught:
            change_password(store, NEW)
        assert all(repr(alias) in caught.value.reason for alias in secret_keys.AES_ALIASES)
        assert caught.value.path == store.path
        assert "keytool -storepasswd" in caught.value.hint

    @pytest.mark.parametrize("source", ["chain.p12", "chain.jks", "chain.jceks", "openssl-clear-key.p12"])
    @pytest.mark.parametrize("name", WRITABLE)
    def test_convert(self, source: str, name: str) -> None:
        converted = opened(convert(vector(source), name, NEW), NEW)
        assert converted.format == name
        assert {entry.chain for entry in converted.entries} >= {vector(source).entry("leaf").chain}
        assert converted.private_key().public_key() == vector(source).private_key("leaf").public_key()

    def test_what_cannot_be_held_is_refused(self) -> None:
        for source, name in (
            ("secret.jceks", "PKCS12"),
            ("secret.p12", "JKS"),
            ("six.p12", "PEM"),
            ("chain.p12", "BKS"),
        ):
            with pytest.raises(UnsupportedKeystoreError):
                convert(vector(source), name, PASSWORD)
        for name in ("six.jceks", "bouncy.bks"):
            with pytest.raises(UnsupportedKeystoreError, match="read but not written"):
                delete(vector(name), vector(name).entries[0].alias)

    def test_without_its_password_no_store_is_changed(self) -> None:
        with pytest.raises(PasswordNeededError):
            delete(vector("six.jks", None), "ec")
        unproven = vector("openssl-no-mac-clear.p12", "wrong password")
        with pytest.raises(WrongKeyPasswordError):
            trust(unproven, [vector("odd.p12").entry("md5").chain[0]], now=NOW)

    @pytest.mark.parametrize("into", ["six.p12", "trusted.jks"])
    def test_import_of_a_whole_entry(self, into: str) -> None:
        data = import_entry(
            vector(into), vector("key-password.jceks"), "other", as_alias="new", source_key_password=KEY_PASSWORD
        )
        assert (
            opened(data).private_key("new").public_key()
            == vector("key-password.jceks").certificate("other").public_key()
        )
        with pytest.raises(AliasTakenError):
            import_entry(opened(data), vector("chain.p12"), "leaf", as_alias="NEW")


class TestAnAuthoritysAnswer:
    """A signing request, and what the authority makes of it."""

    def test_the_request_asks_for_the_role(self, primary: bytes) -> None:
        request = x509.load_pem_x509_csr(signing_request(opened(primary), role=Role.TLS, names=["example.org"]))
        assert request.is_signature_valid
        assert request.subject.rfc4514_string() == "CN=a,O=Example"
        assert request.public_key() == opened(primary).certificate().public_key()
        usage = request.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0,), (1, 0)])
    def test_the_chain_is_put_in_order_and_completed(self, order: tuple[int, ...]) -> None:
        source = vector("chain.p12")
        chain = source.entry("leaf").chain
        cut = opened(write("PKCS12", [_cut(source)], PASSWORD))
        reply = [chain[place] for place in order]
        after = opened(import_reply(cut, "leaf", reply, truststore=vector("trusted.p12")))
        assert after.entry("leaf").chain == chain
        assert after.private_key("leaf")

    def test_an_answer_for_another_key_is_refused(self, primary: bytes) -> None:
        with pytest.raises(BadCertificateError, match="is not in the reply"):
            import_reply(opened(primary), None, read_certificates((VECTORS / "chain.pem").read_bytes()))

    def test_a_forged_issuer_is_refused(self) -> None:
        chain = list(vector("chain.p12").entry("leaf").chain)
        leaf = bytearray(chain[0])
        leaf[-1] ^= 1
        with pytest.raises(BadCertificateError, match="invalid signature"):
            import_reply(vector("chain.p12"), "leaf", [bytes(leaf), *chain[1:]])

    def test_answers_are_read_as_authorities_send_them(self, tmp_path: Path) -> None:
        chain = vector("chain.p12").entry("leaf").chain
        assert tuple(read_certificates((VECTORS / "chain.pem").read_bytes())) == chain
        assert read_certificates(chain[0]) == [chain[0]]
        assert open_keystore(tmp_path / "x.cer", None, data=chain[0]).format == "DER"
        bundle = pkcs7.serialize_certificates([x509.load_der_x509_certificate(data) for data in chain], Encoding.PEM)
        assert set(read_certificates(bundle)) == set(chain)
        with pytest.raises(NotAKeystoreError):
            read_certificates(b"nothing")


class TestExporting:
    """What leaves a store."""

    def test_certificates(self) -> None:
        chain = vector("chain.jks").entry("leaf").chain
        assert read_certificates(export_certificates(vector("chain.jks"), "leaf")) == [chain[0]]
        assert tuple(read_certificates(export_certificates(vector("chain.jks"), "leaf", chain=True))) == chain
        assert export_der(vector("chain.jks"), "leaf") == chain[0]

    def test_a_private_key_is_encrypted(self) -> None:
        data = export_private_key(vector("chain.jks"), "leaf", password=NEW)
        assert b"ENCRYPTED PRIVATE KEY" in data
        assert (
            load_pem_private_key(data, NEW.encode()).public_key()
            == vector("chain.jks").certificate("leaf").public_key()
        )

    def test_a_private_key_in_the_clear_is_asked_for(self) -> None:
        data = export_private_key(vector("chain.jks"), "leaf", password=None)
        assert opened(data, None).private_key().public_key() == vector("chain.jks").certificate("leaf").public_key()
        with pytest.raises(PasswordRefusedError):
            export_private_key(vector("chain.jks"), "leaf", password="")


def test_summary_is_what_lists_show() -> None:
    shown = summary(vector("six.jks").entry("rsa-critical"))
    assert shown["key_usage"] == ["keyEncipherment", "dataEncipherment"]
    assert shown["key_usage_critical"] is True
    assert (shown["kind"], shown["chain"], shown["algorithm"], shown["bits"]) == ("key", 1, "RSA", 2048)
    assert shown["not_after"] == "2123-12-08T00:00:00+00:00"
    assert summary(vector("six.jks").entry("ed25519"))["algorithm"] == "Ed25519"
    assert summary(vector("secret.jceks").entry("aes"))["algorithm"] is None


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.text(
            st.characters(codec="utf-16", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20
        ),
        min_size=1,
        max_size=8,
        unique_by=str.lower,
    )
)
def test_any_aliases_survive(aliases: list[str]) -> None:
    leaf = vector("trusted.jks").entry("leaf").chain
    entries = [KeyEntry(alias, EntryKind.TRUSTED, leaf) for alias in aliases]
    assert [entry.alias for entry in opened(write("PKCS12", entries, PASSWORD)).entries] == aliases
    written = opened(write("JKS", entries, PASSWORD))
    assert [entry.alias for entry in written.entries] == [alias.lower() for alias in aliases]


@pytest.mark.jvm
@pytest.mark.parametrize("own", [None, KEY_PASSWORD])
@pytest.mark.parametrize("name", ["PKCS12", "JKS"])
def test_keytool_reads_what_was_made(name: str, own: str | None, tmp_path: Path) -> None:
    from .test_java import keytool_lists

    if name == "PKCS12" and own:
        pytest.skip("keytool reads no PKCS #12 key under a password of its own")
    source = opened(convert(vector("chain.jks"), name, PASSWORD))
    data = import_entry(source, vector("six.p12"), "ec", key_password=own)
    data = import_entry(opened(data), vector("six.p12"), "rsa-plain", key_password=own)
    data = trust(opened(data), [vector("odd.p12").entry("negative").chain[0]], alias="neg", now=NOW)
    store = tmp_path / "made.jks"
    store.write_bytes(data)
    assert keytool_lists(store, PASSWORD) == listed(opened(data))
    for alias, password in (("leaf", PASSWORD), ("ec", own or PASSWORD), ("rsa-plain", own or PASSWORD)):
        command = ["keytool", "-certreq", "-alias", alias, "-keystore", str(store), "-storepass:env", "STORE"]
        command += ["-keypass:env", "KEY"] if own else []
        environment = {**os.environ, "STORE": PASSWORD, "KEY": password}
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        assert b"BEGIN NEW CERTIFICATE REQUEST" in done.stdout, done.stdout


def _cut(source: Keystore) -> KeyEntry:
    """Return the entry with nothing but its leaf."""
    entry = source.entry("leaf")
    return entry._replace(chain=entry.chain[:1], sealed=ClearKey(source.unseal(entry)))
