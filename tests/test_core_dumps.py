"""What the command line has in its memory stays there; the programs that it starts are as they would be without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ALIAS, VALUE = "app.datasource.password", "c4n4ry-yaml-1"
RUN = [sys.executable, "-m", "ciphertool", "run"]
_PATTERN = Path("/proc/sys/kernel/core_pattern")
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl(2) are Linux's")


def _unlimited(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _state(keep: str) -> str:
    """Limit and dumpability of the program's own process after a command of it."""
    program = (
        "import ctypes, resource, sys; from ciphertool.cli import main\n"
        "sys.argv = ['ciphertool', 'explain']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    return _unlimited(sys.executable, "-c", program, CIPHERTOOL_CORE_DUMPS=keep).stdout.splitlines()[-1]


@linux
def test_the_program_cannot_be_dumped_unless_somebody_wants_it() -> None:
    assert _state("") == "(0, -1) 0"
    assert _state("keep") == "(-1, -1) 1"


@linux
@pytest.mark.usefixtures("protected")
def test_the_child_of_run_has_the_limits_back_and_run_itself_has_not() -> None:
    done = _unlimited(*RUN, "--", "sh", "-c", "ulimit -c; grep core /proc/$PPID/limits")
    assert done.stdout.split() == ["unlimited", *["Max", "core", "file", "size", "0", "unlimited", "bytes"]]


@linux
def test_a_password_command_has_the_limits_back(protected: Path) -> None:
    config = protected / "ciphertool.toml"
    password = os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"]
    command = ["sh", "-c", f"ulimit -c > limit; echo {password}"]
    config.write_text(f"{config.read_text()}[[password]]\nfrom = 'command'\ncommand = {command!r}\n")
    get = [sys.executable, "-m", "ciphertool", "get", ALIAS, "--config", "ciphertool.toml"]
    assert _unlimited(*get, CIPHERTOOL_KEYSTORE_PASSWORD="").stdout == f"{VALUE}\n"
    assert (protected / "limit").read_text() == "unlimited\n"


@linux
@pytest.mark.skipif(
    not _PATTERN.exists() or _PATTERN.read_text().strip() not in ("core", "core.%p"), reason="cores go elsewhere here"
)
def test_a_crash_leaves_no_core(protected: Path) -> None:
    command = [*RUN, "--env", f"A={ALIAS}", "--", "sh", "-c", "kill -ABRT $PPID; sleep 0.1"]
    assert _unlimited(*command).returncode == -6
    assert list(protected.glob("core*")) == []
    assert _unlimited(*command, CIPHERTOOL_CORE_DUMPS="keep").returncode == -6
    assert any(VALUE.encode() in core.read_bytes() for core in protected.glob("core*"))


@linux
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become another user")
def test_a_child_of_the_same_user_cannot_read_the_environment_of_run(protected: Path) -> None:
    # Another user who may read our Python and these files, wherever they lie, and no other process.
    reads = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    another = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *reads]
    command = [*RUN, "--no-masking", "--", "sh", "-c", "cat /proc/$PPID/environ; echo done"]
    password = os.environ["CIPHERTOOL_KEYSTORE_PASSWORD"]
    named = {"CIPHERTOOL_CONFIG": str(protected)}
    assert _unlimited(*another, *command, **named).stdout == "done\n"
    assert password in _unlimited(*another, *command, **named, CIPHERTOOL_CORE_DUMPS="keep").stdout
