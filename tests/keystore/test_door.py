"""`ciphertool.keystore` is the one door: every name is documented, typed and shown in an example that runs."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import keystore
from ciphertool.errors import ConfigError, WrongKeystorePasswordError
from ciphertool.keystore import CertificateRequest, Role, configured, create_keystore, open_keystore
from ciphertool.passwords import Environment, PasswordChain

from .test_check import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "keystores.md"
PRIMARY, TLS, KEY, TRUST = "primary password", "tls password", "tls key password", "trust password"

CARBON_XML = """<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
  <Security>
    <KeyStore>
      <Location>${{carbon.home}}/repository/resources/security/primary.jks</Location>
      <Type>JKS</Type>
      <Password>{primary}</Password>
      <KeyAlias>a</KeyAlias>
      <KeyPassword>{primary}</KeyPassword>
    </KeyStore>
    <TrustStore>
      <Location>repository/resources/security/trust.p12</Location>
      <Password>{trust}</Password>
    </TrustStore>
  </Security>
</Server>
"""
CATALINA = """<Server>
  <Service>
    <Connector port="9763"/>
    <Connector port="9443" keystoreFile="${{carbon.home}}/repository/resources/security/tls.p12" keystorePass="{tls}"/>
  </Service>
</Server>
"""


def make_store(path: Path, password: str, role: Role = Role.PRIMARY, **more: Any) -> bytes:
    """Write a store with the key `a`; return its certificate in PEM."""
    path.parent.mkdir(parents=True, exist_ok=True)
    request = CertificateRequest("CN=a", role, bits=2048, names=["localhost"])
    path.write_bytes(create_keystore(request, "a", password, now=NOW, **more))
    path.chmod(0o600)
    return keystore.export_certificates(open_keystore(path, password))


def make_home(home: Path, carbon_xml: str = CARBON_XML, catalina: str = CATALINA) -> Path:
    """Make a home with a keystore for secrets, one for TLS, and a truststore."""
    conf, stores = home / "repository/conf", home / "repository/resources/security"
    (conf / "tomcat").mkdir(parents=True)
    passwords = {"primary": PRIMARY, "tls": TLS, "key": KEY, "trust": TRUST}
    (conf / "carbon.xml").write_text(carbon_xml.format(**passwords))
    (conf / "tomcat/catalina-server.xml").write_text(catalina.format(**passwords))
    make_store(stores / "primary.jks", PRIMARY, format_name="JKS")
    certificate = make_store(stores / "tls.p12", TLS, Role.TLS)
    trusted = keystore.new_keystore(stores / "trust.p12", TRUST)
    keystore.save(trusted.path, keystore.trust(trusted, keystore.read_certificates(certificate), alias="tls", now=NOW))
    return home


def test_every_name_has_a_contract_and_an_example() -> None:
    text = DOCUMENT.read_text("utf-8")
    examples = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    former = {"Entry"}
    assert set(keystore.__all__) - set(keystore._HOMES) == {"configured"}
    for name in sorted(set(keystore.__all__) - former):
        named = getattr(keystore, name)
        assert inspect.getdoc(named), name
        assert re.search(rf"`[^`]*\b{name}\b[^`]*`", text), name
        if inspect.isfunction(named):
            assert "return" in named.__annotations__, name
            assert re.search(rf"\bkeystore\.{name}\(", examples), name


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)
    make_home(tmp_path / "wso2am")
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 8
    namespace: dict[str, Any] = {}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"example {number}", "exec"), namespace)  # noqa: S102 - the page's own examples
    assert (tmp_path / "tls.p12").stat().st_mode & 0o777 == 0o600
    (left,) = open_keystore(tmp_path / "trust.p12", namespace["password"]).entries
    assert left.alias == "tls"
    assert open_keystore(tmp_path / "x", "a new password", data=namespace["changed"]).private_key()
    assert open_keystore(tmp_path / "x", namespace["password"], data=namespace["answered"]).private_key()
    assert namespace["served"].path == tmp_path / "wso2am/repository/resources/security/tls.p12"


def test_a_home_configures_a_keystore_for_each_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)
    home, stores = make_home(tmp_path), tmp_path / "repository/resources/security"
    for role, name in ((Role.TLS, "tls.p12"), ("primary", "primary.jks"), (Role.MESSAGE, "primary.jks")):
        opened = configured(home, role)
        assert opened.path == stores / name
        assert (opened.verified, bool(opened.private_key())) == (True, True)
    assert [entry.alias for entry in configured(home, "truststore").entries] == ["tls"]
    assert configured(home, "primary", passwords=PasswordChain(())).verified
    with pytest.raises(ConfigError, match="unknown keystore role 'truth'"):
        configured(home, "truth")
    for wrong in ({"CIPHERTOOL_KEYSTORE_PASSWORD": "wrong"}, {}):
        (home / "password-tmp").write_text("wrong")
        with pytest.raises(WrongKeystorePasswordError):
            configured(home, passwords=PasswordChain((Environment(wrong), *_sources(home))))
    make_store(stores / "tls.p12", "another password")
    with pytest.raises(WrongKeystorePasswordError, match=r"from .*catalina-server\.xml"):
        configured(home, "tls")


def _sources(home: Path) -> Any:
    from ciphertool.settings import load

    return load(home).password_sources


def test_the_password_of_a_configured_keystore_is_resolved_by_the_homes_vault(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalina = CATALINA.replace('keystorePass="{tls}"', 'keystorePass="{tls}" keyPass="{key}" keyAlias="b"')
    home = make_home(tmp_path, catalina=catalina)
    store = home / "repository/resources/security/tls.p12"
    make_store(store, TLS, Role.TLS, key_password=KEY)
    with_two = keystore.import_entry(
        open_keystore(store, TLS),
        open_keystore(store, TLS),
        "a",
        as_alias="b",
        source_key_password=KEY,
        key_password=KEY,
    )
    store.write_bytes(with_two)
    security = home / "repository/conf/security"
    security.mkdir()
    (security / "cipher-tool.properties").write_text(
        "Server.Service.Connector.keystorePass="
        "repository/conf/tomcat/catalina-server.xml//Server/Service/Connector[@keystorePass],true\n"
    )
    (security / "cipher-text.properties").write_text("")
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PRIMARY)
    assert run("protect", "--home", str(home)).status == 0
    assert TLS not in (home / "repository/conf/tomcat/catalina-server.xml").read_text()
    opened = configured(home, "tls")
    assert (opened.verified, opened.entry(None).alias) == (True, "b")
    assert opened.private_key()
    assert KEY not in repr(vars(opened))


def test_a_deployment_toml_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)
    home = make_home(tmp_path)
    make_store(home / "repository/resources/security/own.p12", "own password", Role.TLS)
    (home / "repository/conf/deployment.toml").write_text(
        '[keystore.tls]\nfile_name = "own.p12"\npassword = "own password"\nalias = "a"\n'
        'key_password = "$ref{keystore.tls.password}"\n'
        '[truststore]\nfile_name = "own.p12"\npassword = "$ref{keystore.tls.password}"\n'
    )
    for role in ("tls", "truststore"):
        opened = configured(home, role)
        assert (opened.path.name, opened.verified) == ("own.p12", True)
    assert configured(home, "tls").private_key()
    assert configured(home, "message").path.name == "primary.jks"


def test_a_ciphertool_toml_configures_a_primary_keystore(project: Path) -> None:
    assert configured(project).private_key()
    with pytest.raises(ConfigError, match="no keystore for the role tls"):
        configured(project, "tls")
