"""A Carbon home is read from its own files, and its runtime finds what it needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, settings
from ciphertool.errors import ConfigError
from ciphertool.keystore.create import CertificateRequest, create_keystore
from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

CARBON_XML = """\
<?xml version="1.0" encoding="ISO-8859-1"?>
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
  <Security>
    <KeyStore>
      <Location>${carbon.home}/repository/resources/security/primary.jks</Location>
      <Type>JKS</Type><Password>c4n4ry-store</Password><KeyAlias>primary</KeyAlias>
    </KeyStore>
  </Security>
</Server>
"""
TARGETS = (
    "# aliases\r\n"
    "Carbon.Security.KeyStore.Password=repository/conf/carbon.xml//Server/Security/KeyStore/Password,false\r\n"
    "Server.Service.Connector.keystorePass="
    "repository/conf/tomcat/catalina-server.xml//Server/Service/Connector[@keystorePass],true\r\n"
    "Absent.Password=repository/conf/absent.xml//A/B,false"
)
CATALINA = """\
<Server><Service>
  <Connector port="9763"/>
  <Connector port="9443" keystorePass="c4n4ry-connector"/>
  <Connector port="9444" keystorePass="c4n4ry-connector"/>
</Service></Server>
"""


@pytest.fixture(scope="module")
def jks() -> bytes:
    request = CertificateRequest(subject="CN=home", bits=2048)
    return create_keystore(request, "primary", PASSWORD, now=datetime.now(UTC), format_name="JKS")


@pytest.fixture
def home(tmp_path: Path, jks: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    files = {
        "repository/conf/carbon.xml": CARBON_XML.encode(),
        "repository/conf/tomcat/catalina-server.xml": CATALINA.encode(),
        "repository/conf/security/cipher-tool.properties": TARGETS.encode(),
        "repository/conf/security/cipher-text.properties": b"Carbon.Security.KeyStore.Password=[c4n4ry-store]\r\n",
        "repository/resources/security/primary.jks": jks,
    }
    for name, data in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.chdir(tmp_path)
    return home


def _entries(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if line and line[0] != "#")


def test_a_home_is_protected_and_resolved(home: Path, run: Run) -> None:
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert "Absent.Password: skipped" in outcome.err
    vault = Vault.open(home)
    assert vault["Carbon.Security.KeyStore.Password"].reveal() == "c4n4ry-store"
    assert vault["Server.Service.Connector.keystorePass"].reveal() == "c4n4ry-connector"
    for name, original in (("carbon.xml", CARBON_XML), ("tomcat/catalina-server.xml", CATALINA)):
        path = home / "repository/conf" / name
        assert b"c4n4ry" not in path.read_bytes()
        assert vault.resolve_file(path).decode() == original
    assert vault.check() == 3


def test_a_new_vault_says_what_the_runtime_reads(home: Path, run: Run) -> None:
    assert run("protect", "--home", str(home)).status == 0
    assert _entries(home / "repository/conf/security/secret-conf.properties") == {
        "secVault.enabled": "true",
        "carbon.secretProvider": "org.wso2.securevault.secret.handler.SecretManagerSecretCallbackHandler",
        "secretRepositories": "file",
        "secretRepositories.file.provider": "org.wso2.securevault.secret.repository.FileBaseSecretRepositoryProvider",
        "secretRepositories.file.location": "repository/conf/security/cipher-text.properties",
        "secretRepositories.file.algorithm": "RSA/ECB/OAEPwithSHA1andMGF1Padding",
        "keystore.identity.location": f"{home}/repository/resources/security/primary.jks",
        "keystore.identity.type": "JKS",
        "keystore.identity.alias": "primary",
        "keystore.identity.store.password": "identity.store.password",
        "keystore.identity.store.secretProvider": "org.wso2.carbon.securevault.DefaultSecretCallbackHandler",
        "keystore.identity.key.password": "identity.key.password",
        "keystore.identity.key.secretProvider": "org.wso2.carbon.securevault.DefaultSecretCallbackHandler",
    }


def test_a_vault_that_exists_keeps_its_transformation_and_its_paths(home: Path, run: Run) -> None:
    path = home / "repository/conf/security/secret-conf.properties"
    kept = "keystore.identity.location=/opt/gone/repository/resources/security/primary.jks"
    path.write_text(f"# ours\nsecVault.enabled=false\n{kept}\n")
    assert settings.load(home).scheme == "RSA"
    assert run("protect", "--home", str(home)).status == 0
    text = path.read_text()
    assert text.startswith(f"# ours\nsecVault.enabled=true\n{kept}\n")
    assert "algorithm" not in text
    assert Vault.open(home)["Server.Service.Connector.keystorePass"].reveal() == "c4n4ry-connector"


def test_the_transformation_is_the_one_that_the_vault_declares(home: Path) -> None:
    path = home / "repository/conf/security/secret-conf.properties"
    path.write_text("secretRepositories.file.algorithm=RSA/ECB/OAEPWithSHA-256AndMGF1Padding\n")
    assert settings.load(home).scheme == "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"


def test_the_internal_keystore_goes_before_the_keystore(home: Path) -> None:
    carbon = home / "repository/conf/carbon.xml"
    internal = "<InternalKeyStore><Location>${carbon.home}/i.p12</Location><KeyAlias>i</KeyAlias></InternalKeyStore>"
    carbon.write_text(CARBON_XML.replace("</Security>", f"{internal}</Security>"))
    assert settings.load(home).keystore.path == home / "i.p12"
    assert settings.load(home).keystore.alias == "i"


def test_a_home_without_carbon_xml_is_read_from_its_standalone_file(home: Path, run: Run) -> None:
    (home / "repository/conf").rename(home / "conf")
    (home / "conf/carbon.xml").unlink()
    (home / "conf/cipher-standalone-config.properties").write_text(
        "primary.key.location=repository/resources/security/primary.jks\nprimary.key.alias=primary\n"
        "primary.key.type=JKS\ncipher.text.properties.file=conf/security/cipher-text.properties\n"
        "cipher.tool.properties.file=conf/security/cipher-tool.properties\n"
        "secret.conf.properties.file=conf/security/secret-conf.properties\n"
    )
    tool = home / "conf/security/cipher-tool.properties"
    tool.write_text("A=conf/tomcat/catalina-server.xml//Server/Service/Connector[@keystorePass],true\n")
    assert run("protect", "--home", str(home)).status == 0
    assert Vault.open(home)["A"].reveal() == "c4n4ry-connector"


def test_a_password_file_of_the_home_is_read_and_kept(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    assert run("protect", "--home", str(home)).status == 4
    (home / "password-tmp").write_text(f"{PASSWORD}\n")
    assert run("protect", "--home", str(home)).status == 0
    assert (home / "password-tmp").read_text() == f"{PASSWORD}\n"


def test_a_line_that_is_no_target_is_an_error_with_its_line(home: Path) -> None:
    tool = home / "repository/conf/security/cipher-tool.properties"
    tool.write_text("# x\nAlias=repository/conf/carbon.xml\n")
    with pytest.raises(ConfigError) as caught:
        settings.load(home)
    assert (caught.value.path, caught.value.line) == (tool, 2)


def test_what_is_no_home_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(tmp_path)
    assert caught.value.path == tmp_path


DEPLOYMENT = """\
[server] # a comment that other tools trip over
hostname = "$env{HOST}"

  [super_admin]
