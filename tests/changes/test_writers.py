"""A sample of `scripts/many-writers`: no change is lost, no reader sees a torn file, no dead process keeps the lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.changes.writers import PASSWORD, write_all

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize("scheme", ["auto", "envelope"])
def test_writers_at_the_same_time_lose_nothing(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)  # `write_all` sets it, and this takes it back
    figures = write_all(3, 6, tmp_path, scheme=scheme)
    assert not +figures.failures, figures.examples
    assert figures.holders >= 1
    assert figures.reads >= 3
