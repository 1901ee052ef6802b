"""Without the modules that only POSIX has, everything but `run` works, and `run` says why it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PASSWORD

ROOT = Path(__file__).resolve().parents[1]
_HIDDEN = ("fcntl", "pwd", "grp", "termios", "tty", "pty", "resource")
_START = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
sys.modules.update(dict.fromkeys({_HIDDEN!r}))  # an import of one raises ModuleNotFoundError
from ciphertool.cli import main
sys.argv[0] = "ciphertool"
main()
"""
_PLAIN = "password: a-plain-secret\n"
_TARGET = '\n[[target]]\nfile = "app.yaml"\nselector = "$.password"\nalias = "app.password"\n'


def _ciphertool(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD}
    command = [sys.executable, "-c", _START, *arguments]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def protected(tmp_path: Path) -> Path:
    """A vault that was made, and whose file was protected, without those modules."""
    assert _ciphertool(tmp_path, "init").returncode == 0
    (tmp_path / "app.yaml").write_text(_PLAIN, encoding="utf-8")
    with (tmp_path / "ciphertool.toml").open("a", encoding="utf-8") as settings:
        settings.write(_TARGET)
    done = _ciphertool(tmp_path, "protect")
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_all_but_run_needs_no_posix_modules(protected: Path) -> None:
    assert "${sec:app.password}" in (protected / "app.yaml").read_text(encoding="utf-8")
    assert _ciphertool(protected, "check").returncode == 0
    assert _ciphertool(protected, "resolve", "app.yaml").stdout == _PLAIN
    audit = _ciphertool(protected, "audit")
    assert (audit.returncode, audit.stderr) == (0, "")
    assert "app.password" in audit.stdout


def test_run_says_what_it_needs(protected: Path) -> None:
    run = _ciphertool(protected, "run", "--config-file", "app.yaml", "--", "cat", "app.yaml")
    assert run.returncode == 125
    assert run.stdout == ""
    assert "`run` needs a POSIX system" in run.stderr
    assert "hint: resolve in the program itself" in run.stderr
    assert "Traceback" not in run.stderr
