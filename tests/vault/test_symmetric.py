"""A vault whose key is an AES key of a keystore: its values are read and written everywhere."""

from __future__ import annotations

import base64
import json
import os
import traceback
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ciphertool import Vault
from ciphertool.errors import (
    MalformedCiphertextError,
    NotAesError,
    UnsupportedSchemeError,
    WrongKeyOrDamagedError,
    WrongKeyPasswordError,
)
from ciphertool.settings import load
from tests.interop.secret_keys import FOLDER, KEY_PASSWORD, PASSWORD, STORES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

STORE_TYPES = pytest.mark.parametrize("store", sorted(STORES))
RSA_VALUE = base64.b64encode(bytes(256)).decode()


class _Value(NamedTuple):
    store: str
    key: str
    plaintext: str
    stored: str


def _vectors() -> list[_Value]:
    lines = (FOLDER / "vectors.tsv").read_text("utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [_Value(store, key, base64.b64decode(text).decode(), stored) for store, key, text, stored in rows]


VALUES = _vectors()


def _value(store: str, text: str = "ABC@123", key: str = "aes256") -> _Value:
    return next(value for value in VALUES if value[:3] == (store, key, text))


def _damaged(stored: str) -> str:
    members = json.loads(base64.b64decode(stored))
    data = bytearray(base64.b64decode(members["cipherText"]))
    data[-1] ^= 1
    members["cipherText"] = base64.b64encode(bytes(data)).decode()
    return base64.b64encode(json.dumps(members).encode()).decode()


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a `ciphertool.toml` whose vault holds values under a key of a store, and a file that refers to them."""
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    monkeypatch.setenv("CIPHERTOOL_CONFIG", str(tmp_path / "ciphertool.toml"))  # its keystore lies elsewhere
    monkeypatch.chdir(tmp_path)

    def write(store: str, values: dict[str, str], *, key: str = "aes256", kind: str = "carbon4") -> Path:
        path = tmp_path / "ciphertool.toml"
        path.write_text(
            f'[keystore]\npath = "{FOLDER / store}"\nalias = "{key}"\n'
            f'[repository]\npath = "vault.properties"\nkind = "{kind}"\n'
            + "".join(f'[[target]]\nfile = "app.properties"\nselector = "{a}"\nalias = "{a}"\n' for a in values)
        )
        (tmp_path / "vault.properties").write_text(
            "".join(f"{alias}={stored.replace('=', chr(92) + '=')}\n" for alias, stored in values.items())
        )
        (tmp_path / "app.properties").write_text("".join(f"{alias}=$secret{{{alias}}}\n" for alias in values))
        return path

    return write


@pytest.mark.parametrize("store", sorted(STORES))
@pytest.mark.parametrize("key", ["aes128", "aes192", "aes256"])
def test_what_javas_tool_stored_resolves(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, store: str, key: str
) -> None:
    if (store, key) == ("keys.jceks", "aes192"):
        monkeypatch.setenv("CIPHERTOOL_KEY_PASSWORD", KEY_PASSWORD)
    values = {f"v{n}": value for n, value in enumerate(v for v in VALUES if (v.store, v.key) == (store, key))}
    vault = Vault.open(make(store, {alias: value.stored for alias, value in values.items()}, key=key))
    expected = {alias: value.plaintext for alias, value in values.items()}
    assert {alias: vault[alias].reveal() for alias in values} == expected
    assert vault.load("app.properties") == expected
    assert vault.check() == len(values)
    vault.reload()
    assert vault["v0"].reveal() == expected["v0"]


def test_a_forked_child_resolves(make: Callable[..., Path]) -> None:
    vault = Vault.open(make("keys.p12", {"a": _value("keys.p12").stored, "b": _value("keys.p12", "").stored}))
    assert vault["a"].reveal() == "ABC@123"
    child = os.fork()
    if child == 0:
        os._exit(0 if vault["b"].reveal() == "" else 1)
    assert os.waitpid(child, 0)[1] == 0


@STORE_TYPES
def test_what_does_not_decrypt_is_an_error_that_says_so(make: Callable[..., Path], store: str) -> None:
    stored = _value(store).stored
    values = {"damaged": _damaged(stored), "foreign": _value(store, key="aes128").stored, "rsa": RSA_VALUE}
    vault = Vault.open(make(store, values))
    for alias, expected in (
        ("damaged", WrongKeyOrDamagedError),
        ("foreign", WrongKeyOrDamagedError),
        ("rsa", MalformedCiphertextError),
    ):
        with pytest.raises(expected) as e:
            vault.resolve(alias)
        assert (e.value.path, e.value.line) == (vault.settings.repository, list(values).index(alias) + 1)
        assert repr(alias) in e.value.message
        assert "ABC@123" not in "".join(traceback.format_exception(e.value))


def test_keys_that_do_not_serve(make: Callable[..., Path]) -> None:
    stored = _value("keys.p12").stored
    with pytest.raises(NotAesError) as not_aes:
        Vault.open(make("keys.p12", {"a": stored}, key="hmac")).resolve("a")
    assert not_aes.value.alias == "hmac"
    with pytest.raises(UnsupportedSchemeError) as rsa:
        Vault.open(make("keys.p12", {"a": stored}, key="rsa")).resolve("a")
    assert rsa.value.name == "AES/GCM/NoPadding"
    assert "AES key" in rsa.value.hint
    with pytest.raises(WrongKeyPasswordError):
        Vault.open(make("keys.jceks", {"a": _value("keys.jceks", key="aes192").stored}, key="aes192")).resolve("a")


def test_a_native_vault_takes_no_secret_key(make: Callable[..., Path]) -> None:
    native = f"ENC[RSA-OAEP-256,0123456789abcdef,{RSA_VALUE}]"
    with pytest.raises(UnsupportedSchemeError, match="native vault"):
        Vault.open(make("keys.p12", {"a": native}, kind="native")).resolve("a")


@STORE_TYPES
def test_the_commands_read_it(make: Callable[..., Path], run: Run, store: str) -> None:
    text = "Pässwörd€😀"
    value = _value(store, text)
    make(store, {"app.password": value.stored})
    assert run("get", "app.password").out == f"{text}\n"
    assert run("resolve", "app.properties").status == 0
    assert run("check").status == 0
    assert run("decrypt", stdin=value.stored.encode()).out == text
    options = ("--keystore", str(FOLDER / store), "--key-alias", "aes256")
    for more in ((), ("--transformation", "auto"), ("--transformation", "AES/GCM/NoPadding")):
        assert run("decrypt", *options, *more, stdin=value.stored.encode()).out == text
    refused = run("decrypt", "--keystore", str(FOLDER / store), "--key-alias", "rsa", stdin=value.stored.encode())
    assert (refused.status, refused.out) == (3, "")
    assert "secret key" in refused.err
    damaged = run("decrypt", *options, stdin=_damaged(value.stored).encode())
    assert (damaged.status, damaged.out) == (5, "")


@STORE_TYPES
def test_an_audit_reads_it(make: Callable[..., Path], run: Run, store: str) -> None:
    make(store, {"good": _value(store).stored, "bad": _damaged(_value(store).stored)})
    report = json.loads(run("audit", "--decrypt", "--json").out)
    assert [f["message"].split(":")[0] for f in report["findings"] if f["rule"] == "CT026"] == ["'bad'"]
    told = {finding["rule"]: (finding["level"], finding["message"]) for finding in report["findings"]}
    assert told["CT025"] == ("note", "the key 'aes256' is a secret key, which has no certificate")
    make(store, {"good": _value(store).stored})
    outcome = run("audit", "--decrypt", "--json")
    assert [f for f in json.loads(outcome.out)["findings"] if f["level"] != "note"] == []
    assert outcome.status == 0
    assert run("audit", "--json").status == 0


def test_an_audit_finds_a_value_of_it_in_clear(make: Callable[..., Path], run: Run, tmp_path: Path) -> None:
    make("keys.p12", {"app.password": _value("keys.p12", "Pässwörd€😀").stored})
    (tmp_path / "other.yaml").write_text("a: Pässwörd€😀\n", encoding="utf-8")
    for option, found in ((("--decrypt",), True), ((), False)):
        report = json.loads(run("audit", *option, "--json").out)
        assert any(finding["path"] == "other.yaml" for finding in report["findings"]) is found


@STORE_TYPES
@pytest.mark.parametrize("key", ["aes128", "aes256"])
def test_the_commands_write_it(make: Callable[..., Path], run: Run, tmp_path: Path, store: str, key: str) -> None:
    text = "c4n4ry-Pässwörd"
    config = make(store, {"old": _value(store, key=key).stored, "new": ""}, key=key)
    (tmp_path / "app.properties").write_text(f"old=$secret{{old}}\nnew={text}\n", encoding="latin-1")
    outcome = run("protect")
    assert (outcome.status, f"encrypted: 1, to the AES key '{key}'" in outcome.err) == (0, True)
    lines = (tmp_path / "vault.properties").read_text().splitlines()
    values = [line.partition("=")[2].replace("\\", "") for line in lines]
    assert values[0] == _value(store, key=key).stored
    assert sorted(json.loads(base64.b64decode(values[1]))) == ["cipherText", "iv"]
    assert Vault.open(config).load("app.properties") == {"old": "ABC@123", "new": text}
    again = run("protect")
    assert (again.status, "nothing to do" in again.err) == (0, True)


@STORE_TYPES
def test_encrypt_prints_what_decrypt_reads(make: Callable[..., Path], run: Run, store: str) -> None:
    make(store, {})
    printed = run("encrypt", stdin=b"c4n4ry")
    assert (printed.status, "encrypted to the AES key 'aes256'" in printed.err) == (0, True)
    assert run("decrypt", stdin=printed.out.encode()).out == "c4n4ry"
    assert run("encrypt", stdin=b"c4n4ry").out != printed.out
    options = ("--keystore", str(FOLDER / store), "--key-alias", "aes256")
    stated = run("encrypt", *options, "--transformation", "AES/GCM/NoPadding", stdin=b"c4n4ry")
    assert run("decrypt", *options, stdin=stated.out.encode()).out == "c4n4ry"


@pytest.mark.parametrize(
    ("key", "transformation", "reason"),
    [
        ("aes256", "RSA", "it needs an RSA key, not the AES key 'aes256'"),
        ("aes256", None, "'aes256' is a secret key, but a native vault needs an RSA key"),
        ("rsa", "AES/GCM/NoPadding", "it needs a secret key"),
    ],
)
def test_a_key_serves_its_own_transformation_alone(
    monkeypatch: pytest.MonkeyPatch, run: Run, key: str, transformation: str | None, reason: str
) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    more = ("--transformation", transformation) if transformation else ("--secret-alias", "a")
    outcome = run("encrypt", "--keystore", str(FOLDER / "keys.p12"), "--key-alias", key, *more, stdin=b"c4n4ry")
    assert (outcome.status, outcome.out, reason in outcome.err) == (3, "", True)


def test_a_vault_of_rsa_values_is_not_mixed(make: Callable[..., Path], run: Run, tmp_path: Path) -> None:
    make("keys.p12", {"old": RSA_VALUE, "new": ""})
    (tmp_path / "app.properties").write_text("old=$secret{old}\nnew=c4n4ry\n")
    before = (tmp_path / "vault.properties").read_bytes()
    outcome = run("protect")
    assert (outcome.status, "'old'" in outcome.err, "AES" in outcome.err) == (5, True, True)
    assert (tmp_path / "vault.properties").read_bytes() == before


def test_nothing_is_encrypted_to_a_certificate_beside_it(make: Callable[..., Path], run: Run, tmp_path: Path) -> None:
    """Or the vault would hold values that its key does not open."""
    config = make("keys.p12", {"app.password": "[c4n4ry-clear]"})
    certificate = run("keystore", "export", str(FOLDER / "keys.p12"), "--alias", "rsa").out
    (tmp_path / "rsa.pem").write_text(certificate)
    config.write_text(config.read_text().replace("[keystore]", '[keystore]\ncertificate = "rsa.pem"'))
    before = (tmp_path / "vault.properties").read_bytes()
    outcome = run("protect")
    assert (outcome.status, "'aes256' is a secret key" in outcome.err) == (3, True)
    assert (tmp_path / "vault.properties").read_bytes() == before


@pytest.mark.parametrize(
    ("declared", "scheme"),
    [
        ("secretRepositories.file.encryptionMode=symmetric\n", "AES/GCM/NoPadding"),
        (
            "secretRepositories.file.encryptionMode=symmetric\nsecretRepositories.file.algorithm=RSA\n",
            "AES/GCM/NoPadding",
        ),
        ("keystore.identity.CipherTransformation=AES/GCM/NoPadding\n", "AES/GCM/NoPadding"),
        ("secretRepositories.file.encryptionMode=asymmetric\n", "RSA"),
        ("", "RSA"),
    ],
)
def test_a_carbon_home_declares_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: str, scheme: str) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)
    security = tmp_path / "repository/conf/security"
    security.mkdir(parents=True)
    (tmp_path / "repository/conf/carbon.xml").write_text("<Server/>")
    (security / "cipher-tool.properties").write_text("")
    (security / "secret-conf.properties").write_text(
        f"keystore.identity.location={FOLDER / 'keys.jceks'}\nkeystore.identity.alias=aes256\n{declared}"
    )
    (security / "cipher-text.properties").write_text("a=" + _value("keys.jceks").stored.replace("=", "\\=") + "\n")
    assert load(tmp_path).scheme == scheme
    assert Vault.open(tmp_path).resolve("a").reveal() == "ABC@123"
