"""Each rule of the check finds its fault, and a right store has none. The time is always given."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from ciphertool.certificates.findings import PUBLIC_KEY
from ciphertool.findings import Level
from ciphertool.keystore import CertificateRequest, EntryKind, KeyEntry, Keystore, Role, create_keystore, open_keystore
from ciphertool.keystore.check import check
from ciphertool.keystore.create import self_signed
from ciphertool.keystore.entries import ClearKey
from ciphertool.keystore.formats.writing import write
from tests.certificates.made import UNREADABLE, Usage, certificate

from .vectors import KEY_PASSWORD, PASSWORD, vector

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
CRITICAL_UNREADABLE = [Usage(data, True, None) for data in UNREADABLE]


def found(keystore: Keystore, role: Role, **options: object) -> dict[str, Level]:
    """Return rule → level; what the file's own mode says is judged in a test of its own."""
    findings = check(keystore, role, **{"now": NOW, **options})  # type: ignore[arg-type]
    assert all(finding.message and finding.remedy for finding in findings)
    return {finding.rule.id: finding.level for finding in findings if not finding.rule.id.startswith("file-")}


def opened(entries: list[KeyEntry], key_password: str | None = None) -> Keystore:
    return open_keystore(Path("in memory"), PASSWORD, data=write("JKS", entries, PASSWORD, key_password))


def entry(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *chain: x509.Certificate) -> KeyEntry:
    pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return KeyEntry("a", EntryKind.KEY, tuple(c.public_bytes(Encoding.DER) for c in chain), NOW, ClearKey(pkcs8))


def made(role: Role, key: rsa.RSAPrivateKey, days: int = 365, at: datetime = NOW) -> x509.Certificate:
    names = ("localhost",) if role is Role.TLS else ()
    return self_signed(CertificateRequest("CN=localhost", role, days, names=names), key, at)


def issued(subject: str, key: rsa.RSAPrivateKey, issuer: str, by: rsa.RSAPrivateKey) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string(subject))
        .issuer_name(x509.Name.from_rfc4514_string(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=365))
        .sign(by, hashes.SHA256())
    )


@pytest.mark.parametrize("role", list(Role))
def test_what_is_made_for_a_role_is_right_for_it(role: Role, key: rsa.RSAPrivateKey) -> None:
    assert found(opened([entry(key, made(role, key))]), role) == (
        {"self-signed": Level.WARNING} if role is Role.TLS else {}
    )


def test_roles_are_not_exchangeable(key: rsa.RSAPrivateKey) -> None:
    assert found(opened([entry(key, made(Role.TLS, key))]), Role.PRIMARY)["key-usage-refused"] is Level.ERROR
    assert found(opened([entry(key, made(Role.PRIMARY, key))]), Role.TLS)["key-usage-refused"] is Level.ERROR
    assert found(opened([entry(key, made(Role.PRIMARY, key))]), Role.MESSAGE)["key-usage-refused"] is Level.ERROR


@pytest.mark.parametrize(
    ("alias", "rule", "level"),
    [
        ("rsa-plain", "key-usage-unstated", Level.WARNING),
        ("rsa-tls", "key-usage-refused", Level.ERROR),
        ("rsa-loose", "key-usage-not-critical", Level.NOTE),
        ("ec", "key-algorithm", Level.ERROR),
        ("ed25519", "key-algorithm", Level.ERROR),
    ],
)
def test_key_usage_as_java_sees_it(alias: str, rule: str, level: Level) -> None:
    assert found(vector("six.jks"), Role.PRIMARY, alias=alias)[rule] is level


@pytest.mark.parametrize("usage", [Usage(bytes.fromhex("03020530"), True, None), *CRITICAL_UNREADABLE], ids=str)
def test_a_usage_that_encryption_refuses_is_refused_by_the_check(usage: Usage, key: rsa.RSAPrivateKey) -> None:
    """Bits beyond the last that counts allow nothing, and Java takes no KeyUsage that it cannot read."""
    for odd_extension in (False, True):
        store = opened([entry(key, certificate(key, usage, odd_extension=odd_extension))])
        assert found(store, Role.PRIMARY)["key-usage-refused"] is Level.ERROR
        assert found(store, Role.MESSAGE)["key-usage-refused"] is Level.ERROR


def test_a_critical_right_usage_says_nothing() -> None:
    assert found(vector("six.jks"), Role.PRIMARY, alias="rsa-critical") == {}


