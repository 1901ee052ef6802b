"""A small sample of scripts/attack-files: one try of each attack."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import attacks, command_attacks

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs root, who is attacked, and Linux's inotify"
)


@pytest.mark.parametrize("attack", [*attacks.ATTACKS, *command_attacks.ATTACKS], ids=lambda attack: attack.__name__)
def test_a_stranger_gets_nothing(attack: Callable[[attacks.Home, attacks.Program], str], keystore_bytes: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:  # pytest's own are closed to other users
        Path(directory).chmod(0o755)
        assert attack(attacks.make_home(Path(directory), keystore_bytes), attacks.OURS) == ""
