"""The manual page has what the program has, and no roff reader complains of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ciphertool.cli import app, console, help_text

ROOT = Path(__file__).resolve().parents[2]
READERS = {"groff": ["groff", "-man", "-ww", "-z"], "mandoc": ["mandoc", "-Tlint", "-Werror"]}


@pytest.fixture(scope="module")
def page() -> str:
    done = subprocess.run([sys.executable, ROOT / "scripts/make-man"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def _sections(page: str) -> dict[str, str]:
    """Return the text of each section and subsection, as it is read."""
    text = re.sub(r"\\f[BIR]|\\&", "", page).replace("\\-", "-").replace("\\e", "\\")
    return dict(re.findall(r"(?ms)^\.S[HS] (.+?)$(.*?)(?=^\.S[HS] |\Z)", text))


def _commands(commands: Any, path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, deferred in commands.items():
        command = deferred.load()
        inner = getattr(command, "commands", None)
        found.update(_commands(inner, f"{path} {name}") if inner else {f"{path} {name}": command})
    return found


def test_every_command_stands_there_with_its_options(page: str) -> None:
    sections = _sections(page)
    commands = _commands(app.program().commands, "ciphertool")
    assert len(commands) > 18
    for path, command in commands.items():
        shared = "options of the vault" in sections[path]
        left_out = re.findall(r"--[\w-]+", sections[path].partition("options of the vault")[2])
        places = [sections[path], sections["OPTIONS"], sections["OPTIONS OF THE VAULT"] if shared else ""]
        for parameter in command.params:
            for spelling in parameter.opts if parameter.param_type_name == "option" else ():
                assert any(re.search(rf"(?m)(^|, |/ ){spelling}\b(?!-)", place) for place in places), (path, spelling)
                assert not (spelling in left_out and spelling != "--home" and spelling not in places[0]), path


def test_the_page_that_is_installed_is_this_one(page: str) -> None:
    """If not: `scripts/make-man > share/man/man1/ciphertool.1`."""
    assert (ROOT / "share/man/man1/ciphertool.1").read_text(encoding="utf-8") == page


def test_statuses_and_variables_are_those_of_the_program(page: str) -> None:
    sections = _sections(page)
    stated = re.findall(r"(?m)^\.TP\n(\d+)$", sections["EXIT STATUS"])
    assert stated == sorted(map(str, {*help_text.STATUSES, console.BUG}), key=int)
    read = re.compile(r"\"((?:CIPHERTOOL_[A-Z_]*[A-Z])|NO_COLOR)\"")
    used = {name for path in (ROOT / "ciphertool").rglob("*.py") for name in read.findall(path.read_text("utf-8"))}
    assert used == set(re.findall(r"(?m)^\.TP\n([A-Z_]+)$", sections["ENVIRONMENT"]))
    assert list(sections)[:3] == ["NAME", "SYNOPSIS", "DESCRIPTION"]


@pytest.mark.parametrize("reader", READERS)
def test_roff_readers_have_nothing_to_complain_of(page: str, tmp_path: Path, reader: str) -> None:
    if shutil.which(reader) is None:
        pytest.skip(f"needs {reader}")
    (tmp_path / "ciphertool.1").write_text(page)
    done = subprocess.run([*READERS[reader], tmp_path / "ciphertool.1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
