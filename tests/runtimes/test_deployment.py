"""A home with a `deployment.toml`: it decides, its `[secrets]` are encrypted, and its product can read them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, settings
from tests.homes import CONF, STORES, keystore, lay_out
from tests.interop.java_home import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

DEPLOYMENT = """\
[server]
hostname = "localhost"

[super_admin]
password = "$secret{admin}"

[secrets]
admin = "[s3cr]t=]"
"""
TOOL = "Carbon.Security.KeyStore.Password=repository/conf/carbon.xml//Server/Security/KeyStore/Password,false\n"
COMMENTS = "#secretRepositories=file\n#keystore.identity.location=repository/resources/security/wso2carbon.jks\n"
IN_CLEAR = '[super_admin]\nusername = "admin"\npassword = "c4n4ry-admin-pw"\n'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)


def _conf(home: Path) -> dict[str, str]:
    text = (home / CONF / "security/secret-conf.properties").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")


def test_a_deployment_toml_decides_whatever_else_there_is(tmp_path: Path, run: Run) -> None:
    clear = "Carbon.Security.KeyStore.Password=[c4n4ry-store]\n"
    beside = {"security/cipher-tool.properties": TOOL, "security/cipher-text.properties": clear}
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT, **beside})
    carbon_xml = (home / CONF / "carbon.xml").read_bytes()
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert "encrypted: 1," in outcome.err
    assert "cipher-tool.properties: not used" in outcome.err
    assert "overwrites" in outcome.err
    assert "repository/conf/carbon.xml, repository/conf/security/cipher-text.properties" in outcome.err
    assert (home / CONF / "carbon.xml").read_bytes() == carbon_xml
    assert (home / CONF / "security/cipher-text.properties").read_text() == clear
    assert Vault.open(home)["admin"].reveal() == "s3cr]t="
    again = run("protect", "--home", str(home))
    assert (again.status, "nothing to do" in again.err) == (0, True)


@pytest.mark.jvm
@pytest.mark.parametrize("before", [None, COMMENTS], ids=["no secret-conf.properties", "one of comments"])
@pytest.mark.parametrize("conf", ["repository/conf", "conf"])
def test_the_product_finds_the_secret_in_the_home_alone(
    tmp_path: Path, run: Run, before: str | None, conf: str
) -> None:
    files = {"deployment.toml": DEPLOYMENT}
    if before is not None:
        files["security/secret-conf.properties"] = before
    home = lay_out(tmp_path / "home", files, conf=conf)
    assert run("protect", "--home", str(home)).status == 0
    assert (home / conf / "security/secret-conf.properties").read_text().startswith(before or "secVault.enabled=true")
    assert secrets_of(home, "c4n4ry-store") == {"admin": "s3cr]t="}


@pytest.mark.jvm
@pytest.mark.parametrize("algorithm", [None, "", "RSA", "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"])
def test_a_vault_that_exists_takes_further_values_in_its_own_transformation(
    tmp_path: Path, run: Run, algorithm: str | None
) -> None:
    stated = f"secVault.enabled=true\nkeystore.identity.location={tmp_path}/home/{STORES}/main.jks\n"
    if algorithm is not None:
        stated += f"secretRepositories.file.algorithm={algorithm}\n"
    files = {"deployment.toml": DEPLOYMENT, "security/secret-conf.properties": stated}
    home = lay_out(tmp_path / "home", files)
    assert settings.load(home).scheme == (algorithm or "RSA")
    assert run("protect", "--home", str(home)).status == 0
    file = home / CONF / "deployment.toml"
    file.write_text(file.read_text() + 'further = "[m0re]"\n')
    assert run("protect", "--home", str(home)).status == 0
    assert secrets_of(home, "c4n4ry-store") == {"admin": "s3cr]t=", "further": "m0re"}


def test_the_alias_of_the_only_key_is_written_for_the_product(tmp_path: Path, run: Run) -> None:
    carbon_xml = "<Server><Security><KeyStore><Location>main.jks</Location></KeyStore></Security></Server>"
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT, "carbon.xml": carbon_xml})
    password = home / "password-persist"
    password.write_text("c4n4ry-store\n")
    assert run("protect", "--home", str(home)).status == 0
    assert _conf(home)["keystore.identity.alias"] == "wso2"


INTERNAL = '[keystore.internal]\nfile_name = "own.jks"\nalias = "own"\npassword = "0wn-p4ss"\n'
PRIMARY = '[keystore.primary]\nfile_name = "own.jks"\nalias = "own"\npassword = "$env{STORE}"\n'
REFERRING = f'{PRIMARY}[keystore.internal]\nfile_name = "$ref{{keystore.primary.file_name}}"\nalias = "own"\n'


@pytest.mark.parametrize("stated", [INTERNAL, PRIMARY, REFERRING], ids=["internal", "primary", "reference"])
def test_the_keystore_is_the_one_of_the_deployment_toml(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, stated: str
) -> None:
    monkeypatch.setenv("STORE", "0wn-p4ss")
    home = lay_out(
        tmp_path / "home",
        {"deployment.toml": f"{stated}{DEPLOYMENT}", f"/{STORES}/own.jks": keystore("own", "0wn-p4ss")},
    )
    found = settings.load(home)
    assert (found.keystore.path, found.keystore.alias) == (home / STORES / "own.jks", "own")
    (warning,) = found.warnings
    assert str(warning).startswith(f"{home}/{CONF}/carbon.xml: names the keystore {STORES}/main.jks, ")
    assert f"deployment.toml {STORES}/own.jks, which is used" in warning.message
    (home / "password-persist").write_text("0wn-p4ss\n")
    assert run("protect", "--home", str(home)).status == 0
    assert _conf(home)["keystore.identity.location"] == str(home / STORES / "own.jks")


def test_the_keystore_that_the_vault_uses_goes_before_any_other(tmp_path: Path) -> None:
    stated = "keystore.identity.location=main.jks\nkeystore.identity.alias=wso2\n"
    files = {"deployment.toml": INTERNAL, "security/secret-conf.properties": stated}
    found = settings.load(lay_out(tmp_path / "home", files))
    assert found.keystore.path == tmp_path / "home" / STORES / "main.jks"
    (warning,) = found.warnings
    assert warning.path == tmp_path / "home" / CONF / "deployment.toml"
    assert warning.message.startswith(f"names the keystore {STORES}/own.jks, secret-conf.properties {STORES}/main.jks")
    assert "which the vault uses" in warning.message


def test_the_products_defaults_complete_what_is_stated(tmp_path: Path) -> None:
    defaults = '{"keystore.primary.file_name": "default.p12", "keystore.primary.alias": "standard"}'
    files = {
        "deployment.toml": '[keystore.primary]\npassword = "x"\n',
        "/repository/resources/conf/default.json": defaults,
    }
    found = settings.load(lay_out(tmp_path / "home", files)).keystore
    assert (found.path, found.alias) == (tmp_path / "home" / STORES / "default.p12", "standard")


def test_passwords_in_clear_are_counted_with_the_commands_that_protect_them(tmp_path: Path, run: Run) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": IN_CLEAR})
    for command in ("protect", "check"):
        outcome = run(command, "--home", str(home))
        assert outcome.status == 1
        assert "deployment.toml: 1 value in clear that no target names (line 3)" in outcome.err
        assert f"ciphertool audit --home {home.name} --write-targets >> {home.name}/ciphertool.toml" in outcome.err
        assert "nothing to do" not in outcome.err


@pytest.mark.jvm
def test_these_commands_protect_them(tmp_path: Path, run: Run) -> None:
    text = f"{IN_CLEAR}[secrets]\nother = '[m0re]'  # kept\n"
    home = lay_out(tmp_path / "home", {"deployment.toml": text, "user-mgt.xml": "<a><Password>c4n4ry-2</Password></a>"})
    proposed = run("audit", "--home", str(home), "--write-targets")
    assert proposed.out.count("[[target]]") == 1
    assert (
        "generates these or takes them from a package: repository/conf/carbon.xml, repository/conf/user-mgt.xml"
        in proposed.err
    )
    (home / "ciphertool.toml").write_text(proposed.out)
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert "in clear" not in outcome.err
    protected = (home / CONF / "deployment.toml").read_text()
    assert 'password = "$secret{deployment_super_admin_password}"' in protected
    assert secrets_of(home, "c4n4ry-store") == {"deployment_super_admin_password": "c4n4ry-admin-pw", "other": "m0re"}
    assert Vault.open(home).resolve_file(home / CONF / "deployment.toml").decode().startswith(IN_CLEAR)
    for vault in ("--home", home.name), ("--home", str(home)), ("--config", str(home / "ciphertool.toml")):
        assert "1 reference in 1 file: all resolve" in run("check", *vault).err
        again = run("protect", *vault)
        assert (again.status, "nothing to do" in again.err) == (0, True)


def test_a_target_in_a_generated_file_is_refused(tmp_path: Path, run: Run) -> None:
    target = '[[target]]\nfile = "repository/conf/carbon.xml"\nselector = "//Password"\nalias = "a"\n'
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT, "/ciphertool.toml": target})
    before = (home / CONF / "deployment.toml").read_bytes()
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 3
    assert "carbon.xml: the product generates this file at its start" in outcome.err
    assert (home / CONF / "deployment.toml").read_bytes() == before


def test_what_the_product_has_no_template_of_may_be_a_target(tmp_path: Path, run: Run) -> None:
    target = '[[target]]\nfile = "repository/conf/own.xml"\nselector = "/a/p"\nalias = "a"\n'
    templates = {
        f"/repository/resources/conf/templates/repository/conf/{name}.j2": "" for name in ("carbon.xml", "b.xml")
    }
    files = {
        "deployment.toml": DEPLOYMENT,
        "own.xml": "<a><p>c4n4ry-p</p></a>",
        "/ciphertool.toml": target,
        **templates,
    }
    home = lay_out(tmp_path / "home", files)
    assert run("protect", "--home", str(home)).status == 0
    assert Vault.open(home)["a"].reveal() == "c4n4ry-p"


def test_a_ciphertool_toml_for_the_homes_repository_also_makes_what_the_product_needs(tmp_path: Path, run: Run) -> None:
    recipe = (
        f'[keystore]\npath = "{STORES}/main.jks"\nalias = "wso2"\n'
        f'[repository]\npath = "{CONF}/deployment.toml"\nkind = "toml-secrets"\n'
    )
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT, "/ciphertool.toml": recipe})
    assert run("protect", "--config", str(home / "ciphertool.toml")).status == 0
    assert _conf(home)["secretRepositories.file.location"] == f"{CONF}/security/cipher-text.properties"


def test_a_ciphertool_toml_with_another_repository_is_a_vault_of_its_own(tmp_path: Path) -> None:
    other = f'[keystore]\npath = "{STORES}/main.jks"\n[repository]\npath = "vault.properties"\n'
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT, "/ciphertool.toml": other})
    assert settings.load(home).kind == "toml-secrets"
    assert settings.load(home / "ciphertool.toml").home is None


@pytest.mark.jvm
def test_the_key_password_comes_from_where_the_keystore_is_stated(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = f'{INTERNAL}key_password = "k3y-p4ss"\n'
    home = lay_out(
        tmp_path / "home",
        {"deployment.toml": f"{stated}{DEPLOYMENT}", f"/{STORES}/own.jks": keystore("own", "0wn-p4ss")},
    )
    store = ("-keystore", str(home / STORES / "own.jks"), "-storetype", "JKS", "-storepass", "0wn-p4ss")
    passwords = ("-alias", "own", "-keypass", "0wn-p4ss", "-new", "k3y-p4ss")
    subprocess.run(["keytool", "-keypasswd", *store, *passwords], check=True, capture_output=True, timeout=120)
    assert run("protect", "--home", str(home)).status == 0
    assert Vault.open(home)["admin"].reveal() == "s3cr]t="
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "0wn-p4ss")
    assert run("get", "--home", str(home), "admin").out == "s3cr]t=\n"
    assert run("check", "--home", str(home)).status == 0


def test_a_home_may_have_nothing_but_a_deployment_toml(tmp_path: Path, run: Run) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": f"{PRIMARY}{DEPLOYMENT}".replace("own", "main")})
    (home / CONF / "carbon.xml").unlink()
    (home / "password-persist").write_text("c4n4ry-store\n")
    (home / "password-persist").chmod(0o600)
    assert run("protect", "--home", str(home), "--key-alias", "wso2").status == 0
    assert Vault.open(home)["admin"].reveal() == "s3cr]t="


def test_settings_show_no_password(tmp_path: Path) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": f"{INTERNAL}{DEPLOYMENT}", f"/{STORES}/own.jks": b"x"})
    assert "own.jks" in repr(settings.load(home))
    assert "0wn-p4ss" not in repr(settings.load(home))


@pytest.mark.jvm
@pytest.mark.parametrize("how", ["option", "settings"])
def test_who_encrypts_with_a_certificate_alone_also_says_what_the_product_needs(
    tmp_path: Path, run: Run, how: str
) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT})
    password = tmp_path / "password"
    password.write_text("c4n4ry-store\n")
    password.chmod(0o600)
    pem = run("keystore", "export", str(home / STORES / "main.jks"), "--password-file", str(password))
    (home / "certificate.pem").write_text(pem.out)
    given = ["--certificate", str(home / "certificate.pem")]
    if how == "settings":
        (home / "ciphertool.toml").write_text('[keystore]\ncertificate = "certificate.pem"\n')
        given = []
    assert run("protect", "--home", str(home), *given).status == 0
    assert _conf(home)["keystore.identity.location"] == str(home / STORES / "main.jks")
    assert secrets_of(home, "c4n4ry-store") == {"admin": "s3cr]t="}


def test_a_scheme_that_the_product_does_not_use_is_refused(tmp_path: Path, run: Run) -> None:
    stated = "secretRepositories.file.algorithm=RSA/ECB/OAEPwithSHA1andMGF1Padding\n"
    scheme = '[encryption]\nscheme = "RSA"\n'
    files = {"deployment.toml": DEPLOYMENT, "security/secret-conf.properties": stated, "/ciphertool.toml": scheme}
    home = lay_out(tmp_path / "home", files)
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 3
    assert "the product decrypts by RSA/ECB/OAEPwithSHA1andMGF1Padding" in outcome.err
    assert (home / CONF / "deployment.toml").read_text() == DEPLOYMENT


@pytest.mark.parametrize("relative", [False, True])
def test_the_passwords_of_the_keystore_are_those_that_its_file_states(tmp_path: Path, run: Run, relative: bool) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT})
    named = home.name if relative else str(home)
    for command in (["protect"], ["protect"], ["check"], ["get", "admin"]):
        outcome = run(*command, "--home", named)
        assert (outcome.status, "names the keystore" in outcome.err) == (0, False)


def test_a_stated_password_is_not_tried_on_another_keystore(tmp_path: Path) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": f"{PRIMARY}{DEPLOYMENT}".replace("$env{STORE}", "0wn-p4ss")})
    assert len(settings.load(home).password_sources) == 2
    other = settings.Overrides(keystore=home / STORES / "main.jks")
    assert len(settings.load(home, other).password_sources) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_nothing_is_written_if_what_the_product_needs_cannot_be(tmp_path: Path, run: Run) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT, "security/a": ""})
    (home / CONF / "security").chmod(0o500)
    assert run("protect", "--home", str(home)).status == 6
    assert (home / CONF / "deployment.toml").read_text() == DEPLOYMENT


def test_a_hard_link_in_place_of_what_the_product_needs_is_refused_at_once(tmp_path: Path, run: Run) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": DEPLOYMENT, "security/secret-conf.properties": COMMENTS})
    os.link(home / CONF / "security/secret-conf.properties", tmp_path / "linked")
    assert run("protect", "--home", str(home)).status == 6
    assert (home / CONF / "deployment.toml").read_text() == DEPLOYMENT
