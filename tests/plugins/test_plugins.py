"""Plug-ins of an installed distribution serve settings that a person named, and what they break shows no secret."""

from __future__ import annotations

import base64
import json
import pickle
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ciphertool import Vault, rewriters, settings
from ciphertool.ciphertext import Native
from ciphertool.engine import DEFAULT, Encryptor
from ciphertool.errors import (
    CipherToolError,
    KeystoreError,
    MalformedCiphertextError,
    PluginError,
    UnknownFormatError,
    UnknownRepositoryKindError,
    UnsupportedKeystoreError,
)
from ciphertool.files import Snapshot
from ciphertool.keystore import open_keystore
from ciphertool.passwords import PasswordChain
from ciphertool.plugins import ALL_EXTENSIONS, NO_EXTENSIONS
from ciphertool.repository import KINDS, open_repository, repository_of
from ciphertool.secret import Secret
from ciphertool.settings.model import FOUND, NAMED
from ciphertool.testing import RepositoryContract
from ciphertool.vault.cipher import Sealer
from ciphertool.vault.opening import VaultAccess
from tests.conftest import PASSWORD, SECRETS
from tests.plugins.example import CANARY, JsonRepository

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.keystore import Keystore
    from ciphertool.repository import SecretRepository
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

_TEXT = base64.b64encode(bytes(range(64))).decode()
_STORED = json.dumps(
    {"secrets": {"one": f"ENC[RSA-OAEP-256,0123456789abcdef,{_TEXT}]", "two": "!c4n4ry-7d1f"}}
).encode()
GROUPS = ("rewriters", "repositories", "storages", "keystores", "passwords")


def _snapshot(data: bytes) -> Snapshot:
    return Snapshot(Path("store"), Path("/store"), data)


class TestTheExampleAlone(RepositoryContract):
    """As its author would run the suite."""

    stored = _STORED
    other = Native("RSA-OAEP-256", "fedcba9876543210", b"x" * 64)
    lines = False

    def open(self, data: bytes) -> SecretRepository:
        return JsonRepository(_snapshot(data))


@pytest.mark.usefixtures("installed")
class TestTheExampleInstalled(TestTheExampleAlone):
    """As the program uses it."""

    def open(self, data: bytes) -> SecretRepository:
        return repository_of("json-vault", _snapshot(data), extensions=ALL_EXTENSIONS)


def _named(project: Path, *, repository: str = "", keystore: str = "", password: str = "", target: str = "") -> Path:
    """Put lines into the tables of the project's settings; return the settings."""
    path = project / "ciphertool.toml"
    text = path.read_text()
    text = text.replace("[keystore]", f"[keystore]\n{keystore}").replace("[repository]", f"[repository]\n{repository}")
    path.write_text(text + (f"\n[[password]]\n{password}\n" if password else "") + target)
    return path


def _json_keystore(project: Path) -> None:
    store = open_keystore(project / "security/primary.p12", PASSWORD)
    key = store.private_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    members = {"key": key, "certificate": store.entries[0].chain[0]}
    encoded = {name: base64.b64encode(value).decode() for name, value in members.items()}
    (project / "security/primary.p12").write_text(json.dumps({"password": PASSWORD, **encoded}))


def _opened(project: Path, password: str) -> Keystore:
    path = project / "security/primary.p12"
    return open_keystore(path, password, format_name="json-keystore", extensions=ALL_EXTENSIONS)


