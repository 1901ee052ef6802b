"""The keystores of Carbon homes by their purposes: fit for each, one key for one purpose, the same in all instances."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import keystore
from ciphertool.keystore import CertificateRequest, Role, create_keystore, open_keystore
from ciphertool.settings.keystore_roles import keystore_uses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

NOW = datetime.now(UTC)
PASSWORD = "a password in clear"
STORES = "repository/resources/security"
KEYSTORE = """
      <Location>{location}</Location>
      <Type>JKS</Type>
      <Password>{password}</Password>
      <KeyPassword>{password}</KeyPassword>
"""
CARBON = """<Server xmlns="http://wso2.org/projects/carbon/carbon.xml">
  <Security>
    <KeyStore>{keystore}</KeyStore>
    {more}
    <TrustStore>{truststore}</TrustStore>
  </Security>
</Server>
"""
CATALINA = '<Server><Service><Connector port="1"/><Connector\n keystoreFile="{location}"{rest}/></Service></Server>\n'
HOSTS = """<Server><Service><Connector><SSLHostConfig truststoreFile="{trust}" truststorePassword="{password}">
  <Certificate certificateKeystoreFile="{location}" certificateKeystorePassword="{password}"
    certificateKeyPassword="{key}" certificateKeyAlias="a"/></SSLHostConfig></Connector></Service></Server>
"""
AXIS2 = """<axisconfig>
  <transportReceiver name="https"><parameter name="keystore"><KeyStore>{keystore}</KeyStore></parameter>
  </transportReceiver>
  <transportSender name="https">
    <parameter name="keystore"><KeyStore>{keystore}</KeyStore></parameter>
    <parameter name="truststore"><TrustStore>{truststore}</TrustStore></parameter>
  </transportSender>
</axisconfig>
"""


def _store(home: Path, name: str, role: Role, **more: Any) -> str:
    """Write a store; return the location that a configuration names."""
    path = home / STORES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ("localhost",) if role is Role.TLS else ()
    now, days = more.pop("now", NOW), more.pop("days", 3650)
    request = CertificateRequest(f"CN={name}", role, days, 2048, names)
    format_name = "JKS" if name.endswith(".jks") else "PKCS12"
    path.write_bytes(create_keystore(request, "a", PASSWORD, now=now, format_name=format_name, **more))
    path.chmod(0o600)
    return f"${{carbon.home}}/{STORES}/{name}"


def _element(location: str) -> str:
    return KEYSTORE.format(location=location, password=PASSWORD)


def _trust(home: Path, *names: str) -> str:
    trusted = keystore.new_keystore(home / STORES / "client-truststore.jks", PASSWORD, format_name="JKS")
    for name in names:
        opened = open_keystore(home / STORES / name, PASSWORD)
        data = keystore.trust(trusted, [keystore.export_der(opened)], alias=name, now=NOW)
        trusted = open_keystore(trusted.path, PASSWORD, data=data)
    keystore.save(trusted.path, keystore.change_password(trusted, PASSWORD))
    return f"${{carbon.home}}/{STORES}/client-truststore.jks"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that is as it should be: one keystore for secrets, one for TLS, trusted by the home."""
    home = tmp_path / "home"
    primary, tls = _store(home, "primary.jks", Role.PRIMARY), _store(home, "tls.jks", Role.TLS)
    _write(home, primary, tls, _trust(home, "tls.jks"))
    return home


def _write(home: Path, primary: str, tls: str, trust: str, more: str = "", rest: str | None = None) -> None:
    conf = home / "repository/conf"
    for name in ("tomcat", "axis2"):
        (conf / name).mkdir(parents=True, exist_ok=True)
    rest = f' keystorePass="{PASSWORD}"' if rest is None else rest
    both = {"keystore": _element(tls), "truststore": _element(trust)}
    (conf / "carbon.xml").write_text(CARBON.format(keystore=_element(primary), truststore=_element(trust), more=more))
    (conf / "tomcat/catalina-server.xml").write_text(CATALINA.format(location=tls, rest=rest))
    (conf / "axis2/axis2.xml").write_text(AXIS2.format(**both))


