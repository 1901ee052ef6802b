"""No home, whatever its files hold, is a bug of ciphertool. scripts/fuzz-homes tries far more."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.homes import STORE_PASSWORD
from tests.settings.hostile_homes import BASES, exercise, lay_out, mutate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", BASES)
def test_no_home_is_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", STORE_PASSWORD)
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        random = Random(f"{name}:{number}")  # noqa: S311 - to be repeated
        files = mutate(random, BASES[name])
        assert exercise(lay_out(tmp_path / "home", files, random), files) == []
