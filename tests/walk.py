"""Walk-throughs in the documentation: their commands and outputs, and what a shell says to them. `…` is anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page of the repository, each with the output that the page shows."""
    text = "".join(_BLOCK.findall((ROOT / page).read_text(encoding="utf-8")))
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def matches(expected: str, found: str) -> bool:
    """Return whether an output is the one that a page shows."""
    pattern = "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", expected))
    return re.fullmatch(pattern, found, re.DOTALL) is not None


def environment(directory: Path, password: str) -> dict[str, str]:
    """Return an environment in which `ciphertool`, from beside a directory, is this one, with a keystore password."""
    program = directory.parent / "bin/ciphertool"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ciphertool "$@"\n')
    program.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "CIPHERTOOL_KEYSTORE_PASSWORD": password,
    }


def shell(command: str, directory: Path, password: str) -> tuple[int, str]:
    """Return the status and the output of a command in a directory: what it writes to the terminal."""
    # In braces, what the command redirects itself is not shown.
    line = ["bash", "-c", f"{{ {command}\n}} 2>&1"]
    done = subprocess.run(line, cwd=directory, env=environment(directory, password), capture_output=True, check=False)
    return done.returncode, done.stdout.decode()
