"""Errors about wrong passwords name the source; the empty password has one documented way without a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool.errors import PasswordSourceError, WrongKeyPasswordError, WrongKeystorePasswordError
from ciphertool.passwords import (
    CarbonHome,
    Command,
    Environment,
    MasterKeys,
    MountedSecret,
    PasswordChain,
    PasswordFile,
    Passwords,
    Prompt,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ciphertool.passwords import PasswordSource
    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

CANARY = "c4n4ry"


def _messages(source: PasswordSource) -> tuple[str, str]:
    """Return what the errors about both passwords of a source say."""
    chain = PasswordChain([source])
    chain.read()
    store, key = WrongKeystorePasswordError(), WrongKeyPasswordError("a")
    for error in (store, key):
        with pytest.raises(type(error)), chain.named():
            raise error
    assert CANARY not in f"{store}{key}{store!r}{key!r}"
    return store.message, key.message


@pytest.mark.parametrize(
    ("name", "source", "key_source"),
    [
        ("password-tmp", "password-tmp of {}", "line 2 of password-tmp of {}"),
        ("password", "password of {}", "line 2 of password of {}"),
    ],
)
def test_the_file_of_a_carbon_home_is_named(tmp_path: Path, name: str, source: str, key_source: str) -> None:
    file = tmp_path / name
    file.write_text(f"{CANARY}\n{CANARY}\n")
    store, key = _messages(CarbonHome(tmp_path))
    assert store == f"wrong keystore password (from {source.format(tmp_path)}), or the keystore is damaged"
    assert key == f"wrong key password for 'a' (from {key_source.format(tmp_path)}), or its entry is damaged"
    file.write_text(CANARY)
    assert source.format(tmp_path) in _messages(CarbonHome(tmp_path))[1]


def test_other_sources_are_named(tmp_path: Path) -> None:
    both = {"CIPHERTOOL_KEYSTORE_PASSWORD": CANARY, "CIPHERTOOL_KEY_PASSWORD": CANARY}
    store, key = _messages(Environment(both))
    assert "(from CIPHERTOOL_KEYSTORE_PASSWORD)" in store
    assert "(from CIPHERTOOL_KEY_PASSWORD)" in key
    assert "(from STORE)" in _messages(Environment({"STORE": CANARY}, "STORE", "KEY"))[1]
    (tmp_path / "p").write_text(CANARY)
    (tmp_path / "k").write_text(CANARY)
    assert f"(from {tmp_path / 'p'})" in _messages(PasswordFile(tmp_path / "p"))[0]
    assert f"(from {tmp_path / 'k'})" in _messages(MountedSecret(tmp_path, "p", "k"))[1]
    assert "(from the command printf)" in _messages(Command(("printf", CANARY)))[0]
    keys = tmp_path / "master-keys.yaml"
    keys.write_text("masterKeys:\n  privateKeyPassword: !!binary YQ==\n  keyStorePassword: !!binary YQ==\n")
    store, key = _messages(MasterKeys(keys, {"keyStorePassword": CANARY}))
    assert ("(from keyStorePassword)" in store, f"(from {keys})" in key) == (True, True)
    store, key = _messages(MasterKeys(keys, {"keyStorePassword": CANARY, "privateKeyPassword": CANARY}))
    assert ("(from keyStorePassword)" in store, "(from privateKeyPassword)" in key) == (True, True)
    assert "from" not in _messages(Prompt(lambda: CANARY))[0]


@pytest.mark.usefixtures("project")
def test_a_command_names_the_source(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", CANARY)
    for arguments in (("protect",), ("keystore", "list", "security/primary.p12"), ("audit", "--decrypt", ".")):
        outcome = run(*arguments)
        assert outcome.status == 4, arguments
        assert "wrong keystore password (from CIPHERTOOL_KEYSTORE_PASSWORD)" in outcome.err
        assert CANARY not in outcome.err + outcome.out


@pytest.mark.parametrize("content", ["\n", "\r\n", "\r"])
def test_a_file_of_one_empty_line_is_the_empty_password(tmp_path: Path, content: str) -> None:
    path = tmp_path / "passwords"
    path.write_bytes(content.encode())
    assert PasswordFile(path).read() == Passwords("", None, path)
    (tmp_path / "password-persist").write_bytes(content.encode())
    assert CarbonHome(tmp_path).read() is not None


@pytest.mark.parametrize(("content", "reason"), [("", "it is empty"), ("\n\n", "first line"), ("\na\n", "first line")])
def test_any_other_empty_file_is_an_error_that_shows_the_way(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "passwords"
    path.write_text(content)
    with pytest.raises(PasswordSourceError, match=reason) as caught:
        PasswordFile(path).read()
    assert "one empty line" in caught.value.hint
