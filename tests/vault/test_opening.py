"""How a vault's keystore is opened: by whose key values are encrypted, what is refused, and what is warned of."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ciphertool import Vault
from ciphertool.asn1 import der
from ciphertool.asn1.limits import Budget
from ciphertool.certificates.policy import Policy
from ciphertool.engine.schemes import UNPADDED
from ciphertool.errors import (
    BadCertificateError,
    ConfigError,
    KeystoreError,
    KeyTooSmallError,
    NoPasswordError,
    OtherKeyError,
    PasswordNeededError,
    RefusedCertificateError,
    UnprovenCertificateError,
    UnsupportedSchemeError,
    WrongKeyPasswordError,
)
from ciphertool.keystore import (
    Entry,
    EntryKind,
    open_keystore,
)
from ciphertool.keystore.create import CertificateRequest, create_keystore
from ciphertool.keystore.formats.writing import write
from ciphertool.passwords import (
    Environment,
    PasswordChain,
    PasswordFile,
    Prompt,
)
from ciphertool.repository import open_repository
from ciphertool.secret import Secret
from ciphertool.settings import load
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.keystores import opens_without
from ciphertool.vault.opening import (
    VaultAccess,
    open_to_decrypt,
    open_to_encrypt,
    require_one_key,
)
from tests.certificates.made import KEY_USAGES, certificate
from tests.conftest import PASSWORD, SECRETS
from tests.interop.secret_keys import FOLDER as AES_STORES
from tests.interop.secret_keys import PASSWORD as AES_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ciphertool.settings.model import Settings
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

ALIAS = "app.datasource.password"
GIVEN = PasswordChain((Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD}),))
NONE = PasswordChain((Environment({}),))
KEY_PASSWORD, CANARY = "keypass1", "c4n4ry"
VECTORS = Path(__file__).resolve().parents[1] / "vectors/keystores"


def _settings(project: Path, keystore: str, more: str = "", kind: str | None = None) -> Settings:
    repository = '[repository]\npath = "security/vault.properties"\n' + (f'kind = "{kind}"\n' if kind else "")
    (project / "security/primary.p12").chmod(0o600)
    (project / "ciphertool.toml").write_text(f"[keystore]\n{keystore}\n{repository}{more}")
    return load(project / "ciphertool.toml")


def _pem(key: RSAPrivateKey | None, path: Path, of: RSAPrivateKey | None = None) -> Path:
    """Write a certificate of `of`, and with it a key, into one file."""
    owner = of or key
    assert owner is not None
    data = certificate(owner, KEY_USAGES[3]).public_bytes(Encoding.PEM)
    if key is not None:
        data += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(data)
    return path


STORE = 'path = "security/primary.p12"\nalias = "primary"'


def test_what_encrypts_is_the_stores_certificate_and_its_key_proves_it(project: Path) -> None:
    primary = open_to_encrypt(_settings(project, STORE), GIVEN, now=datetime.now(UTC))
    cipher = primary.cipher
    assert isinstance(cipher, Sealer)
    assert (cipher.opener is not None, cipher.store_type, cipher.subject, cipher.native) == (
        True,
        "PKCS12",
        "CN=test",
        True,
    )
    assert primary.warnings == ()
    assert cipher.opener is not None
    assert cipher.opener.open("a", cipher.seal("a", Secret("v"))).reveal() == "v"
    certificate = open_keystore(project / "security/primary.p12", PASSWORD).certificate("primary")
    (project / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    both = f'{STORE}\ncertificate = "c.pem"'
    assert open_to_encrypt(_settings(project, both), GIVEN, now=datetime.now(UTC)).cipher.opener is not None
    alone = open_to_encrypt(_settings(project, both), NONE, now=datetime.now(UTC)).cipher
    assert (alone.opener, alone.store_type) == (None, "JKS")
    settings = _settings(project, both)
    (project / "security/primary.p12").unlink()
    assert open_to_encrypt(settings, GIVEN, now=datetime.now(UTC)).cipher.opener is None


def test_nobody_is_asked_for_a_password_where_a_certificate_is_enough(project: Path, key: RSAPrivateKey) -> None:
    def ask() -> str:
        raise AssertionError("a person is asked")

    _pem(None, project / "c.pem", of=key)
    settings = _settings(project, f'{STORE}\ncertificate = "c.pem"')
    assert open_to_encrypt(settings, PasswordChain((Prompt(ask),)), now=datetime.now(UTC)).cipher.opener is None


def test_the_key_of_another_certificate_than_the_one_that_encrypts_is_refused(
    project: Path, key: RSAPrivateKey
) -> None:
    _pem(None, project / "c.pem", of=key)
    with pytest.raises(BadCertificateError, match="is not the one that") as caught:
        open_to_encrypt(_settings(project, f'{STORE}\ncertificate = "c.pem"'), GIVEN, now=datetime.now(UTC))
    assert caught.value.path == project / "security/primary.p12"


def test_a_pem_file_needs_no_password_and_its_key_must_be_the_certificates(
    project: Path, key: RSAPrivateKey, other_key: RSAPrivateKey
) -> None:
    settings = _settings(project, 'path = "k.pem"')
    _pem(key, project / "k.pem")
    cipher = open_to_encrypt(settings, GIVEN, now=datetime.now(UTC)).cipher
    assert (cipher.opener is not None, cipher.store_type) == (True, "JKS")
    made = cipher.encrypt("a", Secret("v"))
    for passwords in (NONE, GIVEN):
        assert open_to_decrypt(settings, passwords).decrypt("a", made).reveal() == "v"
    _pem(key, project / "k.pem", of=other_key)
    for passwords in (NONE, GIVEN):
        with pytest.raises((UnprovenCertificateError, KeystoreError)):
            open_to_encrypt(settings, passwords, now=datetime.now(UTC))
        with pytest.raises(KeystoreError):
            open_to_decrypt(settings, passwords)


def test_a_pem_file_whose_key_has_a_password_asks_for_it(project: Path) -> None:
    (project / "k.pem").write_bytes((VECTORS / "key-pkcs8.pem").read_bytes())
    settings = _settings(project, 'path = "k.pem"')
    with pytest.raises((NoPasswordError, PasswordNeededError)):
        open_to_decrypt(settings, NONE)
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return "changeit"

    assert isinstance(open_to_decrypt(settings, PasswordChain((Prompt(ask),))), Opener)
    assert asked == [1]


def test_without_a_store_nothing_is_decrypted(project: Path, key: RSAPrivateKey) -> None:
    _pem(None, project / "c.pem", of=key)
    settings = _settings(project, 'certificate = "c.pem"')
    with pytest.raises(ConfigError, match="names no keystore") as caught:
        open_to_decrypt(settings, GIVEN)
    assert caught.value.path == settings.origin
    assert open_to_encrypt(settings, GIVEN, now=datetime.now(UTC)).cipher.opener is None


def test_a_fingerprint_must_be_that_of_the_certificate(project: Path) -> None:
    entry = open_keystore(project / "security/primary.p12", PASSWORD).entry("primary")
    right = _settings(project, f'{STORE}\nfingerprint = "sha256:{entry.sha256}"')
    assert open_to_encrypt(right, GIVEN, now=datetime.now(UTC)).cipher.opener is not None
    wrong = _settings(project, f'{STORE}\nfingerprint = "sha256:{"0" * 64}"')
    with pytest.raises(UnprovenCertificateError, match="not the expected one"):
        open_to_encrypt(wrong, GIVEN, now=datetime.now(UTC))


def test_a_key_that_is_too_small_is_an_error_of_the_store(project: Path) -> None:
    settings = _settings(project, STORE, "[encryption]\nminimum_bits = 2049\n")
    with pytest.raises(KeyTooSmallError) as caught:
        open_to_encrypt(settings, GIVEN, now=datetime.now(UTC))
    assert caught.value.path == project / "security/primary.p12"
    open_to_encrypt(_settings(project, STORE, "[encryption]\nminimum_bits = 2048\n"), GIVEN, now=datetime.now(UTC))


def test_textbook_rsa_is_read_where_it_is_allowed_and_warned_of(project: Path, key: RSAPrivateKey) -> None:
    _pem(key, project / "k.pem")
    more = f'[encryption]\nscheme = "{UNPADDED.name}"\n'
    settings = _settings(project, 'path = "k.pem"', more, "carbon4")
    with pytest.raises(UnsupportedSchemeError):
        open_to_decrypt(settings, NONE)
    with pytest.raises(UnsupportedSchemeError):
        open_to_encrypt(settings, GIVEN, now=datetime.now(UTC))
    cipher = open_to_decrypt(settings, NONE, allow_unpadded=True)
    assert cipher.unpadded
    (project / "security/vault.properties").write_text(f"a={'A' * 342}\\=\\=\n")
    warned: list[str] = []
    vault = Vault.open(project / "ciphertool.toml", passwords=NONE, warn=warned.append)
    with pytest.raises(Exception, match="'a'"):
        vault["a"]
    assert [message.partition(": ")[2] for message in warned] == [
        "its values are encrypted with textbook RSA; encrypt them with another scheme"
    ]


def test_a_native_vault_takes_native_schemes_alone(project: Path) -> None:
    more = '[encryption]\nscheme = "RSA/ECB/PKCS1Padding"\n'
    settings = _settings(project, STORE, more)
    with pytest.raises(UnsupportedSchemeError, match="a native vault accepts only native schemes"):
        open_to_decrypt(settings, GIVEN)
    assert isinstance(open_to_decrypt(_settings(project, STORE, more, "carbon4"), GIVEN), Opener)


def test_a_secret_key_serves_a_carbon_vault_alone(project: Path) -> None:
    given = PasswordChain((Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": AES_PASSWORD}),))
    path = AES_STORES / "keys.p12"
    store = f'path = "{path}"\nalias = "aes256"'
    for kind in ("native", "carbon5"):
        settings = _settings(project, store, "", kind)
        for use in (open_to_decrypt, partial(open_to_encrypt, now=datetime.now(UTC))):
            with pytest.raises(UnsupportedSchemeError, match=f"a {kind} vault needs an RSA key") as caught:
                use(settings, given)
            assert (caught.value.path, "the entry of an RSA key" in caught.value.hint) == (path, True)
    settings = _settings(project, store, "", "carbon4")
    opener = open_to_decrypt(settings, given)
    assert (opener.unpadded, type(opener.duplicate())) == (False, type(opener))
    sealer, warnings = open_to_encrypt(settings, given, now=datetime.now(UTC))
    assert (sealer.recipient, sealer.store_type, sealer.key_alias) == ("the AES key 'aes256'", "PKCS12", "aes256")
    assert (sealer.key_id, sealer.subject, warnings) == (None, None, ())
    assert opener.open("a", sealer.seal("a", Secret("pässword"))).reveal() == "pässword"


def test_a_secret_key_has_no_certificate_to_prove(project: Path) -> None:
    given = PasswordChain((Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": AES_PASSWORD}),))
    store = f'path = "{AES_STORES / "keys.p12"}"\nalias = "aes256"\nfingerprint = "sha256:{"0" * 64}"'
    settings = _settings(project, store, "", "carbon4")
    with pytest.raises(UnprovenCertificateError) as caught:
        open_to_encrypt(settings, given, now=datetime.now(UTC))
    assert (caught.value.alias, caught.value.path) == ("aes256", AES_STORES / "keys.p12")
    assert "fingerprint" in caught.value.hint


def test_what_is_wrong_with_a_certificate_is_warned_of_by_file_and_alias(project: Path, key: RSAPrivateKey) -> None:
    path = project / "security/primary.p12"
    request = CertificateRequest(subject="CN=old", bits=2048, days=1)
    path.write_bytes(create_keystore(request, "primary", PASSWORD, now=datetime(2020, 1, 1, tzinfo=UTC)))
    warnings = open_to_encrypt(_settings(project, STORE), GIVEN, now=datetime.now(UTC)).warnings
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{path} (primary): the certificate ")
    assert "expired" in warnings[0]
    (project / "c.pem").write_bytes(certificate(key, KEY_USAGES[0]).public_bytes(Encoding.PEM))
    unstated = open_to_encrypt(_settings(project, 'certificate = "c.pem"'), NONE, now=datetime.now(UTC)).warnings
    assert [warning for warning in unstated if warning.startswith(f"{project / 'c.pem'}: the certificate ")]
    assert "(" not in unstated[0].partition(":")[0]


def test_a_password_file_that_everybody_reads_is_warned_of(project: Path) -> None:
    (project / "p").write_text(PASSWORD)
    for mode, exposed in ((0o644, True), (0o600, False)):
        (project / "p").chmod(mode)
        warnings = open_to_encrypt(
            _settings(project, STORE), PasswordChain((PasswordFile(project / "p"),)), now=datetime.now(UTC)
        ).warnings
        assert [warning.startswith(f"{project / 'p'}: password file") for warning in warnings] == [True] * exposed


def test_a_key_that_everybody_has_is_warned_of_and_stops_the_strict_policy(project: Path) -> None:
    """The certificate is that of WSO2's default keystore."""
    published = x509.load_pem_x509_certificate((VECTORS.parent / "published-key.pem").read_bytes())
    entry = Entry("published", EntryKind.TRUSTED, (published.public_bytes(Encoding.DER),), datetime.now(UTC))
    path = project / "security/primary.p12"
    path.write_bytes(write("PKCS12", [entry], PASSWORD))
    settings = _settings(project, 'path = "security/primary.p12"', "", "carbon4")
    settings = settings._replace(encryption=settings.encryption._replace(minimum_bits=1024))
    warnings = open_to_encrypt(settings, GIVEN, now=datetime.now(UTC)).warnings
    assert [warning for warning in warnings if "PUBLIC KEY, it protects nothing: anyone can obtain" in warning]
    with pytest.raises(RefusedCertificateError, match="is not secret: anyone can obtain") as caught:
        open_to_encrypt(
            settings._replace(encryption=settings.encryption._replace(policy=Policy.STRICT)),
            GIVEN,
            now=datetime.now(UTC),
        )
    assert caught.value.path == path


