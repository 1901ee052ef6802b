"""Paths in a home's files lead where Java's tools look, on whichever system they were written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, keystore, settings
from ciphertool.errors import KeystoreUnreadableError
from ciphertool.settings.carbon_homes import STANDALONE
from ciphertool.settings.fixed_aliases import fixed_alias
from ciphertool.settings.keystore_roles import keystore_uses
from ciphertool.settings.stated_keystores import PRIMARY
from tests.homes import CARBON_XML, CONF, STORES, lay_out
from tests.interop.java_home import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

LOCATIONS = (
    "main.jks",
    " main.jks ",
    "repository/resources/security/main.jks",
    "${carbon.home}/repository/resources/security/main.jks",
    "${carbon.home}\\repository\\resources\\security\\main.jks",
    "repository\\resources\\security\\main.jks",
    "C:\\wso2\\am\\repository\\resources\\security\\main.jks",
    "D:/wso2/repository/resources/security/main.jks",
    "/opt/gone/repository/resources/security/main.jks",
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)


def _carbon_xml(location: str) -> str:
    return CARBON_XML.format(store="main.jks", password="c4n4ry-store").replace(
        f"${{carbon.home}}/{STORES}/main.jks", location
    )


@pytest.mark.parametrize("location", LOCATIONS)
def test_a_keystore_is_found_where_java_finds_it(tmp_path: Path, location: str) -> None:
    home = lay_out(tmp_path / "home", {"carbon.xml": _carbon_xml(location)})
    assert settings.load(home).keystore.path == home / STORES / "main.jks"


@pytest.mark.parametrize("location", LOCATIONS)
def test_so_is_the_one_of_a_vault_that_exists(tmp_path: Path, location: str) -> None:
    escaped = location.replace("\\", "\\\\").replace(":", "\\:")
    conf = f"keystore.identity.location={escaped}\n"
    home = lay_out(tmp_path / "home", {"carbon.xml": _carbon_xml("other.jks"), "security/secret-conf.properties": conf})
    assert settings.load(home).keystore.path == home / STORES / "main.jks"


@pytest.mark.parametrize("location", LOCATIONS)
def test_and_the_one_of_a_deployment_toml(tmp_path: Path, location: str) -> None:
    text = f"[keystore.primary]\nfile_name = '{location}'\n"
    home = lay_out(tmp_path / "home", {"deployment.toml": text})
    assert settings.load(home).keystore.path == home / STORES / "main.jks"


FILLED = (
    "${STORES_HERE}/main.jks",
    "${env:STORES_HERE}/main.jks",
    "${defined.stores}\\main.jks",
    "${sys:defined.stores}/main.jks",
    "  ${carbon.home}/repository/resources/${BELOW}/main.jks",
)
FILLED_IN_TOML = (
    *("$env{STORES_HERE}/main.jks", "$sys{defined.stores}/main.jks", "$ref{other.stores}/main.jks"),
    *("$ref{other.name}", "$sys{carbon.home}/repository/resources/security/main.jks"),
)
OTHERS = "[other]\nstores = '${carbon.home}/repository/resources/security'\nname = 'main.jks'\n"


def _deployment(location: str) -> str:
    return f"[keystore.primary]\nfile_name = '{location}'\npassword = 'c4n4ry-store'\n{OTHERS}"


def _files(location: str, by: str) -> dict[str, str]:
    standalone = location.replace("\\", "\\\\")
    return {
        "carbon.xml": {"carbon.xml": _carbon_xml(location)},
        "deployment.toml": {"carbon.xml": "<Server/>", "deployment.toml": _deployment(location)},
        STANDALONE: {"carbon.xml": "<Server/>", STANDALONE: f"primary.key.location={standalone}\n"},
    }[by]


SPELLINGS = [(by, at) for by in ("carbon.xml", "deployment.toml", STANDALONE) for at in (*LOCATIONS, *FILLED)]


@pytest.mark.parametrize(("by", "location"), [*SPELLINGS, *(("deployment.toml", at) for at in FILLED_IN_TOML)])
def test_every_reader_takes_a_location_for_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str, location: str
) -> None:
    home = lay_out(tmp_path / "home", _files(location, by))
    for variable, value in (("STORES_HERE", str(home / STORES)), ("BELOW", "security")):
        monkeypatch.setenv(variable, value)
    define = {"defined.stores": str(home / STORES)}
    read = settings.load(home, settings.Overrides(define=define))
    (use,) = (use for use in keystore_uses(home, define=read.define) if use.purpose == PRIMARY)
    assert (read.keystore.path, read.keystore.missing) == (home / STORES / "main.jks", None)
    assert (use.path, use.missing, use.source.name) == (read.keystore.path, None, by)
    if "defined" not in location:
        monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "c4n4ry-store")
        assert keystore.configured(home, "primary").path == read.keystore.path


MISSING = (
    ("${NOWHERE}/main.p12", "${NOWHERE}"),
    ("${env:NOWHERE}/m.p12", "${env:NOWHERE}"),
    ("${sys:x}/m", "${sys:x}"),
)
MISSING_IN_TOML = (("$env{NOWHERE}/m.p12", "$env{NOWHERE}"), ("$ref{gone}/m.p12", "$ref{gone}"))


@pytest.mark.parametrize(
    ("by", "location", "missing"),
    [
        *((by, *each) for by in ("carbon.xml", "deployment.toml", STANDALONE) for each in MISSING),
        *(("deployment.toml", *each) for each in MISSING_IN_TOML),
    ],
)
def test_a_placeholder_without_a_value_is_named_by_every_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, by: str, location: str, missing: str
) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "c4n4ry-store")
    monkeypatch.delenv("NOWHERE", raising=False)
    home = lay_out(tmp_path / "home", _files(location, by))
    sentence = f"not opened, because {missing} in its path has no value here"
    found = json.loads(run("audit", "--home", str(home), "--json").out)["findings"]
    messages = [one["message"] for one in found if one["rule"] == "CT025"]
    assert all(sentence in message for message in messages), messages
    assert any(message.startswith("primary keystore: ") for message in messages)
    outcome = run("encrypt", "--home", str(home), stdin=b"x")
    assert (outcome.status, sentence in outcome.err) == (4, True), outcome.err
    with pytest.raises(KeystoreUnreadableError) as caught:
        keystore.configured(home, "primary")
    assert sentence in caught.value.message


def test_what_the_product_filled_in_at_an_earlier_start_decides(tmp_path: Path) -> None:
    files = {"carbon.xml": _carbon_xml("main.jks"), "deployment.toml": _deployment("$env{NOWHERE}/m.p12")}
    home = lay_out(tmp_path / "home", files)
    (use,) = (use for use in keystore_uses(home) if use.purpose == PRIMARY)
    assert (use.path, use.source.name) == (home / STORES / "main.jks", "carbon.xml")
    assert settings.load(home).keystore.path == use.path


def test_a_keystore_of_the_home_goes_before_one_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = lay_out(tmp_path / "other", {})
    home = lay_out(tmp_path / "home", {"carbon.xml": _carbon_xml(f"{STORES}/main.jks")})
    monkeypatch.chdir(other)
    assert settings.load(home).keystore.path == home / STORES / "main.jks"


def test_a_keystore_that_is_missing_is_named_where_it_should_be(tmp_path: Path) -> None:
    home = lay_out(tmp_path / "home", {"carbon.xml": _carbon_xml("gone.jks")})
    assert settings.load(home).keystore.path == home / STORES / "gone.jks"


CONFIGURATIONS = ("repository\\\\conf\\\\", "${carbon.home}/repository/conf/", "{home}/repository/conf/")


@pytest.mark.jvm
@pytest.mark.parametrize("before", CONFIGURATIONS)
def test_a_target_is_found_and_the_product_decrypts_it(tmp_path: Path, run: Run, before: str) -> None:
    home = tmp_path / "home"
    name = before.replace("{home}", str(home))
    place = f"{name}user-mgt.xml//UserManager/Realm/Configuration/AdminUser/Password"
    inner = "<Configuration><AdminUser><Password>c4n4ry</Password></AdminUser></Configuration>"
    user = f"<UserManager><Realm>{inner}</Realm></UserManager>"
    lay_out(
        home,
        {"security/cipher-tool.properties": f"UserManager.AdminUser.Password={place},false\n", "user-mgt.xml": user},
    )
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert "asks for this secret" not in outcome.err
    assert Vault.open(home).resolve_file(home / CONF / "user-mgt.xml").decode() == user
    assert secrets_of(home, "c4n4ry-store") == {"UserManager.AdminUser.Password": "c4n4ry"}


FIXED = {
    ("repository/conf/carbon.xml", "/Server/Security/KeyStore/Password"): "Carbon.Security.KeyStore.Password",
    ("conf/carbon.xml", "/Server/Security/TrustStore/Password"): "Carbon.Security.TrustStore.Password",
    (
        "repository/conf/user-mgt.xml",
        "/UserManager/Realm/UserStoreManager/Property[@name='ConnectionPassword']",
    ): "UserStoreManager.Property.ConnectionPassword",
    (
        "repository/conf/user-mgt.xml",
        "/UserManager/Realm/Configuration/Property[@name='password']",
    ): "UserManager.Configuration.Property.password",
    (
        "repository/conf/tomcat/catalina-server.xml",
        "/Server/Service/Connector[@port='9443']/@keystorePass",
    ): "Server.Service.Connector.keystorePass",
    ("repository/conf/registry.xml", "/wso2registry/dbConfig[@name='db']/password"): "wso2registry.db.password",
    ("repository/conf/datasources/master-datasources.xml", "/a/b/password"): None,
    ("repository/conf/carbon.xml", "/Server/Security/KeyStore[1]/Password"): None,
    ("repository/conf/carbon.xml", "//Password"): None,
}


@pytest.mark.parametrize("place", FIXED)
def test_some_places_have_aliases_with_fixed_names(place: tuple[str, str]) -> None:
    assert fixed_alias(*place) == FIXED[place]


def test_another_alias_for_such_a_place_is_a_warning_with_the_right_one(tmp_path: Path, run: Run) -> None:
    tool = "Conf.Carbon.KeyStore.Password=repository/conf/carbon.xml//Server/Security/KeyStore/Password,false\n"
    home = lay_out(tmp_path / "home", {"security/cipher-tool.properties": tool})
    outcome = run("protect", "--home", str(home))
    assert outcome.status == 0
    assert (
        "cipher-tool.properties:1: the product asks for this secret as 'Carbon.Security.KeyStore.Password'"
        in outcome.err
    )
    assert "not as 'Conf.Carbon.KeyStore.Password'" in outcome.err
