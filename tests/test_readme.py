"""The README's walk-through is run as it stands: every command, every line of output. `…` stands for anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.walk import ROOT, environment, matches, shell, steps

if TYPE_CHECKING:
    from pathlib import Path

_PASSWORD = "a password for the walk-through"


def test_the_walk_through_does_what_it_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample-configs", tmp_path / "app")
    found = steps("README.md")
    assert len(found) >= 8
    for command, expected in found:
        status, output = shell(command, tmp_path / "app", _PASSWORD)
        assert matches(expected, output), f"$ {command}\n{output}"
        assert status == 0, command
    done = subprocess.run(
        [sys.executable, "application.py"],
        cwd=tmp_path / "app",
        env=environment(tmp_path / "app", _PASSWORD),
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == (
        "database user: orders\ndatabase password: ****\nkeystore password: ****\none secret by its alias: ****\n"
    )


def test_every_page_that_the_readme_names_is_there() -> None:
    for name in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name
