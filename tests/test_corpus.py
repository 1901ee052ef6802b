"""The main job on the real homes, keystores and ciphertexts of WSO2."""

from __future__ import annotations

import base64
import csv
import difflib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from tests.interop.java_cipher import JavaError, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

pytestmark = pytest.mark.corpus

CONF = Path("repository/conf")
XML = [
    CONF / name
    for name in ("carbon.xml", "user-mgt.xml", "datasources/master-datasources.xml", "tomcat/catalina-server.xml")
]
SECRETS = {
    "Carbon.Security.KeyStore.Password": "wso2carbon",
    "Carbon.Security.KeyStore.KeyPassword": "wso2carbon",
    "Carbon.Security.TrustStore.Password": "wso2carbon",
    "UserManager.AdminUser.Password": "admin",
    "Datasources.WSO2_CARBON_DB.Configuration.Password": "wso2carbon",
    "Server.Service.Connector.keystorePass": "wso2carbon",
}
HOMES = {"carbon-4.4.x-home": (), "carbon-4.4.3-home": ("--minimum-bits", "1024")}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wso2carbon")
    monkeypatch.chdir(tmp_path)


def _copied(corpus: Path, name: str, to: Path) -> Path:
    home = to / "home"
    shutil.copytree(corpus / name, home)
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return home


def _properties(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="latin-1").splitlines()
    return {k: v.replace("\\=", "=") for k, v in (line.split("=", 1) for line in lines if line and line[0] != "#")}


@pytest.mark.parametrize("name", HOMES)
def test_a_home_is_protected_with_18_changed_lines_and_comes_back(
    corpus: Path, tmp_path: Path, run: Run, name: str
) -> None:
    home = _copied(corpus, name, tmp_path)
    outcome = run("protect", "--home", str(home), *HOMES[name])
    assert outcome.status == 0, outcome.err
    changed = 0
    for path in XML:
        before, after = (root.joinpath(path).read_bytes() for root in (corpus / name, home))
        old, new = (data.decode("latin-1").splitlines(keepends=True) for data in (before, after))
        lines = difflib.unified_diff(old, new)
        changed += sum(line[0] in "+-" and not line.startswith(("+++", "---")) for line in lines)
        assert Vault.open(home).resolve_file(home / path) == before
    assert changed == 18
    others = [
        p for p in home.rglob("*") if p.is_file() and p.relative_to(home) not in XML and "security/" not in str(p)
    ]
    assert all(p.read_bytes() == (corpus / name / p.relative_to(home)).read_bytes() for p in others)
    vault = Vault.open(home)
    assert {alias: vault[alias].reveal() for alias in SECRETS} == SECRETS
    assert vault.check() == 6
    tree = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    again = run("protect", "--home", str(home), *HOMES[name])
    assert (again.status, "nothing to do" in again.err) == (0, True)
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == tree


def test_the_1024_bit_home_is_refused_with_the_option_that_allows_it(corpus: Path, tmp_path: Path, run: Run) -> None:
    home = _copied(corpus, "carbon-4.4.3-home", tmp_path)
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 4
    assert "1024 bits" in outcome.err
    assert "--minimum-bits 1024" in outcome.err
    assert not (home / CONF / "security/secret-conf.properties").exists()


@pytest.mark.jvm
@pytest.mark.parametrize("name", HOMES)
def test_java_decrypts_every_value(corpus: Path, tmp_path: Path, run: Run, name: str) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from ciphertool.keystore import open_keystore

    home = _copied(corpus, name, tmp_path)
    assert run("protect", "--home", str(home), *HOMES[name]).status == 0
    security = home / CONF / "security"
    conf = _properties(security / "secret-conf.properties")
    stored = _properties(security / "cipher-text.properties")
    key = open_keystore(Path(conf["keystore.identity.location"]), "wso2carbon").private_key("wso2carbon")
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    answers = ask(
        [
            ("decrypt", conf["secretRepositories.file.algorithm"], "", b"", der, base64.b64decode(value))
            for value in stored.values()
        ]
    )
    assert not [answer for answer in answers if isinstance(answer, JavaError)]
    assert {a: v.decode() for a, v in zip(stored, answers, strict=True) if isinstance(v, bytes)} == SECRETS