password = "$secret{admin_password}"

[secrets]
admin_password = "[pa]ss]"
"dotted.alias" = "[pässwörd€]"
"""


def test_a_deployment_toml_has_its_secrets_encrypted_in_place(home: Path, run: Run) -> None:
    (home / "repository/conf/security/cipher-tool.properties").unlink()
    path = home / "repository/conf/deployment.toml"
    path.write_text(DEPLOYMENT, encoding="utf-8")
    assert run("protect", "--home", str(home)).status == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith(DEPLOYMENT.split("admin_password = ")[0])
    vault = Vault.open(home)
    assert vault["admin_password"].reveal() == "pa]ss"
    assert vault["dotted.alias"].reveal() == "pässwörd€"
    assert vault.load(path)["super_admin"]["password"] == "pa]ss"
    assert vault.load(path)["server"]["hostname"] == "$env{HOST}"
    assert run("protect", "--home", str(home)).status == 0
    assert path.read_text(encoding="utf-8") == text


def test_targets_and_repository_may_be_one_file(home: Path, run: Run) -> None:
    path = home / "repository/conf/deployment.toml"
    path.write_text('[db]\npassword = "c4n4ry"  # kept\n[secrets]\nother = "[x]"\n')
    (home / "ciphertool.toml").write_text(
        '[keystore]\npath = "repository/resources/security/primary.jks"\n'
        '[repository]\npath = "repository/conf/deployment.toml"\nkind = "toml-secrets"\n'
        '[[target]]\nfile = "repository/conf/deployment.toml"\nselector = "$.db.password"\nalias = "db.password"\n'
    )
    assert run("protect", "--config", str(home / "ciphertool.toml")).status == 0
    lines = path.read_text().splitlines()
    assert lines[:3] == ["[db]", 'password = "$secret{db.password}"  # kept', "[secrets]"]
    assert lines[4].startswith('"db.password" = "')
    vault = Vault.open(home / "ciphertool.toml")
    assert (vault["db.password"].reveal(), vault["other"].reveal()) == ("c4n4ry", "x")


def test_a_homes_own_repository_is_no_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a `conf/carbon.xml`, as older homes have."""
    monkeypatch.delenv("CIPHERTOOL_CONFIG", raising=False)
    repository = home / "repository"
    assert settings.is_configuration(home)
    assert not settings.is_configuration(repository)
    assert settings.locate(repository / "conf") == home
    monkeypatch.chdir(repository)
    assert settings.locate() == home
    assert settings.is_configuration(home.rename(home.with_name("repository")))


