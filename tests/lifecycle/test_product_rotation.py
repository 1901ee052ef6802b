"""`rotate` of a product's vault: the product starts at any moment, and the same command completes what was killed."""

from __future__ import annotations

import base64
import errno
import json
import os
import shutil
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ruamel.yaml import YAML

from ciphertool import Vault
from ciphertool.engine import scheme_named
from ciphertool.keystore import open_keystore
from ciphertool.keystore.create import CertificateRequest, create_keystore
from tests.changes.kills import PASSWORD, Fault, run_forked
from tests.homes import CONF, STORES, lay_out
from tests.interop import secret_keys
from tests.interop.java_cipher import ask, request
from tests.interop.java_home import secrets_of
from tests.runtimes.conftest import DEPLOYMENT_YAML

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

OAEP, LEGACY = "RSA/ECB/OAEPwithSHA1andMGF1Padding", "RSA"
SECRETS = {"admin": "c4n4ry-s3cr]t=", "Db.Password": "c4n4ry-€"}
SECRET_CONF = f"{CONF}/security/secret-conf.properties"
CARBON_XML = f"""\
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Security>
<KeyStore>
  <Location>${{carbon.home}}/{STORES}/old.jks</Location><Type>JKS</Type>
  <Password>{PASSWORD}</Password><KeyAlias>old</KeyAlias><KeyPassword>{PASSWORD}</KeyPassword>
</KeyStore></Security></Server>
"""
TOML = f"""\
[keystore.primary]
file_name = "old.jks"
alias = "old"
password = "{PASSWORD}"
[super_admin]
password = "$secret{{admin}}"  # kept

[secrets]
admin = "[c4n4ry-s3cr]t=]"
"Db.Password" = "[c4n4ry-€]" # kept
"""
TEXT = "# kept\nadmin=[c4n4ry-s3cr]t=]\nDb.Password=[c4n4ry-\\u20ac]\n"


class World(NamedTuple):
    """A product's vault in a directory, and how commands name it. `file` holds its ciphertexts."""

    root: Path
    options: tuple[str, ...]
    file: str
    opening: str
    """The file in which the product finds its vault."""


@pytest.fixture(scope="module")
def stores() -> dict[str, bytes]:
    def made(alias: str, bits: int, form: str) -> bytes:
        request = CertificateRequest(subject=f"CN={alias}", bits=bits)
        return create_keystore(request, alias, PASSWORD, now=datetime.now(UTC), format_name=form)

    return {"old.jks": made("old", 2048, "JKS"), "new.p12": made("new", 3072, "PKCS12")}


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CIPHERTOOL_KEYSTORE_PASSWORD", "CIPHERTOOL_NEW_KEYSTORE_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)


@pytest.fixture
def world(
    request: pytest.FixtureRequest, tmp_path: Path, stores: dict[str, bytes], run: Any, monkeypatch: Any
) -> World:
    """A protected vault: `xml`, `toml` or `yaml`."""
    root = tmp_path / "home"
    if request.param == "yaml":
        root.mkdir()
        for name, data in stores.items():
            (root / name).write_bytes(data)
        text = DEPLOYMENT_YAML.replace("primary", "old").replace("securevault.jks", "old.jks  # kept")
        (root / "deployment.yaml").write_text(text)
        lines = (f"{alias}=plainText {value}\n" for alias, value in SECRETS.items())
        (root / "secrets.properties").write_text("".join(lines))
        made = World(root, ("--config", "deployment.yaml"), "secrets.properties", "deployment.yaml")
    else:
        repository = "deployment.toml" if request.param == "toml" else "security/cipher-text.properties"
        text = TOML if request.param == "toml" else TEXT
        files = {f"/{STORES}/{name}": data for name, data in stores.items()}
        lay_out(root, {**files, "carbon.xml": CARBON_XML, repository: text})
        made = World(root, ("--home", "."), f"{CONF}/{repository}", SECRET_CONF)
    monkeypatch.chdir(root)
    outcome = run("protect", *made.options)
    assert outcome.status == 0, outcome.err
    assert "c4n4ry" not in (root / made.file).read_text()
    return made


def _to(world: World) -> list[str]:
    store = "new.p12" if world.opening == "deployment.yaml" else f"{STORES}/new.p12"
    sha256 = open_keystore(world.root / store, PASSWORD).entry("new").sha256
    return ["rotate", *world.options, "--to", store, "--fingerprint", f"sha256:{sha256}"]


