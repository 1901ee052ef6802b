"""docs/envelope.md: its walk-through is run as it stands, and so is its program, which knows nothing of ciphertool."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ciphertool.engine.envelope import LIMIT
from ciphertool.engine.schemes import DEFAULT
from tests.walk import ROOT, environment, matches, shell, steps

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/envelope.md"
PASSWORD = "a keystore password"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")


def _program() -> str:
    (program,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return str(program)


@pytest.fixture
def walked(tmp_path: Path) -> Path:
    """A directory in which the page's steps were done."""
    root = tmp_path / "app"
    root.mkdir()
    (root / "read_value.py").write_text(_program())
    environment(root, PASSWORD)
    python = root.parent / "bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    found = steps(PAGE)
    assert len(found) == 7
    for command, expected in found:
        status, output = shell(command, root, PASSWORD)
        assert (status, matches(expected, output)) == (0, True), f"$ {command}\n{output}"
    return root


def _read(root: Path, alias: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "read_value.py", "security/vault.properties", "key.pem", alias]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_the_program_reads_what_ciphertool_writes(walked: Path) -> None:
    """Also a long value and an alias that is escaped in the file; it refuses one value in the place of another."""
    assert len(_program().splitlines()) <= 25
    assert "ciphertool" not in _program()
    vault = walked / "security/vault.properties"
    long = "x" * LIMIT
    vault.write_text(f"{vault.read_text()}long=[{long}]\nops/a@b\\:c=[é\\\\n]\n", encoding="utf-8")
    assert shell("ciphertool protect", walked, PASSWORD)[0] == 0
    assert long not in vault.read_text(encoding="utf-8")
    assert _read(walked, "long").stdout == f"{long}\n"
    assert _read(walked, "ops/a@b:c").stdout == "é\\n\n"
    assert _read(walked, "db.password").stdout == "kX9!tea-for-two\n"
    lines = dict(line.split("=", 1) for line in vault.read_text(encoding="utf-8").splitlines())
    vault.write_text("".join(f"{name}={text}\n" for name, text in (lines | {"long": lines["db.password"]}).items()))
    moved = _read(walked, "long")
    assert (moved.returncode, moved.stdout, moved.stderr) == (1, "", "moved from another alias\n")


def test_the_limits_are_those_of_the_program() -> None:
    for bits in (2048, 3072, 4096):
        assert re.search(rf"\b{DEFAULT.limit(bits)} (?:bytes of UTF-8 )?with RSA-{bits}", TEXT)
    assert f"1 MiB ({LIMIT:,} bytes of UTF-8)" in TEXT