def _found(run: Run, *homes: Path) -> list[tuple[str, str, str, str]]:
    """Return the findings about keystores: rule, level, file, message."""
    outcome = run("audit", *(part for home in homes for part in ("--home", str(home))), "--json")
    assert outcome.status in (0, 1), outcome.err
    assert PASSWORD not in json.dumps(json.loads(outcome.out)["findings"])
    return [
        (one["rule"], one["level"], one["path"].rpartition("/")[2], one["message"])
        for one in json.loads(outcome.out)["findings"]
        if one["rule"] in ("CT025", "CT040", "CT041", "CT042")
    ]


def test_a_home_with_a_keystore_for_each_purpose_has_no_finding(home: Path, run: Run) -> None:
    assert _found(run, home) == []
    uses = [(use.purpose, use.role, use.source.name, use.path.name) for use in keystore_uses(home)]
    assert uses == [
        ("primary keystore", Role.PRIMARY, "carbon.xml", "primary.jks"),
        ("truststore", None, "carbon.xml", "client-truststore.jks"),
        ("Tomcat", Role.TLS, "catalina-server.xml", "tls.jks"),
        ("Axis2 listener", Role.TLS, "axis2.xml", "tls.jks"),
        ("Axis2 sender", Role.TLS, "axis2.xml", "tls.jks"),
        ("Axis2 sender truststore", None, "axis2.xml", "client-truststore.jks"),
    ]
    assert PASSWORD not in repr(keystore_uses(home))


def test_the_report_shows_the_key_of_each_purpose_once(home: Path, run: Run) -> None:
    keys = json.loads(run("audit", "--home", str(home), "--json").out)["keys"]
    assert [(key["path"].rpartition("/")[2], key["primary"]) for key in keys] == [
        ("primary.jks", True),
        ("tls.jks", False),
    ]


def test_one_key_for_secrets_and_for_tls_is_found(home: Path, run: Run) -> None:
    primary = f"${{carbon.home}}/{STORES}/primary.jks"
    shutil.copy(home / STORES / "primary.jks", home / STORES / "copy.jks")
    for tls in (primary, primary.replace("primary", "copy")):
        _write(home, primary, tls, _trust(home, "primary.jks"))
        (message,) = [message for rule, _, _, message in _found(run, home) if rule == "CT041"]
        for purpose in ("primary keystore", "Tomcat", "Axis2 listener", "Axis2 sender"):
            assert purpose in message
        assert "primary.jks" in message


def test_an_internal_keystore_leaves_signing_to_the_primary_one(home: Path, run: Run) -> None:
    internal = _store(home, "internal.jks", Role.PRIMARY)
    primary, tls = (f"${{carbon.home}}/{STORES}/{name}.jks" for name in ("primary", "tls"))
    _write(home, primary, tls, _trust(home, "tls.jks"), f"<InternalKeyStore>{_element(internal)}</InternalKeyStore>")
    roles = {use.purpose: use.role for use in keystore_uses(home)}
    assert (roles["primary keystore"], roles["internal keystore"]) == (Role.MESSAGE, Role.PRIMARY)
    messages = [message for rule, _, _, message in _found(run, home) if rule == "CT040"]
    assert any("lacks digitalSignature" in message for message in messages)
    _write(home, tls, tls, _trust(home, "tls.jks"), f"<InternalKeyStore>{_element(internal)}</InternalKeyStore>")
    assert "CT041" in {rule for rule, *_ in _found(run, home)}


