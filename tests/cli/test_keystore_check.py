"""`ciphertool keystore check` of a store beside others: what they share, and which certificate grants trust."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import keystore
from ciphertool.keystore import CertificateRequest, Role, create_keystore, open_keystore
from tests.keystore.test_check import NOW
from tests.keystore.vectors import VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

PASSWORD, OTHER = "changeit", "another password"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.delenv("CIPHERTOOL_KEY_PASSWORD", raising=False)
    monkeypatch.chdir(tmp_path)


def _store(path: Path, password: str, role: Role = Role.PRIMARY) -> Path:
    request = CertificateRequest("CN=a", role, bits=2048, names=["localhost"])
    path.write_bytes(create_keystore(request, "a", password, now=NOW))
    path.chmod(0o600)
    return path


def _rules(run: Run, *arguments: str) -> dict[str, str]:
    found = json.loads(run("keystore", "check", *arguments, "--json").out)
    return {one["rule"]: one["message"] for one in found}


@pytest.mark.usefixtures("project")
def test_without_a_store_the_one_of_the_settings_is_checked(run: Run) -> None:
    Path("security/primary.p12").chmod(0o600)
    named = run("keystore", "check", "security/primary.p12", "--alias", "primary", "--json")
    assert run("keystore", "check", "--json") == named
    assert named.status == 0
    settings = Path("ciphertool.toml").read_text()
    Path("ciphertool.toml").write_text(settings.replace('alias = "primary"', 'alias = "other"'))
    assert "no entry 'other'" in run("keystore", "check").err
    Path("ciphertool.toml").unlink()
    assert run("keystore", "check").status == 3


def test_the_settings_can_be_named(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "security/primary.p12").chmod(0o600)
    here = run("keystore", "check", "--json")
    assert here.status == 0
    monkeypatch.chdir(project / "conf")
    (project / "conf/ciphertool.toml").write_text("broken")
    assert run("keystore", "check", "--config", "../ciphertool.toml", "--json") == here
    assert run("--config", "../ciphertool.toml", "keystore", "check", "--json") == here
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('[[password]]\nfrom = "file"\npath = "password"\n')
    (project / "password").write_text(os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"])
    (project / "password").chmod(0o600)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    assert run("keystore", "check", "--config", "../ciphertool.toml", "--json") == here


@pytest.mark.usefixtures("project")
def test_a_store_and_settings_are_two_keystores(run: Run) -> None:
    outcome = run("keystore", "check", "security/primary.p12", "--config", "ciphertool.toml")
    assert (outcome.status, outcome.err.splitlines()[0]) == (
        2,
        "error: STORE and --config name two keystores; use only one",
    )
    before = run("--config", "ciphertool.toml", "keystore", "list", "security/primary.p12")
    assert before.err.splitlines()[0] == "error: ciphertool keystore list opens no vault, so --config means nothing"


def test_keys_and_passwords_that_stores_share_are_found(tmp_path: Path, run: Run) -> None:
    first = _store(tmp_path / "first.p12", PASSWORD)
    _store(tmp_path / "same.p12", PASSWORD)
    opened = open_keystore(first, PASSWORD)
    (tmp_path / "copy.jks").write_bytes(keystore.convert(opened, "JKS", OTHER))
    _store(tmp_path / "apart.p12", OTHER)
    (tmp_path / "passwords").write_text(OTHER)
    assert run("keystore", "check", "first.p12").status == 0
    assert _rules(run, "first.p12", "--other", "same.p12") == {"shared-password": "same.p12 has the same password"}
    assert _rules(run, "first.p12", "--other", "copy.jks") == {"shared-key": "copy.jks uses the same key, as 'a'"}
    both = _rules(run, "first.p12", "--other", "same.p12", "--other", "copy.jks")
    assert sorted(both) == ["shared-key", "shared-password"]
    assert _rules(run, "first.p12", "--other", "apart.p12", "--other-password-file", "passwords") == {}
    assert run("keystore", "check", "first.p12", "--other", "copy.jks").status == 1
    outcome = run("keystore", "check", "first.p12", "--other", "apart.p12")
    assert outcome.status == 4
    assert "apart.p12" in outcome.err
    assert "--other-password-file" in outcome.err


@pytest.mark.parametrize(
    ("kept", "granted"),
    [("leaf", "certificate 1 of 3"), ("middle", "certificate 2 of 3"), ("root", "certificate 3 of 3")],
)
def test_trust_is_granted_by_any_certificate_of_the_chain(run: Run, tmp_path: Path, kept: str, granted: str) -> None:
    trusted = open_keystore(VECTORS / "trusted.p12", PASSWORD)
    for alias in {"root", "middle", "leaf"} - {kept}:
        trusted = open_keystore(tmp_path / "t", PASSWORD, data=keystore.delete(trusted, alias))
    (tmp_path / "trust.p12").write_bytes(keystore.change_password(trusted, PASSWORD))
    arguments = (str(VECTORS / "chain.p12"), "--role", "tls", "--alias", "leaf", "--truststore", "trust.p12")
    message = _rules(run, *arguments)["trusted"]
    assert f"trusted by {kept!r} of trust.p12 (" in message
    assert message.endswith(granted)
    assert "not-trusted" not in _rules(run, *arguments)
    outcome = run("keystore", "check", *arguments)
    assert f"trusted by {kept!r}" in outcome.out


def test_the_issuer_of_the_last_certificate_grants_trust_as_well(tmp_path: Path, run: Run) -> None:
    chain = open_keystore(VECTORS / "chain.p12", PASSWORD).entry("leaf").chain
    pem = tmp_path / "leaf.pem"
    store = keystore.new_keystore(tmp_path / "trust.p12", PASSWORD)
    pem.write_bytes(
        keystore.export_private_key(open_keystore(VECTORS / "chain.p12", PASSWORD), "leaf", password=PASSWORD)
    )
    text = pem.read_bytes()
    end = b"-----END CERTIFICATE-----\n"
    pem.write_bytes(text[: text.index(end) + len(end)])
    (tmp_path / "trust.p12").write_bytes(keystore.trust(store, [chain[1]], alias="issuer", now=NOW))
    message = _rules(run, "leaf.pem", "--role", "tls", "--truststore", "trust.p12")["trusted"]
    assert "'issuer'" in message
    assert message.endswith("the issuer of the last one")


def test_a_chain_without_a_trusted_certificate_is_not_trusted(tmp_path: Path, run: Run) -> None:
    _store(tmp_path / "tls.p12", PASSWORD, Role.TLS)
    found = _rules(run, "tls.p12", "--role", "tls", "--truststore", str(VECTORS / "trusted.p12"))
    assert ("not-trusted" in found, "trusted" in found) == (True, False)


def test_a_tls_key_that_the_keystore_password_does_not_open_is_tomcats_fault(run: Run) -> None:
    store = str(VECTORS / "key-password.jks")
    found = _rules(run, store, "--role", "tls", "--alias", "other")
    assert "Tomcat needs them to be the same" in found["key-password"]
    found = _rules(run, store, "--role", "primary", "--alias", "other")
    assert "no password of its own was given: the key was not checked" in found["key-not-tried"]
    assert "key-unusable" not in found


def test_commands_name_the_source_of_a_wrong_key_password(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = str(VECTORS / "key-password.jks")
    for arguments in (
        ("csr", store, "--alias", "other"),
        ("export", store, "--alias", "other", "--private-key"),
        ("import", str(tmp_path / "new.p12"), store),
    ):
        assert "(from CIPHERTOOL_KEYSTORE_PASSWORD)" in run("keystore", *arguments).err, arguments
    monkeypatch.setenv("CIPHERTOOL_KEY_PASSWORD", "wrong")
    outcome = run("keystore", "csr", store, "--alias", "other")
    assert (outcome.status, "(from CIPHERTOOL_KEY_PASSWORD)" in outcome.err) == (4, True)
