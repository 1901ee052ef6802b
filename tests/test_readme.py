"""The README's walk-through is run as it stands: every command, every line of output. `…` stands for anything."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _steps() -> list[tuple[str, str]]:
    text = "".join(_BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _matches(expected: str, found: str) -> bool:
    pattern = "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", expected))
    return re.fullmatch(pattern, found, re.DOTALL) is not None


def test_the_walk_through_does_what_it_says(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample-configs", tmp_path / "app")
    program = tmp_path / "bin/ciphertool"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ciphertool "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CIPHERTOOL_KEYSTORE_PASSWORD": "a password for the walk-through",
    }
    steps = _steps()
    assert len(steps) >= 8
    for command, expected in steps:
        done = subprocess.run(
            ["bash", "-c", f"{{ {command}\n}} 2>&1"],
            cwd=tmp_path / "app",
            env=environment,
            capture_output=True,
            check=False,
        )
        assert _matches(expected, done.stdout.decode()), f"$ {command}\n{done.stdout.decode()}"
        assert done.returncode == 0, command
    done = subprocess.run(
        [sys.executable, "application.py"], cwd=tmp_path / "app", env=environment, capture_output=True, check=True
    )
    assert done.stdout.decode() == (
        "database user: orders\ndatabase password: ***************\nkeystore password: *************\n"
        "one secret by its alias: ****\n"
    )


def test_every_page_that_the_readme_names_is_there() -> None:
    for name in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name