@pytest.mark.parametrize("name", ["tls.jks", "tls.p12"])
def test_what_is_wrong_with_a_keystore_for_tls_is_found(home: Path, run: Run, name: str) -> None:
    primary, trust = f"${{carbon.home}}/{STORES}/primary.jks", _trust(home, "primary.jks")
    _write(home, primary, _store(home, name, Role.TLS, now=NOW - timedelta(400), days=365), trust)
    found = [(level, file, message) for rule, level, file, message in _found(run, home) if rule == "CT040"]
    for file, purpose in (("catalina-server.xml", "Tomcat"), ("axis2.xml", "Axis2 listener")):
        mine = [(level, message) for level, at, message in found if at == file and message.startswith(purpose)]
        assert any(level == "error" and "expired on" in message for level, message in mine)
        assert any("is trusted by" in message and "client-truststore.jks" in message for _, message in mine)
    _write(home, primary, _store(home, name, Role.PRIMARY), trust)
    messages = [message for rule, *_, message in _found(run, home) if rule == "CT040"]
    assert any(message.startswith("Tomcat") and "not usable for this role" in message for message in messages)
    assert any(
        (message.startswith("Tomcat") and "serverAuth" in message) or "alternative" in message for message in messages
    )
    assert not any("sender" in message and "alternative" in message for message in messages)


def test_tomcats_passwords_must_be_equal(home: Path, run: Run) -> None:
    primary, trust = f"${{carbon.home}}/{STORES}/primary.jks", _trust(home, "tls.jks")
    own = _store(home, "tls.jks", Role.TLS, key_password="its own password")
    trust = _trust(home, "tls.jks")
    for rest in (f' keystorePass="{PASSWORD}"', f' keystorePass="{PASSWORD}" keyPass="its own password"'):
        _write(home, primary, own, trust, rest=rest)
        messages = [m for rule, _, file, m in _found(run, home) if (rule, file) == ("CT040", "catalina-server.xml")]
        assert any("Tomcat needs them to be the same" in message for message in messages), rest
    hosts = HOSTS.format(trust=trust, location=own, password=PASSWORD, key="its own password")
    (home / "repository/conf/tomcat/catalina-server.xml").write_text(hosts)
    messages = [m for rule, _, file, m in _found(run, home) if (rule, file) == ("CT040", "catalina-server.xml")]
    assert any("Tomcat needs them to be the same" in message for message in messages)


def test_a_wrong_password_or_alias_is_found_and_what_is_missing_or_protected_is_not_judged(
    home: Path, run: Run
) -> None:
    primary, trust = f"${{carbon.home}}/{STORES}/primary.jks", _trust(home, "tls.jks")
    p12 = _store(home, "tls.p12", Role.TLS)
    for tls, rest, rule, text in (
        (p12, ' keystorePass="wrong"', "CT040", "wrong keystore password"),
        (p12, f' keystorePass="{PASSWORD}" keyAlias="b"', "CT040", "no entry 'b'"),
        (p12, ' keystorePass="$secret{tls}"', "CT025", "needs a password"),
        (p12.replace("tls", "absent"), f' keystorePass="{PASSWORD}"', "CT025", "no such keystore file"),
        (
            "${product.stores}/tls.p12",
            f' keystorePass="{PASSWORD}"',
            "CT025",
            "not opened, because ${product.stores} in its path has no value here",
        ),
    ):
        _write(home, primary, tls, trust, rest=rest)
        found = [(r, m) for r, _, file, m in _found(run, home) if file == "catalina-server.xml"]
        assert [(r, text in m) for r, m in found] == [(rule, True)], (rest, found)


def test_deployment_toml_stands_for_the_files_that_are_generated_from_it(home: Path, run: Run) -> None:
    _store(home, "other.p12", Role.TLS)
    (home / "repository/conf/deployment.toml").write_text(
        f'[keystore.tls]\nfile_name = "other.p12"\npassword = "{PASSWORD}"\nalias = "a"\n'
        '[keystore.primary]\nfile_name = "$ref{keystore.tls.file_name}"\n'
        f'password = "{PASSWORD}"\nalias = "a"\n'
    )
    uses = {use.purpose: (use.source.name, use.path.name, use.line) for use in keystore_uses(home)}
    assert uses["TLS keystore"] == ("deployment.toml", "other.p12", 2)
    assert uses["primary keystore"] == ("deployment.toml", "other.p12", 6)
    assert "Tomcat" not in uses
    found = _found(run, home)
    assert {file for rule, _, file, _ in found if rule != "CT025"} == {"deployment.toml"}
    assert "CT041" in {rule for rule, *_ in found}


