"""Which form of a value a certificate's KeyUsage permits: a block, an envelope, either or none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ciphertool import settings
from ciphertool.ciphertext import Envelope, Native
from ciphertool.errors import RefusedCertificateError, ValueTooLongError, WrongKeyUsageError
from ciphertool.keystore import CertificateRequest, Role, create_keystore
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.secret import Secret
from ciphertool.vault.opening import SealingKeys, VaultAccess
from tests.certificates.made import Usage, certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LONG = Secret("x" * 191)
SHORT = Secret("v")


def _usage(der: str, *, critical: bool = True) -> Usage:
    return Usage(bytes.fromhex(der), critical, None)


KEYS, DATA, BOTH, SIGNING = "03020520", "03020410", "03020430", "03020780"
UNSTATED = Usage(None, False, None)


@pytest.fixture
def place(tmp_path: Path, key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make settings with a key whose certificate has this KeyUsage; return their directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "any: the key is in clear")

    def make(usage: Usage, scheme: str = "auto", policy: str = "java", more: str = "") -> Path:
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "primary.pem").write_bytes(pem + certificate(key, usage).public_bytes(Encoding.PEM))
        (tmp_path / "primary.pem").chmod(0o600)
        (tmp_path / "ciphertool.toml").write_text(
            f'[keystore]\npath = "primary.pem"\n[repository]\npath = "vault.properties"\n'
            f'[encryption]\nscheme = "{scheme}"\npolicy = "{policy}"\n{more}'
        )
        return tmp_path

    return make


def _access(root: Path) -> VaultAccess:
    return VaultAccess(settings.load(root), PasswordChain((Environment(),)))


def _sealing(root: Path) -> SealingKeys:
    return _access(root).to_seal(now=NOW)


def _forms(keys: SealingKeys) -> list[type]:
    return [type(keys.sealer.seal("a", value)) for value in (SHORT, LONG)]


@pytest.mark.parametrize("scheme", ["auto", "envelope"])
def test_a_certificate_for_keys_alone_makes_envelopes(place: Callable[..., Path], scheme: str) -> None:
    root = place(_usage(KEYS), scheme)
    keys = _sealing(root)
    assert _forms(keys) == [Envelope, Envelope]
    assert keys.warnings == ()
    made = keys.sealer.seal("a", SHORT)
    assert _access(root).to_open().opener.open("a", made) == SHORT


def test_a_certificate_for_data_alone_makes_blocks(place: Callable[..., Path]) -> None:
    """What no block holds is refused, and the error says what is lacking: not a larger key."""
    keys = _sealing(place(_usage(DATA)))
    assert type(keys.sealer.seal("a", SHORT)) is Native
    assert keys.warnings == ()
    assert not keys.sealer.keeps_spelling
    with pytest.raises(ValueTooLongError) as e:
        keys.sealer.seal("a", LONG)
    assert (e.value.length, e.value.limit, e.value.bits) == (191, 190, 2048)
    assert "keyEncipherment" in str(e.value.hint)
    assert 'scheme = "auto"' in str(e.value.hint)


def test_a_certificate_for_both_makes_what_fits(place: Callable[..., Path]) -> None:
    keys = _sealing(place(_usage(BOTH)))
    assert (_forms(keys), keys.warnings) == ([Native, Envelope], ())


def test_a_certificate_that_states_nothing_makes_what_fits_with_a_warning(place: Callable[..., Path]) -> None:
    keys = _sealing(place(UNSTATED))
    assert _forms(keys) == [Native, Envelope]
    (warning,) = keys.warnings
    assert "does not state dataEncipherment: it has no KeyUsage" in warning
    (warning,) = _sealing(place(UNSTATED, "envelope")).warnings
    assert "does not state keyEncipherment: it has no KeyUsage" in warning


@pytest.mark.parametrize(("der", "forms"), [(KEYS, [Envelope, Envelope]), (BOTH, [Native, Envelope])])
def test_what_is_stated_is_preferred_if_it_is_not_critical_either(
    place: Callable[..., Path], der: str, forms: list[type]
) -> None:
    keys = _sealing(place(_usage(der, critical=False)))
    assert (_forms(keys), keys.warnings) == (forms, ())


def test_a_certificate_for_neither_is_refused_by_the_names_of_both(place: Callable[..., Path], run: Run) -> None:
    root = place(_usage(SIGNING))
    with pytest.raises(WrongKeyUsageError) as e:
        _sealing(root)
    assert (e.value.usages, e.value.path) == (("digitalSignature",), root / "primary.pem")
    assert "does not allow dataEncipherment or keyEncipherment: its critical KeyUsage allows digitalSignature" in str(
        e.value
    )
    (root / "vault.properties").write_text("a=[c4n4ry]\n")
    outcome = run("protect")
    assert outcome.status == 4
    assert "dataEncipherment or keyEncipherment" in outcome.err
    assert (root / "vault.properties").read_text() == "a=[c4n4ry]\n"


@pytest.mark.parametrize(
    ("der", "scheme", "needed"),
    [
        (DATA, "envelope", "keyEncipherment"),
        (KEYS, "RSA-OAEP-256", "dataEncipherment"),
        (SIGNING, "envelope", "keyEncipherment"),
        (SIGNING, "RSA-OAEP-256", "dataEncipherment"),
    ],
)
def test_a_stated_scheme_names_the_one_usage_that_it_needs(
    place: Callable[..., Path], der: str, scheme: str, needed: str
) -> None:
    with pytest.raises(WrongKeyUsageError) as e:
        _sealing(place(_usage(der), scheme))
    assert e.value.needed == needed
    assert f"does not allow {needed}: " in str(e.value)


@pytest.mark.parametrize(
    ("usage", "scheme", "forms"),
    [
        (_usage(BOTH), "auto", [Native, Envelope]),
        (_usage(BOTH, critical=False), "auto", [Native, Envelope]),
        (_usage(KEYS), "auto", [Envelope, Envelope]),
        (_usage(KEYS), "envelope", [Envelope, Envelope]),
        (UNSTATED, "auto", None),
        (UNSTATED, "envelope", None),
        (_usage(DATA, critical=False), "envelope", None),
    ],
)
def test_the_strict_policy_takes_what_is_stated(
    place: Callable[..., Path], usage: Usage, scheme: str, forms: list[type] | None
) -> None:
    root = place(usage, scheme, "strict")
    if forms is None:
        with pytest.raises(RefusedCertificateError, match="does not state"):
            _sealing(root)
    else:
        assert _forms(_sealing(root)) == forms


# --- recipients --------------------------------------------------------------------------------------------------


def _recipient(root: Path, key: RSAPrivateKey, usage: Usage) -> str:
    (root / "ops.pem").write_bytes(certificate(key, usage).public_bytes(Encoding.PEM))
    return '[[recipient]]\nname = "ops"\ncertificate = "ops.pem"\n'


@pytest.mark.parametrize("usage", [_usage(KEYS), _usage(BOTH)])
def test_a_recipient_needs_a_certificate_for_keys(
    place: Callable[..., Path], tmp_path: Path, other_key: RSAPrivateKey, usage: Usage
) -> None:
    keys = _sealing(place(_usage(BOTH), more=_recipient(tmp_path, other_key, usage)))
    assert (_forms(keys), keys.warnings) == ([Envelope, Envelope], ())
    made = keys.sealer.seal("a", SHORT)
    assert isinstance(made, Envelope)
    assert len(made.wrapped) == 2


def test_a_recipients_certificate_for_data_alone_is_refused(
    place: Callable[..., Path], tmp_path: Path, other_key: RSAPrivateKey
) -> None:
    with pytest.raises(WrongKeyUsageError) as e:
        _sealing(place(_usage(BOTH), more=_recipient(tmp_path, other_key, _usage(DATA))))
    assert (e.value.needed, e.value.path) == ("keyEncipherment", tmp_path / "ops.pem")


def test_with_recipients_the_primary_certificate_must_be_for_keys_too(
    place: Callable[..., Path], tmp_path: Path, other_key: RSAPrivateKey
) -> None:
    with pytest.raises(WrongKeyUsageError) as e:
        _sealing(place(_usage(DATA), more=_recipient(tmp_path, other_key, _usage(KEYS))))
    assert (e.value.needed, e.value.path) == ("keyEncipherment", tmp_path / "primary.pem")


def test_a_recipient_without_key_usage_is_warned_of(
    place: Callable[..., Path], tmp_path: Path, other_key: RSAPrivateKey
) -> None:
    more = _recipient(tmp_path, other_key, UNSTATED)
    (warning,) = _sealing(place(_usage(BOTH), more=more)).warnings
    assert "ops.pem: the certificate does not state keyEncipherment" in warning
    with pytest.raises(RefusedCertificateError) as e:
        _sealing(place(_usage(BOTH), "auto", "strict", more))
    assert e.value.path == tmp_path / "ops.pem"


# --- keystore check ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "der", "rules"),
    [
        ("recipient", KEYS, []),
        ("recipient", BOTH, []),
        ("recipient", DATA, ["key-usage-refused"]),
        ("primary", KEYS, ["key-usage-refused"]),
        ("primary", DATA, []),
    ],
)
def test_a_keystore_is_checked_for_the_role(
    place: Callable[..., Path], run: Run, role: str, der: str, rules: list[str]
) -> None:
    place(_usage(der))
    outcome = run("keystore", "check", "primary.pem", "--role", role, "--json")
    found = [one for one in json.loads(outcome.out) if one["level"] != "note"]
    assert [one["rule"] for one in found] == rules
    assert outcome.status == bool(rules)
    for one in found:
        assert one["message"].startswith("wrong key usage: ")


def test_the_help_names_the_role(run: Run) -> None:
    assert "recipient" in run("keystore", "check", "--help").out


def test_what_is_created_for_a_recipient_makes_envelopes_alone(tmp_path: Path, run: Run) -> None:
    made = create_keystore(CertificateRequest("CN=a", Role.RECIPIENT, bits=2048), "a", "changeit", now=NOW)
    (tmp_path / "a.p12").write_bytes(made)
    (tmp_path / "a.p12").chmod(0o600)
    (tmp_path / "password").write_text("changeit")
    arguments = [str(tmp_path / "a.p12"), "--password-file", str(tmp_path / "password"), "--json"]
    found = {one["rule"] for one in json.loads(run("keystore", "check", *arguments, "--role", "recipient").out)}
    assert "key-usage-refused" not in found
    found = {one["rule"] for one in json.loads(run("keystore", "check", *arguments, "--role", "primary").out)}
    assert "key-usage-refused" in found
