"""A directory in memory, and what starts the program with an editor."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "ciphertool"]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory in memory, in which private files lie."""
    shared = Path("/dev/shm")  # noqa: S108 - a new directory in it
    if not shared.is_dir():
        pytest.skip("no directory in memory")
    directory = Path(tempfile.mkdtemp(dir=shared))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home directory of a person with an editor."""
    return tmp_path_factory.mktemp("home")


def environment(home: Path, editor: str, **more: str) -> dict[str, str]:
    """Return the environment of a person with an editor."""
    left = {name: value for name, value in os.environ.items() if name not in ("VISUAL", "LINES", "COLUMNS")}
    own = {"HOME": str(home), "EDITOR": editor, "TERM": "xterm", "PYTHONPATH": str(ROOT)}
    return {**left, **own, **more}


def script(path: Path, text: str) -> Path:
    """Write a shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
