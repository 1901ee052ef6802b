"""Walk-throughs in the documentation: their commands and outputs, and what a shell says to them. `…` is anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page of the repository, each with the output that the page shows."""
    return commands("".join(_BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))))


def commands(text: str) -> list[tuple[str, str]]:
    """Return the commands of a console, each with its output."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


class Edit(NamedTuple):
    """What a reader does in an editor: the lines of a `diff` block, below the name of the file."""

    path: str
    old: str
    new: str

    def make(self, directory: Path) -> None:
        """Replace the old lines, of which the file has exactly one occurrence. `…` is the rest of a line."""
        path = directory / self.path
        pattern = re.escape(self.old).replace("…", ".*")
        text, count = re.subn(pattern, lambda _: self.new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert count == 1, f"{self.path}: {count} times\n{self.old}"
        path.write_text(text, encoding="utf-8")


_ACT = re.compile(r"^## ([^\n]+)\n|^`(\S+)`:\n\n```diff\n(.*?)^```$|^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def acts(page: str) -> list[tuple[str, list[Edit | tuple[str, str]]]]:
    """Return the sections of a page that do something: their edits, and their commands with the outputs, in order.

    What comes before the first section has an empty title.
    """
    found: list[tuple[str, list[Edit | tuple[str, str]]]] = [("", [])]
    for title, path, diff, console in _ACT.findall((ROOT / page).read_text(encoding="utf-8")):
        if title:
            found.append((title, []))
        elif path:
            lines = diff.splitlines(keepends=True)
            old, new = ("".join(line[1:] for line in lines if line[0] in kind) for kind in ("- ", "+ "))
            found[-1][1].append(Edit(path, old, new))
        else:
            found[-1][1].extend(commands(console))
    return [(title, section) for title, section in found if section]


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