def test_a_published_key_is_known_by_its_certificate_alone(project: Path) -> None:
    (project / "c.pem").write_bytes((VECTORS.parent / "published-key.pem").read_bytes())
    settings = _settings(project, 'certificate = "c.pem"', "", "carbon4")
    settings = settings._replace(encryption=settings.encryption._replace(minimum_bits=1024))
    warnings = open_to_encrypt(settings, NONE, now=datetime.now(UTC)).warnings
    assert [warning for warning in warnings if "PUBLIC KEY, it protects nothing: anyone can obtain" in warning]
    strict = settings._replace(encryption=settings.encryption._replace(policy=Policy.STRICT))
    with pytest.raises(RefusedCertificateError, match="is not secret: anyone can obtain"):
        open_to_encrypt(strict, NONE, now=datetime.now(UTC))


def test_a_store_that_needs_no_password_but_may_have_one_asks_for_it(project: Path) -> None:
    """Only a PEM file, and what a plug-in reads, is opened without."""
    (project / "security/primary.p12").write_bytes((VECTORS / "openssl-no-mac-clear.p12").read_bytes())
    with pytest.raises(NoPasswordError):
        open_to_decrypt(_settings(project, 'path = "security/primary.p12"'), NONE)


def test_a_vault_of_another_keys_values_gets_no_new_ones(protected: Path, run: Run) -> None:
    settings = load(protected / "ciphertool.toml")
    repository = open_repository(settings.kind, settings.repository)
    require_one_key(open_to_encrypt(settings, GIVEN, now=datetime.now(UTC)).cipher, repository)
    request = CertificateRequest(subject="CN=another", bits=2048)
    (protected / "security/primary.p12").write_bytes(
        create_keystore(request, "primary", PASSWORD, now=datetime.now(UTC))
    )
    other = open_to_encrypt(settings, GIVEN, now=datetime.now(UTC)).cipher
    with pytest.raises(OtherKeyError) as caught:
        require_one_key(other, repository)
    assert caught.value.path == settings.repository
    assert set(other.other_keys(repository)) == set(SECRETS)
    assert run("protect").status == 4