@pytest.mark.usefixtures("installed")
def test_a_vault_of_plug_ins_alone(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    _json_keystore(project)
    (project / "app.cfg").write_text("PASSWORD=c4n4ry-env\n")
    config = _named(
        project,
        repository='kind = "json-vault"',
        keystore='format = "json-keystore"',
        password=f'from = "fixed"\nvalue = "{PASSWORD}"',
        target='[[target]]\nfile = "app.cfg"\nselector = "PASSWORD"\nalias = "env"\nformat = "example-env"\n',
    )
    assert run("protect", "--config", str(config)).status == 0
    members: dict[str, str] = json.loads((project / "security/vault.properties").read_text())["secrets"]
    assert set(members) == {*SECRETS, "env"}
    assert all(text.startswith("ENC[") for text in members.values())
    vault = Vault.open(config)
    assert {alias: vault[alias].reveal() for alias in SECRETS} == SECRETS
    assert vault.load("app.cfg", format="example-env") == {"PASSWORD": "c4n4ry-env"}
    assert run("check", "--config", str(config)).status == 0
    assert run("protect", "--dry-run", "--config", str(config)).status == 0
    assert run("audit", "--decrypt", "--json", "--config", str(config)).status == 0
    assert "CT025" not in run("audit", "--json", "--config", str(config)).out, "it has read the certificate"
    members["app.smtp.password"] = members["env"]
    (project / "security/vault.properties").write_text(json.dumps({"secrets": members}))
    moved = run("get", "app.smtp.password", "--config", str(config))
    assert (moved.status, moved.out) == (5, "")
    assert "was made for 'env'" in moved.err


@pytest.mark.usefixtures("installed")
def test_a_plug_ins_kind_in_all_that_kinds_differ_by(project: Path, run: Run) -> None:
    """The password of a URL is stored without its encoding; a repository may be a part of the configuration itself."""
    path, text = project / "shared.json", '{"url": "postgres://app:c4n4ry%40x@db/x"}'
    path.write_text(text)
    config = project / "ciphertool.toml"
    config.write_text(
        '[keystore]\npath = "security/primary.p12"\n[repository]\npath = "shared.json"\nkind = "json-vault"\n'
        '[[target]]\nfile = "shared.json"\nselector = "$.url"\nalias = "db"\npart = "password"\n'
    )
    assert run("protect", "--config", str(config)).status == 0
    vault = Vault.open(config)
    assert vault["db"].reveal() == "c4n4ry@x"
    assert json.loads(vault.resolve_file(path))["url"] == json.loads(text)["url"]


@pytest.mark.usefixtures("installed")
def test_another_keystore_than_that_of_the_settings_is_told_by_content(protected: Path, run: Run) -> None:
    config = _named(protected, keystore='format = "json-keystore"')
    given = ("get", "app.smtp.password", "--config", str(config))
    assert run(*given).status == 3
    assert run(*given, "--keystore", "security/primary.p12").out == f"{SECRETS['app.smtp.password']}\n"


@pytest.mark.usefixtures("installed")
def test_a_keystore_that_needs_no_password(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    key = open_keystore(project / "security/primary.p12", PASSWORD).private_key()
    _json_keystore(project)
    loaded = settings.load(_named(project, keystore='format = "json-keystore"'))
    sealed = Sealer(DEFAULT, True, Encryptor(key.public_key())).seal("a", Secret("v"))
    assert VaultAccess(loaded, PasswordChain(())).to_open().opener.open("a", sealed) == Secret("v")


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "lines",
    [
        {"repository": 'kind = "json-vault"'},
        {"keystore": 'format = "json-keystore"'},
        {"password": 'from = "fixed"\nvalue = "x"'},
    ],
)
def test_settings_that_are_merely_found_load_none(project: Path, lines: dict[str, Any]) -> None:
    path = _named(project, **lines)
    with pytest.raises(CipherToolError, match="only from a configuration that is named"):
        settings.load()
    assert "ciphertool_example" not in sys.modules
    settings.load(path)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("lines", "known"),
    [
        ({"repository": 'kind = "nowhere"'}, (*KINDS, "json-vault")),
        ({"keystore": 'format = "nowhere"'}, ("json-keystore",)),
        ({"password": 'from = "nowhere"'}, ("environment", "master-keys", "fixed")),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    project: Path, lines: dict[str, Any], known: tuple[str, ...]
) -> None:
    with pytest.raises(CipherToolError) as e:
        settings.load(_named(project, **lines))
    assert all(name in e.value.message for name in known)


def test_an_unknown_format_where_nothing_is_installed(project: Path) -> None:
    with pytest.raises(CipherToolError, match="none is installed"):
        settings.load(_named(project, keystore='format = "JKS"'))


@pytest.mark.usefixtures("installed")
def test_the_ports_know_what_there_is() -> None:
    assert "json-vault" in ALL_EXTENSIONS.names("ciphertool.repositories")
    with pytest.raises(UnknownRepositoryKindError) as kind:
        open_repository("nowhere", Path("x"), extensions=ALL_EXTENSIONS)
    assert set(kind.value.known) >= {*KINDS, "json-vault"}
    with pytest.raises(UnknownRepositoryKindError) as untrusted:
        open_repository("json-vault", Path("x"))
    assert untrusted.value.known == KINDS
    with pytest.raises(UnsupportedKeystoreError, match="json-keystore"):
        open_keystore(Path("x"), None, data=b"x", format_name="nowhere", extensions=ALL_EXTENSIONS)
    with pytest.raises(UnsupportedKeystoreError, match="installed plug-ins: none"):
        open_keystore(Path("x"), None, data=b"x", format_name="json-keystore")
    with pytest.raises(UnknownFormatError) as format_:
        rewriters.by_name("nowhere", extensions=ALL_EXTENSIONS)
    assert {"yaml", "example-env"} <= set(format_.value.known)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("group", GROUPS)
def test_trust_is_a_value_that_crosses_processes(group: str) -> None:
    """What another process makes of it loads as much as here: everything, or nothing."""
    trusted, confined = (pickle.loads(pickle.dumps(trust)) for trust in (NAMED, FOUND))  # noqa: S301 - our own
    assert "broken" in trusted.extensions.names(f"ciphertool.{group}")
    assert trusted.extensions.find(f"ciphertool.{group}", "broken") is not None
    assert confined.extensions.names(f"ciphertool.{group}") == ()
    assert confined.extensions.find(f"ciphertool.{group}", "broken") is None
    assert NO_EXTENSIONS == confined.extensions != ALL_EXTENSIONS


def test_a_name_that_two_distributions_offer_is_refused(install: Callable[[str], None]) -> None:
    install("one")
    install("two")
    with pytest.raises(PluginError) as e:
        ALL_EXTENSIONS.find("ciphertool.repositories", "json-vault")
    assert e.value.reason == "several distributions provide it"


@pytest.mark.usefixtures("installed")
def test_a_plug_ins_kind_holds_native_ciphertexts_only(project: Path) -> None:
    (project / "security/vault.properties").write_text("{}")
    vault = Vault.open(_named(project, repository='kind = "bare-vault"'))
    with pytest.raises(MalformedCiphertextError):
        vault.resolve("a")


# --- broken plug-ins --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("group", GROUPS)
def test_a_plug_in_that_raises_is_an_error_that_quotes_nothing(group: str) -> None:
    made = ALL_EXTENSIONS.find(f"ciphertool.{group}", "broken")
    assert made is not None
    with pytest.raises(PluginError) as e:
        made("x", secret="c4n4ry-given")
    assert (e.value.group, e.value.name, e.value.reason) == (f"ciphertool.{group}", "broken", "it raises RuntimeError")
    assert "c4n4ry" not in "".join(traceback.format_exception(e.value)).replace("c4n4ry-given", "", 1)


@pytest.mark.usefixtures("installed")
def test_a_plug_in_that_cannot_be_imported() -> None:
    with pytest.raises(PluginError) as e:
        ALL_EXTENSIONS.find("ciphertool.repositories", "absent")
    assert e.value.reason == "it raises AttributeError"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "lines",
    [
        {"repository": 'kind = "broken"'},
        {"repository": 'kind = "broken-list"'},
        {"repository": 'kind = "broken-update"'},
        {"keystore": 'format = "broken"'},
        {"keystore": 'format = "broken-key"'},
        {"password": 'from = "broken"'},
        {"password": 'from = "broken-read"\nvalue = "x"'},
        {"password": 'from = "fixed"\nno_such_option = "c4n4ry"'},
        {"target": '[[target]]\nfile = "conf/app.yaml"\nselector = "x"\nalias = "x"\nformat = "broken"\n'},
    ],
    ids=str,
)
def test_a_broken_plug_in_stops_a_run_and_shows_nothing(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, lines: dict[str, Any]
) -> None:
    if "password" in lines:
        monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    if "keystore" in lines:
        _json_keystore(project)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    config = _named(project, **lines)
    before[config] = config.read_bytes()
    outcome = run("protect", "--config", str(config))
    assert outcome.status == 3, outcome.err
    assert "plug-in" in outcome.err
    assert "ciphertool." in outcome.err
    assert CANARY not in outcome.err + outcome.out
    assert "c4n4ry" not in outcome.err + outcome.out
    assert PASSWORD not in outcome.err + outcome.out
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.usefixtures("installed")
def test_a_plug_ins_own_errors_come_through(project: Path) -> None:
    _json_keystore(project)
    with pytest.raises(KeystoreError) as wrong:
        _opened(project, "another")
    assert wrong.value.path == project / "security/primary.p12"
    assert PASSWORD not in repr(_opened(project, PASSWORD))