def _entries(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text("latin-1").splitlines() if line and line[0] != "#")
    return {name: value.replace("\\=", "=") for name, _, value in (line.partition("=") for line in lines)}


def _contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _as_the_product(world: World) -> dict[str, str]:
    """Return what the product decrypts if it is started now, by nothing but its own files."""
    if world.opening == "deployment.yaml":
        vault = Vault.open(world.root / "deployment.yaml")
        return {alias: vault[alias].reveal() for alias in vault}
    stated = _entries(world.root / SECRET_CONF)
    stored = _entries(world.root / stated["secretRepositories.file.location"]) if "toml" not in world.file else {}
    if "toml" in world.file:
        usual = stated["secretRepositories.file.location"] == f"{CONF}/security/cipher-text.properties"
        stored = tomllib.loads((world.root / world.file).read_text("utf-8"))["secrets"]
        stored = stored if usual else _entries(world.root / stated["secretRepositories.file.location"])
    key = open_keystore(Path(stated["keystore.identity.location"]), PASSWORD).key(stated["keystore.identity.alias"])
    private = cast("RSAPrivateKey", key._private)  # type: ignore[attr-defined]  # to decrypt without ciphertool
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - what Carbon uses
    padded: Any = {OAEP: oaep, LEGACY: padding.PKCS1v15()}[stated.get("secretRepositories.file.algorithm", LEGACY)]
    return {alias: private.decrypt(base64.b64decode(text), padded).decode() for alias, text in stored.items()}


EVERY = pytest.mark.parametrize("world", ["xml", "toml", "yaml"], indirect=True)
HOMES = pytest.mark.parametrize("world", ["xml", "toml"], indirect=True)


@EVERY
def test_to_another_keystore(world: World, run: Any) -> None:
    before = _contents(world.root)
    outcome = run(*_to(world), "--json")
    assert outcome.status == 0, outcome.err
    told = json.loads(outcome.out)
    assert (set(told["secrets"]), told["written"], told["key"]["subject"]) == (set(SECRETS), True, "CN=new")
    after = _contents(world.root)
    assert {name for name in after if before.get(name) != after[name]} == {world.file, world.opening}
    assert set(after) == set(before)
    assert _as_the_product(world) == SECRETS
    vault = Vault.open(world.root / "deployment.yaml" if "yaml" in world.opening else world.root)
    assert {alias: vault[alias].reveal() for alias in vault} == SECRETS
    assert run("protect", *world.options).status == 0
    assert _contents(world.root) == after
    for name, aliases in ((world.file, SECRETS), (world.opening, ("keystore.identity", "old"))):
        kept = [line for line in before[name].decode().splitlines() if not any(one in line for one in aliases)]
        assert [line for line in after[name].decode().splitlines() if line in kept] == kept


@HOMES
def test_what_else_names_the_former_keystore_is_said_and_left(world: World, run: Any) -> None:
    outcome = run(*_to(world))
    place = f"{CONF}/deployment.toml:2" if "toml" in world.file else f"{CONF}/carbon.xml:3"
    assert f"not changed, since it is not the vault's: {place} (primary keystore) still names the former" in outcome.err
    stated = _entries(world.root / SECRET_CONF)
    assert stated["keystore.identity.location"] == str(world.root / STORES / "new.p12")
    assert (stated["keystore.identity.type"], stated["keystore.identity.alias"]) == ("PKCS12", "new")
    assert stated["secretRepositories.file.algorithm"] == OAEP
    assert stated["secretRepositories.file.location"] == f"{CONF}/security/cipher-text.properties"


