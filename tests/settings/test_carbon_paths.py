"""Paths in a home's files lead where Java's tools look, on whichever system they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault, settings
from ciphertool.settings.fixed_aliases import fixed_alias
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
