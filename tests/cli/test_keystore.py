"""`ciphertool keystore …`, with keytool as second opinion where there is one."""

from __future__ import annotations

import json
import os
import ssl
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ciphertool.keystore import open_keystore
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.delenv("CIPHERTOOL_KEY_PASSWORD", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_pipe_that_nobody_writes_to_is_refused_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "ciphertool", "keystore", "list", "pipe"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert "pipe: cannot be read: not a regular file" in done.stderr


@pytest.fixture
def tls(run: Run, tmp_path: Path) -> Path:
    arguments = (
        "--role",
        "tls",
        "--subject",
        "CN=localhost",
        "--name",
        "localhost",
        "--bits",
        "2048",
        "--alias",
        "tls",
    )
    assert run("keystore", "create", "tls.p12", *arguments).status == 0
    return tmp_path / "tls.p12"


def test_create_and_list(tls: Path, run: Run) -> None:
    assert stat.S_IMODE(tls.stat().st_mode) == 0o600
    (entry,) = json.loads(run("keystore", "list", "tls.p12", "--json").out)
    assert {
        k: entry[k] for k in ("alias", "kind", "chain", "algorithm", "bits", "key_usage", "key_usage_critical")
    } == {
        "alias": "tls",
        "kind": "key",
        "chain": 1,
        "algorithm": "RSA",
        "bits": 2048,
        "key_usage": ["digitalSignature", "keyEncipherment"],
        "key_usage_critical": True,
    }
    listed = run("keystore", "list", "tls.p12")
    assert "PKCS12, 1 entry" in listed.err
    table = listed.out
    assert "tls    key   1      RSA 2048" in table
    assert run("keystore", "create", "tls.p12").status == 3, "nothing that exists is written over"


@pytest.mark.usefixtures("tls")
def test_check_judges_by_role(run: Run) -> None:
    found = json.loads(run("keystore", "check", "tls.p12", "--role", "primary", "--json").out)
    assert "key-usage-refused" in {f["rule"] for f in found}
    outcome = run("keystore", "check", "tls.p12", "--role", "tls")
    assert outcome.status == 1
    assert "self-signed" in outcome.out
    assert run("keystore", "create", "p.p12", "--bits", "2048").status == 0
    assert run("keystore", "check", "p.p12", "--role", "primary").status == 0


def test_export_trust_and_delete(tls: Path, run: Run, tmp_path: Path) -> None:
    pem = run("keystore", "export", "tls.p12").out
    assert ssl.PEM_cert_to_DER_cert(pem) == open_keystore(tls, PASSWORD).entry("tls").chain[0]
    (tmp_path / "tls.pem").write_text(pem)
    assert run("keystore", "trust", "trust.jks", "tls.pem", "--alias", "front", "--format", "JKS").status == 0
    (entry,) = open_keystore(tmp_path / "trust.jks", PASSWORD).entries
    assert (entry.alias, entry.kind.value) == ("front", "trusted")
    trusted = run("keystore", "check", "tls.p12", "--role", "tls", "--truststore", "trust.jks", "--json").out
    assert {"self-signed", "not-trusted"}.isdisjoint(f["rule"] for f in json.loads(trusted))
    assert run("keystore", "delete", "trust.jks", "FRONT").status == 0
    assert open_keystore(tmp_path / "trust.jks", PASSWORD).entries == ()
    assert run("keystore", "delete", "trust.jks", "front").status == 4


@pytest.mark.usefixtures("tls")
def test_the_private_key_leaves_only_on_request_and_encrypted(run: Run, tmp_path: Path) -> None:
    assert "PRIVATE KEY" not in run("keystore", "export", "tls.p12", "--chain").out
    encrypted = run("keystore", "export", "tls.p12", "--private-key", "-o", "key.pem")
    assert encrypted.status == 0
    assert "BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "key.pem").read_text()
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert run("keystore", "export", "tls.p12", "--clear").status == 2
    clear = run("keystore", "export", "tls.p12", "--private-key", "--clear").out
    assert "BEGIN PRIVATE KEY" in clear


@pytest.mark.usefixtures("tls")
def test_convert_and_change_the_password(run: Run, tmp_path: Path) -> None:
    assert run("keystore", "import", "tls.jks", "tls.p12", "--format", "JKS").status == 0
    (tmp_path / "new").write_text("another password\n")
    assert run("keystore", "change-password", "tls.jks", "--new-password-file", "new").status == 0
    opened = open_keystore(tmp_path / "tls.jks", "another password")
    assert opened.format == "JKS"
    assert opened.private_key("tls") is not None
    assert run("keystore", "list", "tls.jks", "--password-file", "new").status == 0


def test_a_request_is_answered(tls: Path, run: Run, tmp_path: Path) -> None:
    """A certificate authority made by openssl's command line signs the request; the chain comes from a truststore."""
    assert run("keystore", "csr", "tls.p12", "--name", "localhost", "-o", "tls.csr").status == 0
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem"]
    subprocess.run([*openssl, "-subj", "/CN=ca", "-days", "30"], check=True, capture_output=True)
    sign = ["openssl", "x509", "-req", "-in", "tls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7"]
    subprocess.run([*sign, "-copy_extensions", "copy", "-out", "answer.pem"], check=True, capture_output=True)
    assert run("keystore", "trust", "ca.p12", "ca.pem", "--alias", "ca").status == 0
    (tmp_path / "ca-only.pem").write_bytes((tmp_path / "ca.pem").read_bytes())
    assert run("keystore", "import", "tls.p12", "ca-only.pem").status == 4, "not the key's certificate"
    answered = run("keystore", "import", "tls.p12", "answer.pem", "--truststore", "ca.pem")
    assert answered.status == 0, answered.err
    assert len(open_keystore(tls, PASSWORD).entry("tls").chain) == 2


@pytest.mark.jvm
@pytest.mark.usefixtures("tls")
def test_keytool_reads_what_was_made(run: Run) -> None:
    assert run("keystore", "import", "tls.jks", "tls.p12", "--format", "JKS").status == 0
    for store in ("tls.p12", "tls.jks"):
        done = subprocess.run(
            ["keytool", "-list", "-v", "-keystore", store, "-storepass:env", "CIPHERTOOL_KEYSTORE_PASSWORD"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "Alias name: tls" in done.stdout
        assert "PrivateKeyEntry" in done.stdout
        assert "DNSName: localhost" in done.stdout


@pytest.mark.corpus
def test_a_real_store_without_its_password(corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    listed = json.loads(run("keystore", "list", str(corpus / "keystores/is-7.0-two-keys.jks"), "--json").out)
    aliases = [entry["alias"] for entry in listed if entry["kind"] == "key"]
    assert sorted(aliases) == ["newkey", "wso2carbon"]
    found = run("keystore", "check", str(corpus / "keystores/synapse-transport.jks"), "--role", "primary")
    assert found.status == 1
    assert "key-usage-refused" in found.out
