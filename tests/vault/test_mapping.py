"""A vault as a read-only mapping: what each of a mapping's methods decrypts, and what it raises."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ciphertool import Secret, UnknownAliasError, Vault
from ciphertool.errors import DecryptionError, KeystoreUnreadableError
from tests.conftest import SECRETS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ALIAS = "app.datasource.password"


def test_names_are_told_without_a_key(protected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    (protected / "security/primary.p12").unlink()
    vault = Vault.open()
    stored = (protected / "security/vault.properties").read_text().splitlines()
    assert [*vault] == [line.partition("=")[0] for line in stored]
    assert {*vault} == {*vault.keys()} == {*SECRETS}
    assert len(vault) == 4
    assert ALIAS in vault
    assert "absent" not in vault
    number: object = 7
    assert number not in vault
    assert vault.get("absent") is None
    assert vault.resolved() == {}


def test_values_are_decrypted_as_they_are_reached(protected: Path) -> None:
    vault: Mapping[str, Secret] = Vault.open(protected)
    assert isinstance(vault, Vault)
    alias, first = next(iter(vault.items()))
    assert vault.resolved() == {alias: first.reveal()}
    assert {alias: secret.reveal() for alias, secret in vault.items()} == SECRETS
    assert [secret.reveal() for secret in vault.values()] == [SECRETS[alias] for alias in vault]
    assert "c4n4ry" not in f"{dict(vault)}"


def test_a_default_is_for_unknown_aliases_alone(protected: Path) -> None:
    vault = Vault.open(protected)
    assert vault.get("absent", "default") == "default"
    found = vault.get(ALIAS)
    assert found is not None
    assert found.reveal() == SECRETS[ALIAS]
    repository = protected / "security/vault.properties"
    head, _, tail = repository.read_text().partition("app.smtp.password=ENC[")
    repository.write_text(f"{head}app.smtp.password=ENC[RSA-OAEP-256,0,AAAA]{tail[tail.index(chr(10)) :]}")
    vault.reload()
    with pytest.raises(DecryptionError):
        vault.get("app.smtp.password", "default")


def test_an_unknown_alias_is_a_key_error_with_its_message(protected: Path) -> None:
    with pytest.raises(KeyError) as caught:
        Vault.open(protected)["absent"]
    assert isinstance(caught.value, UnknownAliasError)
    assert str(caught.value).startswith("unknown secret alias 'absent': ")


def test_a_vault_is_equal_to_itself_alone_and_can_be_cached(protected: Path) -> None:
    one, other = Vault.open(), Vault.open()
    assert one == one
    assert one != other
    assert one != dict(one)
    assert functools.lru_cache(lambda vault: vault[ALIAS].reveal())(one) == SECRETS[ALIAS]
    (protected / "security/vault.properties").write_text("")
    one.close()
    empty = Vault.open()
    assert (len(empty), bool(empty)) == (0, True)
    assert other.resolved() == {}


def test_a_repr_names_the_repository_and_counts(protected: Path) -> None:
    vault = Vault.open()
    vault[ALIAS]
    assert repr(vault) == f"<Vault {protected}/security/vault.properties: 4 secrets, 1 resolved>"


def test_at_the_end_of_its_block_a_vault_forgets(protected: Path) -> None:
    with Vault.open() as vault:
        secret = vault[ALIAS]
        redactor = vault.redactor()
    assert vault.resolved() == {}
    assert secret.reveal() == SECRETS[ALIAS]
    assert SECRETS[ALIAS] in redactor._values
    (protected / "security/primary.p12").rename(protected / "away")
    with pytest.raises(KeystoreUnreadableError):
        vault[ALIAS]
    (protected / "away").rename(protected / "security/primary.p12")
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]


_TYPED = """
from collections.abc import Iterator, Mapping
from ciphertool import Secret, Vault

vault = Vault.open()
every: Mapping[str, Secret] = vault
found: Secret | None = vault.get("a")
either: Secret | str = vault.get("a", "x")
names: Iterator[str] = iter(vault)
with vault as same:
    again: Vault = same
wrong: str = vault["a"]
"""


def test_a_type_checker_sees_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_TYPED)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path), "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 1, done.stdout
    assert errors[0].startswith("program.py:12: error: Incompatible types in assignment")