def test_all_key_entries_are_judged_and_named() -> None:
    findings = check(vector("six.jks"), Role.PRIMARY, now=NOW)
    assert {finding.alias for finding in findings if finding.alias} == {
        "rsa-plain", "rsa-tls", "rsa-loose", "ec", "ed25519"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("alias", "role", "rule", "level"),
    [
        ("expired", Role.PRIMARY, "certificate-expired", Level.WARNING),
        ("expired", Role.TLS, "certificate-expired", Level.ERROR),
        ("future", Role.PRIMARY, "certificate-not-yet-valid", Level.WARNING),
        ("future", Role.TLS, "certificate-not-yet-valid", Level.ERROR),
    ],
)
def test_validity(alias: str, role: Role, rule: str, level: Level) -> None:
    assert found(vector("dates.p12"), role, alias=alias)[rule] is level
    assert not any(rule.startswith("certificate") for rule in found(vector("dates.p12"), role, alias="far"))


@pytest.mark.parametrize(("days", "warned"), [(31, False), (29, True)])
def test_expiry_is_said_30_days_ahead(days: int, warned: bool, key: rsa.RSAPrivateKey) -> None:
    rules = found(opened([entry(key, made(Role.PRIMARY, key, days))]), Role.PRIMARY)
    assert ("certificate-expires-soon" in rules) is warned


def test_size_exponent_and_hash() -> None:
    assert "key-size" in found(vector("sizes.jks"), Role.PRIMARY, alias="rsa1024")
    assert "key-size" not in found(vector("sizes.jks"), Role.PRIMARY, alias="rsa2048")
    weak = rsa.generate_private_key(3, 2048)
    assert "key-exponent" in found(opened([entry(weak, made(Role.PRIMARY, weak))]), Role.PRIMARY)


def test_a_weak_hash_matters_where_another_signed(key: rsa.RSAPrivateKey) -> None:
    sealed = entry(key).sealed
    root = vector("odd.jks").entry("md5").chain
    assert "signature-hash" not in found(opened([KeyEntry("a", EntryKind.KEY, root, NOW, sealed)]), Role.TLS)
    leaf = vector("chain.p12").entry("leaf").chain[0]
    sha1 = leaf.replace(bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105"))
    assert "signature-hash" in found(opened([KeyEntry("a", EntryKind.KEY, (sha1,), NOW, sealed)]), Role.TLS)


class TestChains:
    """Complete, in order, signed; and trusted."""

    def test_a_right_chain(self) -> None:
        assert found(vector("chain.jks"), Role.TLS, alias="leaf") == {}

    def test_incomplete(self) -> None:
        leaf = vector("chain.jks").entry("leaf")
        cut = opened([leaf._replace(chain=leaf.chain[:1])])
        assert found(cut, Role.TLS) == {"chain-incomplete": Level.WARNING}
        assert found(cut, Role.TLS, truststore=vector("trusted.jks")) == {}

    def test_out_of_order(self) -> None:
        leaf = vector("chain.jks").entry("leaf")
        mixed = opened([leaf._replace(chain=(leaf.chain[0], leaf.chain[2], leaf.chain[1]))])
        assert found(mixed, Role.TLS)["chain-order"] is Level.ERROR

    def test_a_signature_that_does_not_hold(self, key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey) -> None:
        leaf = issued("CN=localhost", key, "CN=root", by=other_key)
        forged = issued("CN=root", key, "CN=root", by=key)
        assert found(opened([entry(key, leaf, forged)]), Role.PRIMARY)["chain-signature"] is Level.ERROR
        right = issued("CN=root", other_key, "CN=root", by=other_key)
        assert "chain-signature" not in found(opened([entry(key, leaf, right)]), Role.PRIMARY)

    def test_trust(self, key: rsa.RSAPrivateKey) -> None:
        stranger = opened([entry(key, made(Role.TLS, key))])
        assert found(stranger, Role.TLS, truststore=vector("trusted.jks"))["not-trusted"] is Level.ERROR
        own = KeyEntry("own", EntryKind.TRUSTED, stranger.entry("a").chain)
        assert found(stranger, Role.TLS, truststore=opened([own])) == {}
        for alias in ("root", "middle", "leaf"):
            only = opened([vector("trusted.jks").entry(alias)])
            assert found(vector("chain.jks"), Role.TLS, alias="leaf", truststore=only) == {}


def test_tls_names_and_purpose(key: rsa.RSAPrivateKey) -> None:
    rules = found(opened([entry(key, made(Role.MESSAGE, key))]), Role.TLS)
    assert rules["no-host-names"] is Level.WARNING
    one = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=a"))
        .issuer_name(x509.Name.from_rfc4514_string("CN=a"))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=365))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    assert found(opened([entry(key, one)]), Role.TLS)["extended-key-usage"] is Level.ERROR


