"""A home with values and without a transformation: WSO2's tools encrypt by `RSA`, PKCS #1 v1.5, and write no entry."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from ciphertool import Vault, settings
from ciphertool.keystore import open_keystore
from tests.homes import CONF, STORE_PASSWORD, STORES, lay_out
from tests.interop.java_home import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

OAEP = "RSA/ECB/OAEPwithSHA1andMGF1Padding"
COMMENTS = "#secretRepositories=file\n"
ADMIN = (
    '<UserManager><Realm><Password svns:secretAlias="admin" xmlns:svns="{}">password</Password></Realm></UserManager>'
)
NAMESPACE = "http://org.wso2.securevault/configuration"
PLACE = {"toml": CONF + "/deployment.toml", "xml": CONF + "/user-mgt.xml"}
REPOSITORY = {"toml": PLACE["toml"], "xml": CONF + "/security/cipher-text.properties"}
FURTHER = {"toml": 'further = "[m0re]"\n', "xml": "further=[m0re]\n"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)


def _by_wso2(home: Path, value: str) -> str:
    """Return a value as WSO2's tool encrypts it without `-Dorg.wso2.CipherTransformation`."""
    store = open_keystore(home / STORES / "main.jks", STORE_PASSWORD)
    key = cast("RSAPublicKey", store.certificate("wso2").public_key())
    return base64.b64encode(key.encrypt(value.encode(), PKCS1v15())).decode()


def _home(tmp_path: Path, flow: str, stated: str | None, value: str | None = "s3cr]t=") -> Path:
    """Lay out a home with a ciphertext of `value`, or one in clear, and `stated` in its `secret-conf.properties`."""
    home = lay_out(tmp_path / "home", {} if stated is None else {"security/secret-conf.properties": stated})
    stored = "[s3cr]t=]" if value is None else _by_wso2(home, value)
    if flow == "toml":
        files = {"deployment.toml": f'[super_admin]\npassword = "$secret{{admin}}"\n[secrets]\nadmin = "{stored}"\n'}
    else:
        escaped = stored.replace("=", "\\=")
        files = {
            "user-mgt.xml": ADMIN.format(NAMESPACE),
            "security/cipher-tool.properties": "",
            "security/cipher-text.properties": f"admin={escaped}\n",
        }
    return lay_out(home, files)


def _entries(home: Path) -> dict[str, str]:
    text = (home / CONF / "security/secret-conf.properties").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line and line[0] != "#")


def _add(home: Path, flow: str) -> None:
    file = home / REPOSITORY[flow]
    file.write_text(file.read_text() + FURTHER[flow])


BEFORE = pytest.mark.parametrize("stated", [None, COMMENTS, "secVault.enabled=true\n"], ids=["none", "comments", "one"])
FLOWS = pytest.mark.parametrize("flow", ["toml", "xml"])


@BEFORE
@FLOWS
def test_values_of_wso2s_tool_resolve(tmp_path: Path, run: Run, flow: str, stated: str | None) -> None:
    home = _home(tmp_path, flow, stated)
    assert settings.load(home).scheme == "RSA"
    assert Vault.open(home)["admin"].reveal() == "s3cr]t="
    assert "s3cr]t=" in run("resolve", "--home", str(home), str(home / PLACE[flow])).out
    checked = run("check", "--home", str(home))
    assert (checked.status, "1 reference in 1 file: all resolve" in checked.err) == (0, True)
    found = json.loads(run("audit", "--home", str(home), "--decrypt", "--json").out)
    about = {finding["rule"] for finding in found["findings"]}
    assert ("CT011" in about, "CT026" in about) == (True, False)


@pytest.mark.jvm
@BEFORE
@FLOWS
def test_a_further_value_gets_the_same_transformation(tmp_path: Path, run: Run, flow: str, stated: str | None) -> None:
    home = _home(tmp_path, flow, stated)
    before = (home / REPOSITORY[flow]).read_text()
    _add(home, flow)
    assert run("protect", "--home", str(home)).status == 0
    assert (home / REPOSITORY[flow]).read_text().startswith(before)
    assert "secretRepositories.file.algorithm" not in _entries(home)
    assert _entries(home)["secretRepositories.file.location"] == CONF + "/security/cipher-text.properties"
    assert secrets_of(home, STORE_PASSWORD) == {"admin": "s3cr]t=", "further": "m0re"}
    assert run("check", "--home", str(home)).status == 0


@pytest.mark.jvm
@pytest.mark.parametrize("stated", [None, COMMENTS], ids=["none", "comments"])
@FLOWS
def test_a_new_vault_names_its_transformation(tmp_path: Path, run: Run, flow: str, stated: str | None) -> None:
    home = _home(tmp_path, flow, stated, value=None)
    assert settings.load(home).scheme == OAEP
    assert run("protect", "--home", str(home)).status == 0
    assert _entries(home)["secretRepositories.file.algorithm"] == OAEP
    _add(home, flow)
    assert run("protect", "--home", str(home)).status == 0
    assert secrets_of(home, STORE_PASSWORD) == {"admin": "s3cr]t=", "further": "m0re"}


def _store(home: Path, flow: str, ciphertext: str) -> None:
    file = home / REPOSITORY[flow]
    clear, stored = (text if flow == "toml" else text.replace("=", "\\=") for text in ("[s3cr]t=]", ciphertext))
    file.write_text(file.read_text().replace(clear, stored))


@pytest.mark.parametrize("stated", [None, COMMENTS], ids=["none", "comments"])
@pytest.mark.parametrize("way", ["transformation", "entry", "neither"])
@FLOWS
def test_encrypting_by_hand_names_what_would_read_the_value(
    tmp_path: Path, run: Run, flow: str, way: str, stated: str | None
) -> None:
    home = _home(tmp_path, flow, stated, value=None)
    outcome = run(
        "encrypt", "--home", str(home), *(["--transformation", "RSA"] * (way == "transformation")), stdin=b"x"
    )
    entry = f"secretRepositories.file.algorithm={OAEP}"
    assert outcome.status == 0
    assert (f"write {entry} into home/{CONF}/security/secret-conf" in outcome.err) == (way != "transformation")
    _store(home, flow, outcome.out.strip())
    if way == "entry":
        lay_out(home, {"security/secret-conf.properties": f"{entry}\n"})
        assert "nothing states" not in run("encrypt", "--home", str(home), stdin=b"x").err
    got = run("get", "admin", "--home", str(home))
    assert (got.status, got.out) == ((5, "") if way == "neither" else (0, "x\n"))


@FLOWS
def test_the_entry_decides_about_values_that_are_there(tmp_path: Path, flow: str) -> None:
    home = _home(tmp_path, flow, f"secretRepositories.file.algorithm={OAEP}\n")
    assert settings.load(home).scheme == OAEP


@FLOWS
def test_a_repository_that_cannot_be_read_is_refused(tmp_path: Path, run: Run, flow: str) -> None:
    home = _home(tmp_path, flow, None)
    (home / REPOSITORY[flow]).unlink()
    (home / REPOSITORY[flow]).mkdir()
    if flow == "xml":
        assert settings.load(home).scheme == OAEP
    assert run("check", "--home", str(home)).status not in (0, 70)