def _own_password(project: Path, name: str) -> tuple[str, str]:
    """Make the project's keystore one whose key has its own password; return the alias and the keystore password."""
    store = project / "security/primary.p12"
    if name in ("JKS", "PKCS12"):
        request = CertificateRequest(subject="CN=test", bits=2048)
        now = datetime.now(UTC)
        store.write_bytes(
            create_keystore(request, "primary", PASSWORD, now=now, format_name=name, key_password=KEY_PASSWORD)
        )
        return "primary", PASSWORD
    store.write_bytes((VECTORS / name).read_bytes())
    return "other", "changeit"


_UBER = pytest.param("bouncy.uber", marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="needs Twofish"))


@pytest.mark.parametrize(
    "name", ["JKS", "PKCS12", "key-password.jceks", "key-password.jks", "bouncy.bks", "bouncy.bks1", _UBER]
)
def test_a_key_with_its_own_password_encrypts_without_it_and_decrypts_only_with_it(project: Path, name: str) -> None:
    alias, password = _own_password(project, name)
    given = {"CIPHERTOOL_KEYSTORE_PASSWORD": password}
    alone = PasswordChain((Environment(given),))
    both = PasswordChain((Environment({**given, "CIPHERTOOL_KEY_PASSWORD": KEY_PASSWORD}),))
    settings = _settings(project, f'path = "security/primary.p12"\nalias = "{alias}"')
    with_key = open_to_encrypt(settings, both, now=datetime.now(UTC))
    without = open_to_encrypt(settings, alone, now=datetime.now(UTC))
    assert with_key.sealer.opener is not None
    assert without.sealer.opener is None
    assert without.warnings == with_key.warnings
    assert without.sealer.recipient == with_key.sealer.recipient
    opener = open_to_decrypt(settings, both)
    assert isinstance(opener, Opener)
    assert opener.open("a", without.sealer.seal("a", Secret("v"))).reveal() == "v"
    with pytest.raises(WrongKeyPasswordError):
        open_to_decrypt(settings, alone)