@EVERY
def test_a_run_that_is_killed_anywhere_leaves_a_product_that_starts(world: World) -> None:
    arguments, before = _to(world), world.root.parent / "before"
    shutil.copytree(world.root, before)
    whole = Fault(1 << 30)
    done, _, said = run_forked(world.root, arguments, with_key=True, fault=whole)
    assert done == 0, said
    calls, _ = whole.told()
    assert calls >= 20
    rotated = {name for name, data in _contents(world.root).items() if (before / name).read_bytes() != data}
    seen = set()
    for number in range(1, calls + 1):
        shutil.rmtree(world.root, ignore_errors=True)
        shutil.copytree(before, world.root)
        assert run_forked(world.root, arguments, with_key=True, fault=Fault(number))[0] == -1
        assert _as_the_product(world) == SECRETS, f"after call {number} of {calls}"
        vault = Vault.open(world.root / "deployment.yaml" if "yaml" in world.opening else world.root)
        assert {alias: vault[alias].reveal() for alias in vault} == SECRETS, f"after call {number} of {calls}"
        changed = {name for name, data in _contents(before).items() if (world.root / name).read_bytes() != data}
        seen.add((frozenset(changed), any(world.root.rglob("*.rotating"))))
        done, _, said = run_forked(world.root, arguments, with_key=True)
        assert done == 0, said
        assert _as_the_product(world) == SECRETS
        after = _contents(world.root)
        assert set(after) == set(_contents(before)), f"after call {number} of {calls}"
        assert {name for name, data in after.items() if (before / name).read_bytes() != data} == rotated
    switched = frozenset({world.opening})
    assert {(frozenset(), False), (frozenset(), True), (switched, True)} < seen
    assert (frozenset({world.file, world.opening}), False) in seen


@HOMES
def test_after_the_rename_no_key_is_needed_to_complete_it(world: World, run: Any, monkeypatch: Any) -> None:
    assert _killed_after_the_rename(world)
    for name in ("CIPHERTOOL_KEYSTORE_PASSWORD", "CIPHERTOOL_NEW_KEYSTORE_PASSWORD"):
        monkeypatch.delenv(name)
    carbon_xml = world.root / CONF / "carbon.xml"
    carbon_xml.write_text(carbon_xml.read_text().replace(PASSWORD, "wrong"))
    assert run("rotate", *world.options, "--dry-run").status == 3
    outcome = run("rotate", *world.options, "--json")
    assert (outcome.status, "the interrupted rotation is complete" in outcome.err) == (0, True)
    assert set(json.loads(outcome.out)["secrets"]) == set(SECRETS)
    assert not any(world.root.rglob("*.rotating"))
    assert _as_the_product(world) == SECRETS


def _killed_after_the_rename(world: World) -> bool:
    """Kill a run where the product has the new key, and its ciphertexts are not in their usual place yet."""
    usual = (world.root / world.file).read_bytes()
    for number in range(1, 100):
        shutil.copytree(world.root, world.root.parent / "kept", dirs_exist_ok=True)
        assert run_forked(world.root, _to(world), with_key=True, fault=Fault(number))[0] == -1
        os.chdir(world.root)
        if b"rotating" in (world.root / world.opening).read_bytes():
            return (world.root / world.file).read_bytes() == usual
        shutil.rmtree(world.root, ignore_errors=True)
        shutil.copytree(world.root.parent / "kept", world.root)
    return False


@HOMES
def test_between_both_the_vault_takes_new_values(world: World, run: Any) -> None:
    assert _killed_after_the_rename(world)
    warned = run("protect", *world.options)
    assert warned.status == 0
    assert "since a rotation was interrupted; `ciphertool rotate` completes it" in warned.err
    assert run("set", "more", *world.options, stdin=b"c4n4ry-more").status == 0
    assert run(*_to(world)).status == 0
    assert _as_the_product(world) == {**SECRETS, "more": "c4n4ry-more"}


@HOMES
def test_to_another_transformation(world: World, run: Any) -> None:
    for wanted in (LEGACY, OAEP):
        before = _contents(world.root)
        outcome = run("rotate", *world.options, "--transformation", wanted)
        assert outcome.status == 0, outcome.err
        assert _entries(world.root / SECRET_CONF)["secretRepositories.file.algorithm"] == wanted
        assert _as_the_product(world) == SECRETS
        changed = {name for name, data in _contents(world.root).items() if before.get(name) != data}
        assert changed == {world.file, SECRET_CONF}
    outcome = run("rotate", *world.options, "--transformation", OAEP)
    assert (outcome.status, "nothing would change" in outcome.err) == (3, True)


