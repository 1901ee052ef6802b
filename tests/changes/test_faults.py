"""A sample of `scripts/inject-faults`: nothing is lost, torn, left in clear, or not completed by the next run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.changes.faults import COMMANDS, KINDS, Table, inject
from tests.changes.kills import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize("command", [*COMMANDS])
def test_a_fault_at_any_call_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", PASSWORD)  # `inject` sets it, and this takes it back
    table = Table()
    inject(table, tmp_path, count=6, points=2, commands=[command])
    assert not table.failures, table.examples
    assert set(table.points[command]) == set(KINDS)
    assert table.total >= len(KINDS)