def test_a_wrong_key_password_is_warned_of_and_values_are_encrypted(project: Path) -> None:
    _own_password(project, "JKS")
    wrong = {"CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD, "CIPHERTOOL_KEY_PASSWORD": CANARY}
    primary = open_to_encrypt(_settings(project, STORE), PasswordChain((Environment(wrong),)), now=datetime.now(UTC))
    assert primary.sealer.opener is None
    (warning,) = primary.warnings
    assert str(project / "security/primary.p12") in warning
    assert "wrong key password for 'primary' (from CIPHERTOOL_KEY_PASSWORD)" in warning
    assert "can be encrypted, but not decrypted" in warning
    assert CANARY not in warning


def test_a_certificate_beside_a_key_with_its_own_password_encrypts(project: Path) -> None:
    alias, _ = _own_password(project, "JKS")
    leaf = open_keystore(project / "security/primary.p12", PASSWORD).certificate(alias)
    (project / "c.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    settings = _settings(project, f'{STORE}\ncertificate = "c.pem"')
    primary = open_to_encrypt(settings, GIVEN, now=datetime.now(UTC))
    assert (primary.sealer.opener, primary.warnings) == (None, ())


def test_a_store_without_a_mac_needs_its_key_to_prove_the_certificate(project: Path) -> None:
    """The keystore password proves nothing there."""
    _own_password(project, "PKCS12")
    path = project / "security/primary.p12"
    version, safe, _ = der.parse(path.read_bytes(), Budget("test")).sequence(3)
    path.write_bytes(der.encode(der.SEQUENCE, bytes(version.encoding), bytes(safe.encoding)))
    store = open_keystore(path, PASSWORD)
    assert not store.verified
    with pytest.raises(WrongKeyPasswordError) as caught:
        store.encryption_certificate()
    assert "CIPHERTOOL_KEY_PASSWORD" in caught.value.hint
    assert store.encryption_certificate(key_password=KEY_PASSWORD)
    assert store.encryption_certificate(fingerprint=f"sha256:{store.entries[0].sha256}")


def test_a_person_is_asked_for_the_keys_own_password_only_to_decrypt(project: Path) -> None:
    _own_password(project, "JKS")
    settings, asked = _settings(project, STORE), []

    def answering(name: str, answer: str | None) -> Callable[[], str | None]:
        return lambda: asked.append(name) or answer  # type: ignore[func-returns-value]

    def chain(key: str | None) -> PasswordChain:
        return PasswordChain((Prompt(answering("store", PASSWORD), answering("key", key)),))

    assert open_to_encrypt(settings, chain(KEY_PASSWORD), now=datetime.now(UTC)).sealer.opener is None
    assert asked == ["store"]
    assert isinstance(open_to_decrypt(settings, chain(KEY_PASSWORD)), Opener)
    assert asked == ["store", "store", "key"]
    with pytest.raises(WrongKeyPasswordError) as unanswered:
        open_to_decrypt(settings, chain(None))
    assert "(from" not in unanswered.value.message
    with pytest.raises(WrongKeyPasswordError, match=r"\(from the prompt\)") as wrong:
        open_to_decrypt(settings, chain(CANARY))
    assert CANARY not in f"{wrong.value}{wrong.value!r}"


def test_only_a_pem_file_and_a_plug_ins_keystore_may_open_without_a_password(project: Path) -> None:
    settings = _settings(project, STORE)
    store = open_keystore(settings.keystore.path or project, PASSWORD)
    assert not opens_without(settings, store)
    by_plug_in = settings.keystore._replace(format="json-keys")
    assert opens_without(settings._replace(keystore=by_plug_in), store)


def test_a_vault_whose_password_is_its_key_opens_and_seals(project: Path) -> None:
    settings = _settings(project, STORE, kind="carbon4")
    settings = settings._replace(encryption=settings.encryption._replace(key_based=True))
    access = VaultAccess(settings, PasswordChain((Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": "0" * 64}),)))
    sealed = access.to_seal(now=datetime.now(UTC)).sealer.seal("a", Secret("v"))
    opened = access.to_open()
    assert opened.keystore is None
    assert opened.opener.open("a", sealed).reveal() == "v"


def test_the_hint_about_a_missing_certificate_makes_it(project: Path, run: Run) -> None:
    settings = (project / "ciphertool.toml").read_text()
    with_certificate = settings.replace(
        'alias = "primary"\n', 'alias = "primary"\ncertificate = "security/a b.pem"\n', 1
    )
    (project / "ciphertool.toml").write_text(with_certificate)
    refused = run("protect")
    assert (refused.status, "a b.pem: no such certificate file" in refused.err) == (4, True)
    command = refused.err.partition("or make the file: ciphertool ")[2].splitlines()[0]
    assert run(*shlex.split(command)).status == 0
    assert run("protect").status == 0
