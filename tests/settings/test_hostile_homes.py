"""No home, whatever its files hold, is a bug of ciphertool. scripts/fuzz-homes tries far more."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.homes import CONF, STORE_PASSWORD
from tests.settings.hostile_homes import BASES, PASSWORDS, exercise, lay_out, mutate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _new_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_NEW_KEYSTORE_PASSWORD", STORE_PASSWORD)


@pytest.mark.parametrize("name", BASES)
def test_no_home_is_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORDS.get(name, STORE_PASSWORD))
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        random = Random(f"{name}:{number}")  # noqa: S311 - to be repeated
        files = mutate(random, BASES[name])
        assert exercise(lay_out(tmp_path / "home", files, random), files) == []


_LONG, _CONF = "x" * 300, f"{CONF}/security/secret-conf.properties"
CASES = {
    "a number of many digits": {"ciphertool.toml": f"[encryption]\nminimum_bits = {'9' * 5000}\n"},
    "a keystore with a long name": {_CONF: f"keystore.identity.location={_LONG}\n"},
    "a keystore in a long directory": {_CONF: f"keystore.identity.location={_LONG}/a/b\n"},
    "a keystore with a NUL": {"ciphertool.toml": '[keystore]\npath = "a\\u0000b"\n'},
    "a keystore that is a directory": {f"{CONF}/deployment.toml": '[keystore.primary]\nfile_name = "/"\n'},
    "a keystore without a name": {f"{CONF}/deployment.toml": '[keystore.primary]\npassword = "x"\n'},
    "references that go round": {
        f"{CONF}/deployment.toml": '[keystore.primary]\nfile_name = "$ref{keystore.primary.file_name}"\n'
    },
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["deployment", "xml"])
def test_no_odd_value_is_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, case: str) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", STORE_PASSWORD)
    monkeypatch.chdir(tmp_path)
    files = {**BASES[name], **CASES[case]}
    assert exercise(lay_out(tmp_path / "home", files, Random(1)), files) == []  # noqa: S311 - as above
