"""A sample of `scripts/kill-protect`: nothing is lost, torn, left in clear, refused or left behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.changes.kills import PASSWORD, kill_all

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_runs_that_are_killed_are_completed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)  # `kill_all` sets it, and this takes it back
    figures = kill_all(20, tmp_path, seed=7)
    assert not figures.failures, figures.examples
    assert figures.kills.total() >= 15
    assert figures.journals >= 5
    assert figures.reruns["certificate alone"] == 10
