"""What becomes of standard output that cannot be written, and of a program that is interrupted at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import APP_YAML, PASSWORD

SHELL = shutil.which("sh")
PROGRAM = f"{sys.executable} -m ciphertool"
pytestmark = pytest.mark.skipif(SHELL is None or not Path("/dev/full").exists(), reason="needs sh and /dev/full")
COMMANDS = ["--help", "explain", "audit .", "resolve conf/app.yaml", "get app.smtp.password", "check --json"]


def _shell(line: str, directory: Path) -> tuple[int, str]:
    environment = {**os.environ, "CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD}
    done = subprocess.run(
        [str(SHELL), "-c", line], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_said(protected: Path, command: str) -> None:
    status, errors = _shell(f"{PROGRAM} {command} > /dev/full", protected)
    assert status == 6
    assert errors.endswith("error: standard output cannot be written: No space left on device\n")


@pytest.mark.parametrize("command", COMMANDS[1:3])
def test_closed_standard_output_is_said(protected: Path, command: str) -> None:
    status, errors = _shell(f"{PROGRAM} {command} >&-", protected)
    assert status == 6
    assert "standard output cannot be written" in errors


@pytest.mark.parametrize("command", COMMANDS[:3])
def test_a_reader_that_has_gone_ends_the_program_quietly(protected: Path, command: str) -> None:
    line = f"({{ {PROGRAM} {command}; echo $? >&2; }} | true) 2>&1 1>&3 3>&- | tail -1 >&2"
    slow = line.replace(PROGRAM, f"sleep 0.5; {PROGRAM}", 1)
    assert _shell(f"exec 3>/dev/null; {slow}", protected) == (0, "141\n")


def test_what_has_no_output_needs_none(project: Path) -> None:
    assert _shell(f"{PROGRAM} protect >&- 2>&-", project) == (0, "")
    assert "${sec:" in (project / "conf/app.yaml").read_text(encoding="utf-8")


def test_messages_never_become_data(protected: Path) -> None:
    status, _ = _shell(f"{PROGRAM} check 2>&- > out", protected)
    assert (status, (protected / "out").read_text()) == (0, "")


def test_messages_that_cannot_be_said_stop_no_work(project: Path) -> None:
    assert _shell(f"{PROGRAM} protect 2> /dev/full", project) == (0, "")
    assert _shell(f"{PROGRAM} check 2> /dev/full", project) == (0, "")


@pytest.mark.parametrize("output", ["-", "/dev/stdout"])
def test_an_output_that_is_standard_output_replaces_no_file(protected: Path, output: str) -> None:
    audit = f"{PROGRAM} audit . --format csv --output {output} | head -1"
    commands = f"echo before; {PROGRAM} resolve conf/app.yaml --output {output}; {audit}; echo after"
    assert _shell(f"{{ {commands}; }} > log", protected) == (0, "")
    before, *resolved, head, after = (protected / "log").read_text().splitlines()
    assert (before, head[:4], after) == ("before", "rule", "after")
    assert resolved == APP_YAML.splitlines()
    assert not (protected / "-").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("output", ["/dev/fd/1", "/proc/self/fd/1", "/proc/self/cwd/log"])
def test_an_output_is_no_file_that_a_process_has_open(protected: Path, output: str) -> None:
    status, errors = _shell(f"{{ echo before; {PROGRAM} resolve conf/app.yaml --output {output}; }} > log", protected)
    assert status == 6
    assert "stands for an open file of a process" in errors
    assert (protected / "log").read_text() == "before\n"


def test_closed_standard_input_is_empty(protected: Path) -> None:
    status, errors = _shell(f"{PROGRAM} encrypt --secret-alias a <&-", protected)
    assert status == 3
    assert "error: the value is empty\n" in errors


def test_a_missing_file_is_called_missing(protected: Path) -> None:
    for command in ("resolve nofile", "run --config-file nofile -- true"):
        _, errors = _shell(f"{PROGRAM} {command}", protected)
        assert "nofile: no such file" in errors


def test_an_interrupt_during_the_first_imports_is_no_crash(tmp_path: Path) -> None:
    code = (
        "import builtins, sys, os, signal\n"
        "real = builtins.__import__\n"
        "def late(name, *rest):\n"
        "    if name == 'ciphertool.cli.app':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = late\n"
        "from ciphertool.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "")  # nobody watches
