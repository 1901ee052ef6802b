"""Carbon 4 homes whose vault has a secret key of the keystore, which `encryptionMode=symmetric` states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.errors import UnsupportedKeystoreError
from tests.homes import CONF, STORES, lay_out
from tests.interop.java_home import secrets_of
from tests.interop.secret_keys import FOLDER, KEY_PASSWORD, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

SECRET_CONF = f"{CONF}/security/secret-conf.properties"
DEPLOYMENT = """\
[keystore.internal]
file_name = "{store}"
type = "{type}"
alias = "{alias}"
[super_admin]
password = "$secret{{admin}}"
[secrets]
admin = "[pa]ss €]"
"""
SYMMETRIC = "secretRepositories.file.encryptionMode=symmetric\n"


@pytest.fixture(autouse=True)
def _password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)


def _home(path: Path, stated: str = "", alias: str = "aes256", store: str = "keys.p12") -> Path:
    text = DEPLOYMENT.format(store=store, type="PKCS12" if store == "keys.p12" else "JCEKS", alias=alias)
    files: dict[str, str | bytes] = {"deployment.toml": text, f"/{STORES}/{store}": (FOLDER / store).read_bytes()}
    if stated:
        files["security/secret-conf.properties"] = stated
    return lay_out(path / "home", files)


def _stored(store: str) -> str:
    """Return ABC@123 as WSO2's tool stores it under a key of a store."""
    rows = (line.split("\t") for line in (FOLDER / "vectors.tsv").read_text("utf-8").splitlines())
    return next(row[3] for row in rows if row[:2] == [store, "aes256"])


def _conf(home: Path) -> dict[str, str]:
    lines = (home / SECRET_CONF).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def _refused(home: Path, run: Run, status: int = 3) -> str:
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    outcome = run("protect", "--home", str(home))
    assert outcome.status == status
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    return outcome.err


@pytest.mark.jvm
@pytest.mark.parametrize("flow", ["toml", "xml"])
@pytest.mark.parametrize("mode", ["", SYMMETRIC])
@pytest.mark.parametrize("alias", ["aes128", "aes256"])
def test_the_product_finds_the_secret_in_the_home_alone(
    tmp_path: Path, run: Run, flow: str, mode: str, alias: str
) -> None:
    home = _home(tmp_path, mode, alias)
    if flow == "xml":
        (home / CONF / "deployment.toml").unlink()
        (home / SECRET_CONF).parent.mkdir(exist_ok=True)
        store = f"keystore.identity.location={home}/{STORES}/keys.p12\nkeystore.identity.alias={alias}\n"
        (home / SECRET_CONF).write_text(mode + store)
        (home / CONF / "security/cipher-text.properties").write_text("admin=[pa]ss \\u20ac]\n")
    outcome = run("protect", "--home", str(home))
    assert (outcome.status, f"to the AES key '{alias}'" in outcome.err) == (0, True)
    conf = _conf(home)
    assert conf["secretRepositories.file.encryptionMode"] == "symmetric"
    assert conf["secretRepositories.file.algorithm"] == "AES/GCM/NoPadding"
    assert (conf["keystore.identity.type"], conf["keystore.identity.alias"]) == ("PKCS12", alias)
    assert Vault.open(home)["admin"].reveal() == "pa]ss €"
    again = run("protect", "--home", str(home))
    assert (again.status, "nothing to do" in again.err) == (0, True)
    assert run("check", "--home", str(home)).status == 0
    assert secrets_of(home, PASSWORD) == {"admin": "pa]ss €"}


@pytest.mark.jvm
def test_a_home_of_wso2s_tool_takes_further_values(tmp_path: Path, run: Run) -> None:
    """It states the mode, and no transformation."""
    home = _home(tmp_path, SYMMETRIC)
    stored = _stored("keys.p12")
    file = home / CONF / "deployment.toml"
    file.write_text(file.read_text("utf-8") + f'old = "{stored}"\n', encoding="utf-8")
    assert run("protect", "--home", str(home)).status == 0
    assert f'old = "{stored}"\n' in file.read_text("utf-8")
    assert secrets_of(home, PASSWORD) == {"admin": "pa]ss €", "old": "ABC@123"}


@pytest.mark.jvm
def test_the_key_opens_with_the_keystores_password(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the product, which has the password of keys for RSA keys only."""
    monkeypatch.setenv("CIPHERTOOL_KEY_PASSWORD", "of an RSA key")
    home = _home(tmp_path)
    assert run("protect", "--home", str(home)).status == 0
    assert Vault.open(home)["admin"].reveal() == "pa]ss €"
    assert secrets_of(home, PASSWORD, "of an RSA key") == {"admin": "pa]ss €"}


def test_a_key_with_its_own_password_is_refused(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEY_PASSWORD", KEY_PASSWORD)
    home = _home(tmp_path, alias="aes192", store="keys.jceks")
    assert "'aes192' does not open with the keystore's password" in _refused(home, run, 4)
    file = home / CONF / "deployment.toml"
    file.write_text(file.read_text("utf-8").replace("[pa]ss €]", _stored("keys.jceks")), encoding="utf-8")
    with pytest.raises(UnsupportedKeystoreError) as caught:
        Vault.open(home).resolve("admin")
    assert caught.value.path == home / STORES / "keys.jceks"


@pytest.mark.parametrize("alias", ["rsa", "aes256"])
def test_a_keystore_that_the_product_does_not_open_is_refused(tmp_path: Path, run: Run, alias: str) -> None:
    said = _refused(_home(tmp_path, alias=alias, store="keys.jceks"), run)
    assert "keys.jceks: is a JCEKS keystore, which the product does not open" in said
    assert "deststoretype PKCS12" in said


@pytest.mark.parametrize(
    ("alias", "stated", "said"),
    [
        ("aes256", "secretRepositories.file.encryptionMode=asymmetric\n", "the product decrypts with an RSA key"),
        ("aes256", "secretRepositories.file.algorithm=RSA\n", "the product decrypts by RSA, but"),
        ("aes256", f"{SYMMETRIC}secretRepositories.file.algorithm=RSA\n", "the product decrypts by RSA, but"),
        ("rsa", SYMMETRIC, "it needs a secret key, but the vault's key is an RSA key"),
    ],
)
def test_what_the_product_would_not_decrypt_is_not_encrypted(
    tmp_path: Path, run: Run, alias: str, stated: str, said: str
) -> None:
    assert said in _refused(_home(tmp_path, stated, alias), run)


def test_an_rsa_key_does_not_encrypt_for_a_symmetric_product(tmp_path: Path, run: Run) -> None:
    """Even if somebody states a transformation: the product would decrypt with a key that everybody knows."""
    home = _home(tmp_path, SYMMETRIC, "rsa")
    (home / "ciphertool.toml").write_text('[encryption]\nscheme = "RSA"\n')
    assert "the product decrypts with a secret key" in _refused(home, run)


@pytest.mark.parametrize("alias", ["aes256", "rsa"])
def test_the_key_is_the_one_that_the_product_decrypts_with(tmp_path: Path, run: Run, alias: str) -> None:
    store = f"keystore.identity.location={tmp_path}/home/{STORES}/keys.p12\nkeystore.identity.alias=aes128\n"
    home = _home(tmp_path, store + ("" if alias == "rsa" else SYMMETRIC))
    (home / "ciphertool.toml").write_text(f'[keystore]\nalias = "{alias}"\n')
    assert f"the product decrypts with the key 'aes128', but values are encrypted to '{alias}'" in _refused(home, run)
