"""What an audit reports of homes with a `deployment.toml`, from which the product generates other files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.homes import CONF, STORES, keystore, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

INTERNAL = (
    '[keystore.internal]\nfile_name = "own.jks"\nalias = "own"\npassword = "c4n4ry-store"\n[secrets]\na = "[x]"\n'
)
TOOL = "Carbon.Password=repository/conf/carbon.xml//Server/Security/KeyStore/Password,false\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _found(run: Run, rule: str, *arguments: str) -> list[dict[str, Any]]:
    outcome = run("audit", *arguments, "--json")
    assert outcome.status in (0, 1), outcome.err
    return [one for one in json.loads(outcome.out)["findings"] if one["rule"] == rule]


@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
def test_what_protect_warns_of_is_a_finding(tmp_path: Path, run: Run, named: bool) -> None:
    files: dict[str, str | bytes] = {
        "deployment.toml": INTERNAL,
        "security/cipher-tool.properties": TOOL,
        f"/{STORES}/own.jks": keystore("own"),
    }
    home = lay_out(tmp_path / "home", files)
    found = _found(run, "CT035", *(("--home", str(home)) if named else (".",)))
    prefix = "" if named else "home/"
    assert [(one["level"], one["path"], one["message"].partition(",")[0]) for one in found] == [
        ("warning", f"{prefix}{CONF}/carbon.xml", f"names the keystore {STORES}/main.jks"),
        ("warning", f"{prefix}{CONF}/security/cipher-tool.properties", "not used"),
    ]
    warned = run("protect", "--home", str(home)).err
    assert [one["message"] for one in found if one["message"] not in warned] == []
    assert str(tmp_path) not in json.dumps([one["message"] for one in found])


def test_another_alias_than_the_product_asks_for_is_a_finding_on_its_line(tmp_path: Path, run: Run) -> None:
    home = lay_out(tmp_path / "home", {"security/cipher-tool.properties": f"# ours\n{TOOL}"})
    (found,) = _found(run, "CT035", "--home", str(home))
    assert (found["path"], found["line"]) == (f"{CONF}/security/cipher-tool.properties", 2)
    assert "as 'Carbon.Security.KeyStore.Password', not as 'Carbon.Password'" in found["message"]


def test_a_home_whose_files_agree_has_no_such_finding(tmp_path: Path, run: Run) -> None:
    home = lay_out(tmp_path / "home", {"deployment.toml": '[secrets]\na = "[x]"\n'})
    assert _found(run, "CT035", "--home", str(home)) == []


TEMPLATES = "/repository/resources/conf/templates/repository/conf"
SAID = "the product generates this file from deployment.toml; protect the value there ([secrets]): "
USERS = "<UserManager><Realm><AdminUser><Password>c4n4ry-admin-pw</Password></AdminUser></Realm></UserManager>\n"
TABLE = '[super_admin]\npassword = "c4n4ry-admin-pw"\n'


@pytest.mark.parametrize("templates", [True, False], ids=["templates", "no templates"])
@pytest.mark.parametrize("named", [True, False], ids=["named", "found"])
def test_a_value_in_clear_in_a_generated_file_is_to_be_protected_where_it_is_stated(
    tmp_path: Path, run: Run, named: bool, templates: bool
) -> None:
    files: dict[str, str | bytes] = {
        "deployment.toml": TABLE,
        "user-mgt.xml": USERS,
        "log4j2.properties": "db.password=c4n4ry-db-pw\n",
    }
    if templates:
        files |= {f"{TEMPLATES}/{name}.j2": "" for name in ("carbon.xml", "user-mgt.xml", "log4j2.properties")}
    home = lay_out(tmp_path / "home", files)
    found = _found(run, "CT003", *(("--home", str(home)) if named else (".",)))
    said = {one["path"].rpartition("/")[2]: one["message"].startswith(SAID) for one in found}
    assert said == {"carbon.xml": True, "deployment.toml": False, "log4j2.properties": templates, "user-mgt.xml": True}
    (message,) = [one["message"] for one in found if one["path"].endswith("user-mgt.xml")]
    assert message.removeprefix(SAID) == "UserManager.Realm.AdminUser.Password: a value in clear"
    (home / CONF / "deployment.toml").unlink()
    found = _found(run, "CT003", "--home", str(home))
    assert len(found) == 4
    assert [one for one in found if "generates" in one["message"]] == []