def test_a_configuration_is_a_file_of_that_name_or_a_directory_with_one(tmp_path: Path) -> None:
    file = tmp_path / "project/ciphertool.toml"
    assert not settings.is_configuration(file.parent)
    file.parent.mkdir()
    file.touch()
    (tmp_path / "other.toml").touch()
    asked = (file, file.parent, tmp_path, tmp_path / "other.toml")
    assert [settings.is_configuration(path) for path in asked] == [True, True, False, False]


OWN = '[[target]]\nfile = "repository/conf/own.yaml"\nselector = "$.password"\nalias = "own"\n'


def test_a_ciphertool_toml_in_the_home_adds_its_targets(home: Path, run: Run) -> None:
    (home / "repository/conf/own.yaml").write_text("password: c4n4ry-own\n")
    (home / "ciphertool.toml").write_text(OWN)
    for named in ("--home", str(home)), ("--config", str(home / "ciphertool.toml")):
        assert run("protect", *named).status == 0
    vault = Vault.open(home)
    assert vault["own"].reveal() == "c4n4ry-own"
    assert vault["Carbon.Security.KeyStore.Password"].reveal() == "c4n4ry-store"
    secret_conf = home / "repository/conf/security/secret-conf.properties"
    assert "secretRepositories.file.location=repository/conf/security/cipher-text.properties" in secret_conf.read_text()


def test_one_that_states_the_repository_has_its_own_targets_alone(home: Path) -> None:
    stated = '[repository]\npath = "repository/conf/security/cipher-text.properties"\nkind = "carbon4"\n'
    (home / "ciphertool.toml").write_text(f"{stated}{OWN}")
    assert [target.alias for target in settings.load(home / "ciphertool.toml").targets] == ["own"]
    assert [target.alias for target in settings.load(home).targets] == [
        "Carbon.Security.KeyStore.Password",
        "Server.Service.Connector.keystorePass",
        "Absent.Password",
    ]