@HOMES
def test_what_is_refused_writes_nothing(world: World, run: Any, monkeypatch: Any) -> None:
    (world.root / "cert.pem").write_text("no keystore")
    before = _contents(world.root)
    arguments = _to(world)
    assert run(*arguments[:-2]).status == 2, "nobody has confirmed the certificate"
    assert run(*arguments[:-1], f"sha256:{'0' * 64}").status == 4
    assert run(*arguments, "--dry-run").status == 0
    assert run("rotate", *world.options).status == 3
    for name in ("RSA-OAEP-256", "RSA/ECB/NoPadding", "AES/GCM/NoPadding", "none"):
        assert run("rotate", *world.options, "--transformation", name).status == 3, name
        assert run(*arguments, "--transformation", name).status == 3, name
    assert run("rotate", *world.options, "--to", "cert.pem").status == 4
    assert run(*arguments, "--key-alias", "old").status == 3
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", "wrong")
    assert run(*arguments).status == 4
    assert _contents(world.root) == before


@HOMES
def test_a_value_that_waits_in_clear_or_does_not_decrypt_stops_everything(world: World, run: Any) -> None:
    file = world.root / world.file
    text = file.read_text("utf-8")
    waiting = 'more = "[c4n4ry]"\n' if "toml" in world.file else "more=[c4n4ry]\n"
    file.write_text(text + waiting, "utf-8")
    before = _contents(world.root)
    outcome = run(*_to(world))
    assert (outcome.status, "'more' is not encrypted yet" in outcome.err) == (5, True)
    assert _contents(world.root) == before
    start = text.rindex("admin") + 12
    file.write_text(text[:start] + ("A" if text[start] != "A" else "B") + text[start + 1 :], "utf-8")
    before = _contents(world.root)
    assert run(*_to(world)).status == 5
    assert _contents(world.root) == before