@pytest.mark.parametrize("name", ["carbon-4.4.x-home", "carbon-4.4.3-home"])
def test_what_java_protected_resolves(corpus: Path, name: str) -> None:
    home = corpus / "protected-by-java" / name
    vault = Vault.open(home)
    assert {alias: vault[alias].reveal() for alias in SECRETS} == SECRETS
    assert vault.check() == 6
    user_mgt = vault.load(home / CONF / "user-mgt.xml")
    assert user_mgt.findtext(".//AdminUser/Password") == "admin"
    connectors = vault.load(home / CONF / "tomcat/catalina-server.xml").findall(".//Connector[@keystorePass]")
    assert [connector.get("keystorePass") for connector in connectors] == ["wso2carbon"]


def test_every_real_ciphertext_decrypts_or_is_refused_by_name(corpus: Path, run: Run) -> None:
    with (corpus / "ciphertext-pairs.tsv").open(encoding="utf-8") as pairs:
        rows = list(csv.DictReader(pairs, delimiter="\t"))
    assert len(rows) == 14
    for row in rows:
        arguments = ["--keystore", str(corpus / row["keystore"]), "--key-alias", row["key_alias"]]
        outcome = run(
            "decrypt", *arguments, "--transformation", row["transformation"], stdin=row["ciphertext"].encode()
        )
        if row["transformation"] == "RSA/ECB/NoPadding":
            assert (outcome.status, outcome.out) == (3, "")
            assert "RSA/ECB/NoPadding" in outcome.err
        else:
            assert (outcome.status, outcome.out) == (0, row["plaintext"])
            automatic = run("decrypt", *arguments, "--transformation", "auto", stdin=row["ciphertext"].encode())
            assert automatic.out == row["plaintext"]


@pytest.mark.filterwarnings("ignore:.*is in clear")
def test_carbon_5_resolves(corpus: Path, run: Run) -> None:
    arguments = (
        "--config",
        str(corpus / "carbon-5-kernel/deployment.yaml"),
        "--keystore",
        str(corpus / "carbon-5-secvault/resources/security/securevault.jks"),
        "--repository",
        str(corpus / "carbon-5-kernel/secrets.properties"),
    )
    for alias, value in (
        ("wso2.sample.password1", "ABC@123"),
        ("wso2.sample.password2", "ABC@1234"),
        ("wso2.sample.tenant", "default"),
    ):
        outcome = run("get", alias, *arguments)
        assert (outcome.status, outcome.out) == (0, f"{value}\n"), outcome.err
        assert ("is in clear" in outcome.err) == (alias == "wso2.sample.password1")
    original = (corpus / "carbon-5-kernel/deployment.yaml").read_text()
    resolved = run("resolve", str(corpus / "carbon-5-kernel/deployment.yaml"), *arguments)
    assert resolved.out == original.replace("${sec:wso2.sample.tenant}", "default")


def test_carbon_5_paths_are_found_with_definitions(corpus: Path, tmp_path: Path, run: Run) -> None:
    runtime = tmp_path / "conf/default"
    runtime.mkdir(parents=True)
    (tmp_path / "resources/security").mkdir(parents=True)
    for source, target in (
        ("carbon-5-kernel/deployment.yaml", runtime),
        ("carbon-5-kernel/secrets.properties", runtime),
        ("carbon-5-secvault/securevault/conf/master-keys.yaml", runtime),
        ("carbon-5-secvault/resources/security/securevault.jks", tmp_path / "resources/security"),
    ):
        shutil.copy(corpus / source, target)
    outcome = run(
        "get", "wso2.sample.tenant", "--config", str(runtime / "deployment.yaml"), "--define", "wso2.runtime=default"
    )
    assert (outcome.status, outcome.out) == (0, "default\n"), outcome.err


def test_a_keystore_for_signing_is_refused_as_wrong_key_usage(corpus: Path, run: Run) -> None:
    outcome = run(
        "encrypt",
        "--keystore",
        str(corpus / "keystores/synapse-transport.jks"),
        "--key-alias",
        "transport",
        "--secret-alias",
        "a",
        stdin=b"value",
    )
    assert (outcome.status, outcome.out) == (4, "")
    for told in ("wrong key usage", "transport", "digitalSignature", "critical", "KU:critical=dataEncipherment"):
        assert told in outcome.err


def test_a_public_default_key_is_shouted_about_and_stops_the_strict_policy(
    corpus: Path, tmp_path: Path, run: Run
) -> None:
    home = _copied(corpus, "carbon-4.4.x-home", tmp_path)
    strict = run("protect", "--home", str(home), "--policy", "strict")
    assert strict.status == 4
    assert not (home / CONF / "security/secret-conf.properties").exists()
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert "PUBLIC KEY, it protects nothing" in outcome.err
