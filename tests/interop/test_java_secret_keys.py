"""Stores that this JDK makes open, and what it encrypts under their AES keys resolves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.passwords import PasswordChain, Passwords
from tests.interop.secret_keys import AES_ALIASES, PASSWORD, STORES, VALUES, encrypted, key_password, make_stores

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.jvm


class _Given:
    name = "a test"
    variables = ()

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def read(self) -> Passwords:
        return self._passwords


def test_what_this_java_encrypts_resolves(tmp_path: Path) -> None:
    make_stores(tmp_path)
    requests = [(store, alias, value) for store in STORES for alias in AES_ALIASES for value in VALUES]
    made = list(zip(requests, encrypted(tmp_path, requests), strict=True))
    for store in STORES:
        for alias in AES_ALIASES:
            values = [(value, text) for (s, a, value), text in made if (s, a) == (store, alias)]
            (tmp_path / "ciphertool.toml").write_text(
                f'[keystore]\npath = "{store}"\nalias = "{alias}"\n'
                '[repository]\npath = "vault.properties"\nkind = "carbon4"\n'
            )
            (tmp_path / "vault.properties").write_text("".join(f"v{n}={t}\n" for n, (_, t) in enumerate(values)))
            given = _Given(Passwords(PASSWORD, key_password(store, alias)))
            vault = Vault.open(tmp_path, passwords=PasswordChain([given]))
            assert [vault[f"v{n}"].reveal_bytes() for n in range(len(values))] == [value for value, _ in values]
