"""`rotate` of several vaults at once: what keeps one of them leaves the others, and a second run completes the rest."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault
from ciphertool.keystore import open_keystore
from ciphertool.keystore.create import CertificateRequest, create_keystore
from tests.changes.kills import Fault, run_forked
from tests.conftest import PASSWORD, SECRETS
from tests.homes import CONF, STORES, keystore, lay_out
from tests.lifecycle.conftest import VAULT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.lifecycle.conftest import Somebody

TOML = '[super_admin]\npassword = "$secret{admin}"\n[secrets]\nadmin = "[c4n4ry-{}]"\n'
NEW = f"{STORES}/new.p12"


@pytest.fixture(scope="module")
def new_store() -> bytes:
    return create_keystore(CertificateRequest(subject="CN=new", bits=2048), "new", PASSWORD, now=datetime.now(UTC))


@pytest.fixture
def homes(tmp_path: Path, new_store: bytes, run: Any, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three protected homes, each with the new keystore in it and its own password beside the old one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD", raising=False)
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", PASSWORD)
    made = []
    for name in "abc":
        files: dict[str, str | bytes] = {"deployment.toml": TOML.replace("{}", name), f"/{NEW}": new_store}
        made.append(lay_out(tmp_path / name, files))
        assert run("protect", "--home", name).status == 0
    return made


def _arguments(new_store: bytes, tmp_path: Path) -> list[str]:
    path = tmp_path / "copy.p12"
    path.write_bytes(new_store)
    sha256 = open_keystore(path, PASSWORD).entry("new").sha256
    path.unlink()
    return ["rotate", "--home", "a", "--home", "b", "--home", "c", "--to", NEW, "--fingerprint", f"sha256:{sha256}"]


def _lines(text: str) -> dict[str, dict[str, Any]]:
    return {line["home"]: line for line in map(json.loads, text.splitlines())}


def _is_new(home: Path) -> bool:
    return "new.p12" in (home / CONF / "security/secret-conf.properties").read_text()


def test_one_that_fails_leaves_the_others_and_a_second_run_completes_the_rest(
    homes: list[Path], new_store: bytes, tmp_path: Path, run: Any
) -> None:
    arguments = _arguments(new_store, tmp_path)
    file = homes[1] / CONF / "deployment.toml"
    whole = file.read_text()
    at = whole.rindex('admin = "') + 12
    file.write_text(whole[:at] + ("A" if whole[at] != "A" else "B") + whole[at + 1 :])
    damaged = file.read_bytes()
    outcome = run(*arguments, "--json")
    assert outcome.status == 5
    told = _lines(outcome.out)
    assert {name: (line["status"], line["changed"], line["secrets"]) for name, line in told.items()} == {
        "a": (0, True, 1),
        "b": (5, False, 0),
        "c": (0, True, 1),
    }
    assert "'admin'" in told["b"]["error"]["message"]
    assert [_is_new(home) for home in homes] == [True, False, True]
    assert file.read_bytes() == damaged
    file.write_text(whole)
    kept = (homes[0] / CONF / "deployment.toml").read_bytes()
    outcome = run(*arguments)
    assert outcome.status == 0, outcome.err
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["a", "already", "0"],
        ["c", "already", "0"],
        ["b", "rotated", "1"],
    ]
    assert (homes[0] / CONF / "deployment.toml").read_bytes() == kept
    for home in homes:
        (home / "password-persist").write_text(f"{PASSWORD}\n")
        (home / "password-persist").chmod(0o600)
        assert Vault.open(home)["admin"].reveal() == f"c4n4ry-{home.name}"


def test_a_dry_run_proves_all_and_writes_nothing(homes: list[Path], new_store: bytes, tmp_path: Path, run: Any) -> None:
    before = {path: path.read_bytes() for home in homes for path in home.rglob("*") if path.is_file()}
    outcome = run(*_arguments(new_store, tmp_path), "--dry-run", "--json")
    assert outcome.status == 0
    assert {line["state"] for line in _lines(outcome.out).values()} == {"to rotate"}
    assert {path: path.read_bytes() for home in homes for path in home.rglob("*") if path.is_file()} == before


def test_nothing_is_written_before_the_certificate_is_confirmed(
    homes: list[Path], new_store: bytes, tmp_path: Path, run: Any
) -> None:
    arguments = _arguments(new_store, tmp_path)
    assert run(*arguments[:-2]).status == 2
    assert run(*arguments[:-1], f"sha256:{'0' * 64}").status == 4
    assert not any(_is_new(home) for home in homes)


def test_all_are_checked(homes: list[Path], run: Any) -> None:
    outcome = run("rotate", "--check", *(f"--home={home.name}" for home in homes), "--json")
    assert (outcome.status, sorted(_lines(outcome.out))) == (0, ["a", "b", "c"])


def test_homes_and_native_vaults_together(
    vault: Path,
    people: Mapping[str, Somebody],
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", PASSWORD)
    assert run("protect").status == 0
    base = tmp_path_factory.mktemp("more")
    other = base / "other"
    shutil.copytree(vault, other)
    home = lay_out(base / "home", {"deployment.toml": TOML, f"/{STORES}/main.jks": keystore("wso2", PASSWORD)})
    assert run("protect", "--home", str(home)).status == 0
    vaults = ["--home", str(home), "--config", str(vault), "--config", str(other / "ciphertool.toml")]
    assert run("rotate", *vaults, "--dry-run").status == 3, "a home has no content keys"
    to = ["--to", str(vault / "keys/ops.p12"), "--fingerprint", people["ops"].fingerprint]
    for state in ("rotated", "already"):
        outcome = run("rotate", *vaults, *to, "--json")
        assert outcome.status == 0, outcome.err
        assert [line["state"] for line in _lines(outcome.out).values()] == [state] * 3
    for root in (vault, other):
        assert people["primary"].key not in (root / VAULT).read_text()
        assert {alias: secret.reveal() for alias, secret in Vault.open(root).items()} == SECRETS
    assert Vault.open(home)["admin"].reveal() == "c4n4ry-{}"


def test_a_run_that_is_killed_anywhere_is_completed_by_the_same_command(
    vault: Path, people: Mapping[str, Somebody], run: Any
) -> None:
    """In a sample of the calls that write: each vault's own tests try every one."""
    assert run("protect").status == 0
    names = ["a", "b"]
    before = vault / "before"
    for name in names:
        for part in ("security", "conf", "keys"):
            shutil.copytree(vault / part, before / name / part)
        shutil.copy(vault / "ciphertool.toml", before / name)
    to = ["--to", "keys/ops.p12", "--fingerprint", people["ops"].fingerprint]
    arguments = ["rotate", "--config", "a", "--config", "b/ciphertool.toml", *to]
    seen = set()
    for number in range(3, 200, 7):
        for name in names:
            shutil.rmtree(vault / name, ignore_errors=True)
            shutil.copytree(before / name, vault / name)
        killed = run_forked(vault, arguments, with_key=True, fault=Fault(number))[0] == -1
        for name in names:
            assert {alias: secret.reveal() for alias, secret in Vault.open(vault / name).items()} == SECRETS
        seen.add(tuple("ops" in (vault / name / "ciphertool.toml").read_text() for name in names))
        status, _, said = run_forked(vault, arguments, with_key=True)
        assert status == 0, said
        for name in names:
            assert people["primary"].key not in (vault / name / VAULT).read_text()
            assert {alias: secret.reveal() for alias, secret in Vault.open(vault / name).items()} == SECRETS
        if not killed:
            break
    assert seen == {(False, False), (True, False), (True, True)}
