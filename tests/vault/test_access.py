"""The one way to a vault's repository and keys: what it warns of, what it refuses, and its old names."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ciphertool import settings
from ciphertool.errors import UnsupportedSchemeError
from ciphertool.passwords import Environment, PasswordChain, PasswordFile
from ciphertool.secret import Secret
from ciphertool.vault.opening import VaultAccess
from tests.conftest import PASSWORD, SECRETS

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime.now(UTC)


def _access(project: Path) -> VaultAccess:
    return VaultAccess(settings.load(project), PasswordChain((Environment(),)))


def test_what_is_sealed_opens_again(project: Path) -> None:
    sealed = _access(project).to_seal(now=NOW).sealer.seal("a", Secret("v"))
    assert _access(project).to_open().opener.open("a", sealed) == Secret("v")


def test_the_repository_is_read_anew_each_time(protected: Path) -> None:
    access = _access(protected)
    first = access.repository()
    assert set(first.entries) == set(SECRETS)
    (protected / "security/vault.properties").unlink()
    assert not access.repository().entries


def test_a_world_readable_password_file_is_warned_of_whatever_the_vault_is_opened_for(project: Path) -> None:
    file = project / "password"
    file.write_text(PASSWORD)
    file.chmod(0o644)
    access = VaultAccess(settings.load(project), PasswordChain((PasswordFile(file),)))
    for keys in (access.to_open(), access.to_seal(now=NOW)):
        assert [warning for warning in keys.warnings if str(file) in warning]
    file.chmod(0o600)
    access = VaultAccess(settings.load(project), PasswordChain((PasswordFile(file),)))
    assert access.to_open().warnings == ()


def test_textbook_rsa_is_opened_only_on_request_and_with_a_warning(project: Path) -> None:
    config = project / "ciphertool.toml"
    text = config.read_text().replace("[repository]\n", '[repository]\nkind = "carbon4"\n')
    config.write_text('encryption.scheme = "RSA/ECB/NoPadding"\n' + text)
    access = _access(project)
    with pytest.raises(UnsupportedSchemeError):
        access.to_open()
    keys = access.to_open(allow_unpadded=True)
    assert keys.opener.unpadded
    assert [warning for warning in keys.warnings if "textbook RSA" in warning]
    with pytest.raises(UnsupportedSchemeError):
        access.to_seal(now=NOW)


@pytest.mark.parametrize("module", ["ciphertool.vault.opening", "ciphertool.primary"])
def test_scripts_that_know_the_old_names_still_work(project: Path, module: str) -> None:
    opening = importlib.import_module(module)
    loaded, passwords = settings.load(project), PasswordChain((Environment(),))
    primary = opening.open_to_encrypt(loaded, passwords, now=NOW)
    assert primary.warnings == _access(project).to_seal(now=NOW).warnings
    ciphertext = primary.cipher.encrypt("a", Secret("v"))
    assert opening.open_to_decrypt(loaded, passwords).decrypt("a", ciphertext) == Secret("v")