def test_instances_must_have_the_same_keystore_for_tls(home: Path, tmp_path: Path, run: Run) -> None:
    second, third = tmp_path / "second", tmp_path / "third"
    shutil.copytree(home, second)
    shutil.copytree(home, third)
    assert _found(run, home, second) == []
    tls = _store(third, "tls.jks", Role.TLS)
    primary = _store(third, "primary.jks", Role.PRIMARY)
    _write(third, primary, tls, _trust(third, "tls.jks"))
    found = [(level, file, m) for rule, level, file, m in _found(run, home, second, third) if rule == "CT042"]
    assert [(level, file, m.partition(":")[0]) for level, file, m in found] == [
        ("warning", "axis2.xml", "Axis2 listener"),
        ("warning", "axis2.xml", "Axis2 sender"),
        ("note", "carbon.xml", "primary keystore"),
        ("warning", "catalina-server.xml", "Tomcat"),
    ]
    for *_, message in found:
        assert f"third/{STORES}" in message
        assert f"home/{STORES}" in message
        assert "second" not in message
    assert run("audit", "--home", str(home), "--home", str(third), ".").status == 2


def test_an_instance_without_a_keystore_for_a_purpose_is_named(home: Path, tmp_path: Path, run: Run) -> None:
    second, third = tmp_path / "second", tmp_path / "third"
    for other in (second, third):
        shutil.copytree(home, other)
    (second / "repository/conf/axis2/axis2.xml").unlink()
    primary, tls = (f"${{carbon.home}}/{STORES}/{name}.jks" for name in ("primary", "tls"))
    internal = f"<InternalKeyStore>{_element(primary)}</InternalKeyStore>"
    _write(third, primary, tls, _trust(third, "tls.jks"), internal)
    found = [(level, file, m) for rule, level, file, m in _found(run, home, second, third) if rule == "CT042"]
    assert [(level, file, m.partition(" names")[0]) for level, file, m in found] == [
        ("warning", "axis2.xml", "Axis2 listener: second"),
        ("warning", "axis2.xml", "Axis2 sender: second"),
        ("note", "carbon.xml", "internal keystore: home"),
        ("note", "carbon.xml", "internal keystore: second"),
    ]
    assert f"another instance uses home/{STORES}/tls.jks" in found[0][2]
    deployment = f'[keystore.tls]\nfile_name = "tls.jks"\npassword = "{PASSWORD}"\nalias = "a"\n'
    (second / "repository/conf/deployment.toml").write_text(deployment)
    assert [m for rule, _, _, m in _found(run, home, second) if rule == "CT042"] == []


def test_a_home_that_was_found_is_judged_within_its_tree(home: Path, tmp_path: Path, run: Run) -> None:
    outside = tmp_path / "tls.jks"
    shutil.copy(home / STORES / "tls.jks", outside)
    trust = f"${{carbon.home}}/{STORES}/client-truststore.jks"
    _write(home, f"${{carbon.home}}/{STORES}/primary.jks", str(outside), trust)
    assert {use.purpose for use in keystore_uses(home, tree=home)} == {
        "primary keystore",
        "truststore",
        "Axis2 sender truststore",
    }
    outcome = run("audit", str(tmp_path), "--json")
    assert outcome.status in (0, 1)


@pytest.mark.parametrize(
    "text", ["<Server", "<Server/>", "<Server><Service><Connector keystoreFile=''/></Service></Server>", ""]
)
def test_damaged_files_are_a_finding(home: Path, run: Run, text: str) -> None:
    (home / "repository/conf/tomcat/catalina-server.xml").write_text(text)
    (home / "repository/conf/axis2/axis2.xml").write_text("<a><transportReceiver><KeyStore/></transportReceiver></a>")
    outcome = run("audit", "--home", str(home))
    assert outcome.status in (0, 1)
    assert "bug" not in outcome.err
