"""docs/carbon.md is run as it stands, in small homes that are laid out as the products' are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.homes import CARBON_XML, STORE_PASSWORD, STORES, keystore, lay_out
from tests.walk import ROOT, matches, shell, steps

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/carbon.md"
_STORE = f'file_name = "wso2carbon.jks"\nalias = "wso2carbon"\npassword = "{STORE_PASSWORD}"\n'
_API_MANAGER = f"""\
[server]
hostname = "localhost"

[super_admin]
username = "admin"
password = "admin-4Kx9"

[database.apim_db]
url = "jdbc:mysql://db:3306/apim"
username = "apim"
password = "db-7Pq2"

[keystore.primary]
{_STORE}key_password = "{STORE_PASSWORD}"
"""
_IDENTITY_SERVER = """\
[server]
hostname = "localhost"

[super_admin]
username = "admin"
password = "admin-4Kx9"

[database.identity_db]
url = "jdbc:mysql://db:3306/identity"
username = "identity"
password = "db-7Pq2"

[secrets]
smtp_password = "[smtp-5Rt8]"
"""
_MICRO_INTEGRATOR = """\
[keystore.primary]
file_name = "repository/resources/security/wso2carbon.jks"
alias = "wso2carbon"
password = "$env{STORE_PASSWORD}"

[secrets]
db_password = "[db-7Pq2]"
"""
_SYNAPSE = """\
<proxy xmlns="http://ws.apache.org/ns/synapse" name="orders">
  <property name="password" expression="wso2:vault-lookup('db_password')"/>
</proxy>
"""
_USERS = """\
<UserManager><Realm><Configuration><AdminUser>
  <Password>admin-4Kx9</Password>
</AdminUser></Configuration></Realm></UserManager>
"""


def _target(alias: str, place: str) -> str:
    return f"{alias}={place},false\n"


def _lay_out(root: Path) -> None:
    carbon_xml = CARBON_XML.format(store="wso2carbon.jks", password=STORE_PASSWORD).replace(">wso2<", ">wso2carbon<")
    common: dict[str, str | bytes] = {"carbon.xml": carbon_xml, f"/{STORES}/wso2carbon.jks": keystore("wso2carbon")}
    admin = "user-mgt.xml//UserManager/Realm/Configuration/AdminUser/Password"
    stock = _target(
        "Carbon.Security.KeyStore.Password", "repository/conf/carbon.xml//Server/Security/KeyStore/Password"
    )
    stock += _target("UserManager.AdminUser.Password", f"repository/conf/{admin}")
    older = "".join(
        _target(f"Carbon.Security.KeyStore.{name}", f"conf/carbon.xml//Server/Security/KeyStore/{name}")
        for name in ("Password", "KeyPassword")
    )
    older += _target("UserManager.AdminUser.Password", f"conf/{admin}")
    synapse = "/repository/deployment/server/synapse-configs/default/proxy-services/orders.xml"
    lay_out(root / "wso2am", {**common, "deployment.toml": _API_MANAGER, "security/cipher-tool.properties": stock})
    comments = {"security/secret-conf.properties": "#secretRepositories=file\n"}
    lay_out(root / "wso2is", {**common, "deployment.toml": _IDENTITY_SERVER, **comments})
    lay_out(root / "wso2mi", {**common, "deployment.toml": _MICRO_INTEGRATOR, synapse: _SYNAPSE}, conf="conf")
    files = {**common, "user-mgt.xml": _USERS, "security/cipher-tool.properties": older}
    lay_out(root / "wso2ei", files, conf="conf")


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    root = tmp_path / "opt"
    _lay_out(root)
    found = steps(PAGE)
    assert len(found) >= 11
    first = True
    for command, expected in found:
        status, output = shell(command, root, STORE_PASSWORD)
        assert matches(expected, output), f"$ {command}\n{output}"
        assert status == int(first), command  # at first, nothing is declared
        first = False


def test_every_place_that_the_page_links_is_there() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w -]", "", line.strip("# ")).lower().replace(" ", "-") for line in re.findall(r"^#.*$", text, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