@HOMES
def test_the_passwords_that_the_product_reads_are_said_to_be_outdated(
    world: World, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = b"another password"
    file = world.root / "password-persist"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", other.decode())
    store = world.root / STORES / "new.p12"
    request = CertificateRequest(subject="CN=new", bits=2048)
    store.write_bytes(create_keystore(request, "new", other.decode(), now=datetime.now(UTC)))
    sha256 = open_keystore(store, other.decode()).entry("new").sha256
    outcome = run("rotate", *world.options, "--to", str(store), "--fingerprint", sha256)
    assert outcome.status == 0, outcome.err
    assert "password-persist of .: the product needs the new keystore's password at its next start" in outcome.err


@HOMES
def test_a_ciphertool_toml_that_names_the_keystore_names_the_new_one(world: World, run: Any) -> None:
    settings = f'# kept\n[keystore]\npath = "{STORES}/old.jks"  # kept\nalias = "old"\n'
    (world.root / "ciphertool.toml").write_text(settings)
    assert run("protect", *world.options).status == 0
    arguments = _to(world)
    shutil.copytree(world.root, world.root.parent / "before")
    assert run(*arguments).status == 0
    expected = settings.replace("old.jks", "new.p12").replace('"old"', '"new"')
    assert (world.root / "ciphertool.toml").read_text() == expected
    assert _as_the_product(world) == SECRETS
    for number in range(1, 100):
        shutil.rmtree(world.root)
        shutil.copytree(world.root.parent / "before", world.root)
        if os.WIFEXITED(run_forked(world.root, arguments, with_key=True, fault=Fault(number))[1]):
            break
        assert _as_the_product(world) == SECRETS
        assert run_forked(world.root, arguments, with_key=True)[0] == 0
        assert (world.root / "ciphertool.toml").read_text() == expected
        assert _as_the_product(world) == SECRETS
    assert number > 20


@pytest.mark.jvm
@HOMES
def test_a_jvm_decrypts_what_the_home_then_holds(world: World, run: Any) -> None:
    assert run(*_to(world)).status == 0
    assert secrets_of(world.root, PASSWORD) == SECRETS
    assert run("rotate", *world.options, "--transformation", LEGACY).status == 0
    assert secrets_of(world.root, PASSWORD) == SECRETS


@pytest.mark.jvm
@HOMES
def test_to_a_secret_key_and_back(world: World, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = world.root / STORES / "keys.p12"
    shutil.copy(secret_keys.FOLDER / "keys.p12", store)
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", secret_keys.PASSWORD)
    outcome = run("rotate", *world.options, "--to", str(store), "--to-key-alias", "aes256")
    assert outcome.status == 0, outcome.err
    stated = _entries(world.root / SECRET_CONF)
    assert stated["secretRepositories.file.encryptionMode"] == "symmetric"
    assert stated["secretRepositories.file.algorithm"] == "AES/GCM/NoPadding"
    assert secrets_of(world.root, secret_keys.PASSWORD) == SECRETS
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", secret_keys.PASSWORD)
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", PASSWORD)
    outcome = run(*_to(world))
    assert outcome.status == 0, outcome.err
    assert "secretRepositories.file.encryptionMode" not in _entries(world.root / SECRET_CONF)
    assert _as_the_product(world) == SECRETS


@EVERY
def test_a_check_finds_what_is_not_under_the_key_or_the_scheme(world: World, run: Any, monkeypatch: Any) -> None:
    def told(status: int) -> list[dict[str, Any]]:
        outcome = run("rotate", "--check", *world.options, "--json")
        assert outcome.status == status, outcome.err
        return list(json.loads(outcome.out)["keys"])

    [row] = told(0)
    assert (row["values"], row["outdated"], "old.jks (old)" in row["key"]) == (2, None, True)
    text = (world.root / world.file).read_text("utf-8")
    assert run(*_to(world)).status == 0
    assert "new.p12 (new)" in told(0)[0]["key"]
    (world.root / world.file).write_text(text, "utf-8")
    assert [(row["values"], row["outdated"]) for row in told(1)] == [(2, "undecryptable")]
    (world.root / "ciphertool.toml").write_text(f'[encryption]\nscheme = "{LEGACY}"\n')
    if world.opening == SECRET_CONF:
        assert told(1)[0]["outdated"] == "undecryptable"
        carbon_xml = world.root / CONF / "carbon.xml"
        carbon_xml.write_text(carbon_xml.read_text().replace(PASSWORD, "$secret{x}"))
        monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
        if "toml" not in world.file:
            assert told(1)[0]["outdated"] == "scheme"


@HOMES
def test_a_home_whose_product_was_not_given_the_vault_yet_is_given_it(world: World, run: Any) -> None:
    """As WSO2's tool leaves it without its last step: values by `RSA`, and no `secret-conf.properties`."""
    assert run("rotate", *world.options, "--transformation", LEGACY).status == 0
    (world.root / SECRET_CONF).unlink()
    assert run(*_to(world)).status == 0
    stated = _entries(world.root / SECRET_CONF)
    assert (stated["secVault.enabled"], stated["secretRepositories"]) == ("true", "file")
    assert stated["keystore.identity.key.password"] == "identity.key.password"
    assert "secretRepositories.file.algorithm" not in stated
    assert _as_the_product(world) == SECRETS


@pytest.mark.parametrize("world", ["xml"], indirect=True)
def test_the_file_that_stands_for_carbon_xml_names_the_new_keystore(world: World, run: Any) -> None:
    (world.root / CONF / "carbon.xml").unlink()
    names = {"cipher.text": "cipher-text", "cipher.tool": "cipher-tool", "secret.conf": "secret-conf"}
    files = "".join(f"{key}.properties.file={CONF}/security/{name}.properties\n" for key, name in names.items())
    file = world.root / CONF / "cipher-standalone-config.properties"
    text = f"# kept\nprimary.key.location={STORES}/old.jks\nprimary.key.type=JKS\nprimary.key.alias=old\n{files}"
    file.write_text(text)
    before = world.root.parent / "before"
    shutil.copytree(world.root, before)
    expected = text.replace("old.jks", "new.p12").replace("=JKS", "=PKCS12").replace("=old", "=new")
    assert run(*_to(world)).status == 0
    assert file.read_text() == expected
    for number in range(1, 100):
        shutil.rmtree(world.root)
        shutil.copytree(before, world.root)
        if os.WIFEXITED(run_forked(world.root, _to(world), with_key=True, fault=Fault(number))[1]):
            break
        assert _as_the_product(world) == SECRETS
        assert run_forked(world.root, _to(world), with_key=True)[0] == 0
        assert (file.read_text(), _as_the_product(world)) == (expected, SECRETS)
    assert number > 20


@HOMES
def test_from_a_password_that_is_the_key(world: World, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(world.root / CONF / "security")
    clear = TOML if "toml" in world.file else TEXT
    mode = "secretRepositories.file.encryptionMode=key.based.symmetric.encryption\n"
    repository = world.file.removeprefix(f"{CONF}/")
    lay_out(world.root, {repository: clear, "security/secret-conf.properties": mode, "carbon.xml": CARBON_XML})
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "0f" * 32)
    assert run("protect", *world.options).status == 0
    outcome = run(*_to(world))
    assert outcome.status == 0, outcome.err
    stated = _entries(world.root / SECRET_CONF)
    assert "secretRepositories.file.encryptionMode" not in stated
    assert stated["keystore.identity.store.password"] == "identity.store.password"
    assert _as_the_product(world) == SECRETS


@pytest.mark.parametrize("world", ["toml"], indirect=True)
def test_what_the_product_fills_in_stays(world: World, run: Any) -> None:
    file = world.root / world.file
    file.write_text(file.read_text("utf-8") + 'filled = "$env{X}"\n', "utf-8")
    assert run(*_to(world)).status == 0
    assert 'filled = "$env{X}"\n' in file.read_text("utf-8")


@pytest.mark.parametrize("world", ["xml"], indirect=True)
def test_ciphertexts_in_a_place_of_their_own_stay_there(world: World, run: Any) -> None:
    own = world.root / CONF / "own.properties"
    (world.root / world.file).rename(own)
    conf = world.root / SECRET_CONF
    conf.write_text(conf.read_text().replace(world.file, f"{CONF}/own.properties"))
    own.chmod(0o640)
    arguments = _to(world)
    assert run(*arguments).status == 0
    assert _entries(conf)["secretRepositories.file.location"] == f"{CONF}/own.properties"
    assert own.stat().st_mode & 0o777 == 0o640
    assert _as_the_product(world) == SECRETS


@HOMES
@pytest.mark.parametrize("option", ["--home", "--config"])
def test_a_certificate_and_a_fingerprint_in_settings_are_the_new_ones(world: World, run: Any, option: str) -> None:
    old, new = (open_keystore(world.root / STORES / name, PASSWORD).entry(None) for name in ("old.jks", "new.p12"))
    pem = DER_cert_to_PEM_cert(old.chain[0])
    (world.root / "old.pem").write_text(pem)
    table = f'[keystore]\npath = "{STORES}/old.jks"\nalias = "old"\ncertificate = "old.pem"\n'
    (world.root / "ciphertool.toml").write_text(f'{table}fingerprint = "sha256:{old.sha256}"\n')
    arguments = _to(world)
    arguments[1:3] = [option, "." if option == "--home" else "ciphertool.toml"]
    outcome = run(*arguments)
    assert outcome.status == 0, outcome.err
    stated = tomllib.loads((world.root / "ciphertool.toml").read_text())["keystore"]
    assert stated == {
        "path": f"{STORES}/new.p12",
        "alias": "new",
        "certificate": f"{STORES}/new.pem",
        "fingerprint": f"sha256:{new.sha256}",
    }
    assert (world.root / STORES / "new.pem").read_text() == DER_cert_to_PEM_cert(new.chain[0])
    assert _as_the_product(world) == SECRETS
    assert run("protect", *arguments[1:3]).status == 0


class _Failing(Fault):
    """Lets the number-th call that writes fail: no space is left."""

    def _act(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@HOMES
def test_a_call_that_fails_leaves_a_product_that_starts(world: World) -> None:
    arguments, before = _to(world), world.root.parent / "before"
    shutil.copytree(world.root, before)
    statuses: list[int] = []
    while not statuses or statuses[-1] != 0 or len(statuses) < 20:
        shutil.rmtree(world.root)
        shutil.copytree(before, world.root)
        status, _, said = run_forked(world.root, arguments, with_key=True, fault=_Failing(len(statuses) + 1))
        assert "a bug in ciphertool" not in said
        assert _as_the_product(world) == SECRETS, f"call {len(statuses) + 1} failed"
        assert run_forked(world.root, arguments, with_key=True)[0] == 0
        assert _as_the_product(world) == SECRETS
        assert set(_contents(world.root)) == set(_contents(before))
        statuses.append(status)
        assert len(statuses) < 100
    assert {6} <= set(statuses) <= {0, 6}


@HOMES
def test_a_value_that_somebody_writes_in_the_usual_place_meanwhile_stays(world: World, run: Any) -> None:
    assert _killed_after_the_rename(world)
    file = world.root / world.file
    text = file.read_text("utf-8")
    start = text.rindex("admin")
    end = text.index("\n", start)
    clear = 'admin = "[c4n4ry-new]"' if "toml" in world.file else "admin=[c4n4ry-new]"
    file.write_text(text[:start] + clear + text[end:], "utf-8")
    assert run("rotate", *world.options).status == 0
    assert clear in file.read_text("utf-8")
    assert run("protect", *world.options).status == 0
    assert _as_the_product(world) == {**SECRETS, "admin": "c4n4ry-new"}


@HOMES
def test_a_transformation_that_settings_state_is_moved_to(world: World, run: Any) -> None:
    (world.root / "ciphertool.toml").write_text(f'[encryption]\nscheme = "{LEGACY}"\n')
    assert run("rotate", "--check", *world.options).status == 1
    outcome = run("rotate", *world.options, "--transformation", OAEP)
    assert (outcome.status, f"state the transformation {LEGACY}" in outcome.err) == (3, True)
    assert run("rotate", *world.options).status == 0
    assert _entries(world.root / SECRET_CONF)["secretRepositories.file.algorithm"] == LEGACY
    assert _as_the_product(world) == SECRETS
    assert run("rotate", "--check", *world.options).status == 0


@pytest.mark.jvm
@pytest.mark.parametrize("world", ["yaml"], indirect=True)
def test_a_jvm_decrypts_what_carbon_5_then_reads(world: World, run: Any) -> None:
    """It opens the keystore as JKS, whatever it is, and decrypts by RSA."""
    assert run(*_to(world)).status == 0
    stated = YAML(typ="safe").load((world.root / "deployment.yaml").read_text())["wso2.securevault"]
    parameters = stated["secretRepository"]["parameters"]
    store = world.root / parameters["keystoreLocation"]
    alias = parameters["privateKeyAlias"]
    options = ["-keystore", str(store), "-storetype", "JKS", "-storepass", PASSWORD, "-alias", alias]
    subprocess.run(["keytool", "-list", *options], check=True, capture_output=True, timeout=120)
    key = open_keystore(store, PASSWORD).private_key(alias)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    stored = _entries(world.root / parameters["secretPropertiesFile"])
    blocks = [base64.b64decode(text.removeprefix("cipherText ")) for text in stored.values()]
    answers = ask([request("decrypt", scheme_named(LEGACY), b"", der, block) for block in blocks])
    found = [answer.decode() for answer in answers if isinstance(answer, bytes)]
    assert dict(zip(stored, found, strict=True)) == SECRETS


@pytest.mark.jvm
@pytest.mark.corpus
@pytest.mark.parametrize("name", ["carbon-4.4.x-home", "carbon-4.4.3-home"])
def test_homes_of_wso2s_tool_leave_its_published_key(
    corpus: Path, tmp_path: Path, stores: dict[str, bytes], run: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """To a key of their own and, in the same step, from PKCS #1 v1.5 to OAEP; one of the old keys has 1024 bits."""
    home = tmp_path / name
    shutil.copytree(corpus / "protected-by-java" / name, home)
    (home / STORES / "new.p12").write_bytes(stores["new.p12"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "wso2carbon")
    vault = Vault.open(home)
    before = {alias: vault[alias].reveal() for alias in vault}
    assert len(before) > 3
    sha256 = open_keystore(home / STORES / "new.p12", PASSWORD).entry("new").sha256 or ""
    to = ("--to", f"{STORES}/new.p12", "--fingerprint", sha256)
    others = {path: data for path, data in _contents(home).items() if "/security/" not in path}
    outcome = run("rotate", "--home", name, *to, "--transformation", OAEP)
    assert outcome.status == 0, outcome.err
    assert _entries(home / SECRET_CONF)["secretRepositories.file.algorithm"] == OAEP
    assert secrets_of(home, PASSWORD) == before
    assert {path: data for path, data in _contents(home).items() if "/security/" not in path} == others


@HOMES
def test_an_empty_vault_gets_the_new_keystore(world: World, run: Any) -> None:
    shutil.rmtree(world.root / CONF / "security")
    text = TOML.partition("\n[secrets]")[0] if "toml" in world.file else "# none\n"
    lay_out(world.root, {world.file.removeprefix(f"{CONF}/"): text, "carbon.xml": CARBON_XML})
    outcome = run(*_to(world))
    assert outcome.status == 0, outcome.err
    assert "new ones will be encrypted to the key" in outcome.err
    assert run("set", "admin", *world.options, stdin=b"c4n4ry").status == 0
    assert _as_the_product(world) == {"admin": "c4n4ry"}
    assert not any(world.root.rglob("*.rotating"))