def test_passwords_that_differ_matter_for_tls() -> None:
    store = vector("key-password.jks")
    rules = found(store, Role.TLS, alias="other", key_password=KEY_PASSWORD)
    assert rules["key-password"] is Level.ERROR
    assert "key-password" not in found(store, Role.TLS, alias="same", key_password=PASSWORD)
    assert "key-password" not in found(store, Role.PRIMARY, alias="other", key_password=KEY_PASSWORD)


@pytest.mark.parametrize("role", [Role.PRIMARY, Role.MESSAGE])
def test_a_key_whose_password_was_not_given_is_not_called_unusable(role: Role) -> None:
    store = vector("key-password.jks")
    rules = found(store, role, alias="other")
    assert (rules["key-not-tried"], "key-unusable" in rules) == (Level.NOTE, False)
    wrong = found(store, role, alias="other", key_password="not its password")
    assert (wrong["key-unusable"], "key-not-tried" in wrong) == (Level.ERROR, False)
    right = found(store, role, alias="other", key_password=KEY_PASSWORD)
    assert not {"key-unusable", "key-not-tried"} & right.keys()
    tls = found(store, Role.TLS, alias="other", key_password="not its password")
    assert (tls["key-unusable"], "key-password" in tls) == (Level.ERROR, False)


def test_a_key_that_is_not_its_certificates(key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey) -> None:
    rules = found(opened([entry(key, made(Role.PRIMARY, other_key))]), Role.PRIMARY)
    assert rules["key-unusable"] is Level.ERROR


def test_one_key_for_two_roles(key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey) -> None:
    tls = opened([entry(key, made(Role.TLS, key))])
    same, different = (opened([entry(k, made(Role.PRIMARY, k))]) for k in (key, other_key))
    assert found(same, Role.PRIMARY, others=[tls])["shared-key"] is Level.WARNING
    assert found(different, Role.PRIMARY, others=[tls]) == {}


def test_stores_without_what_is_needed(key: rsa.RSAPrivateKey) -> None:
    assert found(vector("trusted.jks"), Role.TLS) == {"no-key": Level.ERROR}
    assert found(vector("openssl-no-mac.p12"), Role.TLS)["unverified"] is Level.NOTE
    odd = opened([KeyEntry("a", EntryKind.KEY, (b"odd",), NOW, entry(key).sealed)])
    assert found(odd, Role.PRIMARY)["certificate-unreadable"] is Level.ERROR
    assert found(opened([entry(key)]), Role.PRIMARY)["certificate-unreadable"] is Level.ERROR


def test_without_a_password_the_certificate_alone_is_judged() -> None:
    assert found(vector("six.jks", None), Role.PRIMARY, alias="rsa-tls") == {"key-usage-refused": Level.ERROR}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("mode", "rules"),
    [(0o600, set()), (0o640, set()), (0o644, {"file-readable"}), (0o666, {"file-readable", "file-writable"})],
)
def test_the_files_mode(mode: int, rules: set[str], tmp_path: Path) -> None:
    path = tmp_path / "store.p12"
    path.write_bytes(create_keystore(CertificateRequest("CN=a", bits=2048), "a", PASSWORD, now=NOW))
    path.chmod(mode)
    findings = check(open_keystore(path, PASSWORD), Role.PRIMARY, now=NOW)
    assert {finding.rule.id for finding in findings} == rules


@pytest.mark.corpus
def test_every_default_key_of_the_real_products_is_named_as_public(corpus: Path) -> None:
    named = 0
    for store in sorted(path for path in corpus.rglob("*") if path.suffix in (".jks", ".p12")):
        keystore = open_keystore(store, "wso2carbon")
        for key_entry in keystore.entries:
            if key_entry.kind is EntryKind.KEY:
                findings = check(keystore, Role.PRIMARY, now=NOW, alias=key_entry.alias)
                assert PUBLIC_KEY in {finding.rule for finding in findings}, store
                named += 1
    assert named >= 11


@pytest.mark.corpus
def test_the_transport_store_is_refused_as_wrong_key_usage(corpus: Path) -> None:
    keystore = open_keystore(corpus / "keystores" / "synapse-transport.jks", "wso2carbon")
    messages = [finding.message for finding in check(keystore, Role.PRIMARY, now=NOW)]
    assert any(
        message.startswith("wrong key usage: the critical KeyUsage lacks dataEncipherment") for message in messages
    )


def test_a_key_of_ones_own_is_not_public(key: rsa.RSAPrivateKey) -> None:
    assert "public-default-key" not in found(opened([entry(key, made(Role.PRIMARY, key))]), Role.PRIMARY)
