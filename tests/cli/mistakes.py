"""What people type or have wrong (`mistakes.toml`): each mistake is made in a copy of a protected project."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.conftest import APP_YAML, PASSWORD, SERVER_XML, SETTINGS
from tests.walk import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent
_VARIES = re.compile(r"/\S*/project\b(?:/| upwards.*)?|\b[0-9a-f]{16}\b|\x1b\[[\d;]*m")
_PROMPT = "Keystore password: "


class Answer(NamedTuple):
    """The exit status, and what the terminal shows; `…` stands for what varies."""

    status: int
    output: str


class Mistake(NamedTuple):
    """A mistake: what is done before it, the command line, and the answer that it gets."""

    name: str
    before: str
    command: str
    answer: Answer

    def make(self, project: Path) -> Answer:
        """Make the mistake in a directory called `project`."""
        given = {**environment(project, PASSWORD), "ASK": str(HERE / "ask.py")}
        if self.before:
            subprocess.run(["bash", "-c", self.before], cwd=project, env=given, check=True, capture_output=True)
        line = ["bash", "-c", f"{{ {self.command}\n}} 2>&1"]
        done = subprocess.run(line, cwd=project, env=given, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        shown = done.stdout.decode().replace("\r\n", "\n").replace(_PROMPT * 2, _PROMPT)  # once more for the interrupt
        return Answer(done.returncode, _VARIES.sub("…", shown))


def mistakes() -> list[Mistake]:
    """Return all mistakes of the table."""
    with (HERE / "mistakes.toml").open("rb") as file:
        tables: list[Mapping[str, str]] = tomllib.load(file)["mistake"]
    return [
        Mistake(
            table["name"],
            table.get("before", ""),
            table["command"],
            Answer(int(table.get("status", -1)), table.get("output", "")),
        )
        for table in tables
    ]


def needs(mistake: Mistake) -> str | None:
    """Return the program that a mistake needs and that is not here."""
    words = re.findall(r"\b(?:keytool|script|setsid)\b", f"{mistake.before} {mistake.command}")
    return next((word for word in words if shutil.which(word) is None), None)


def lay_out(project: Path, keystore: bytes) -> Path:
    """Make a protected project with this keystore, and return its directory."""
    for name, content in {
        "security/primary.p12": keystore,
        "ciphertool.toml": SETTINGS.encode(),
        "conf/app.yaml": APP_YAML.encode(),
        "conf/server.xml": SERVER_XML.encode(),
    }.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
    command = [sys.executable, "-m", "ciphertool", "protect"]
    subprocess.run(command, cwd=project, env=environment(project, PASSWORD), capture_output=True, check=True)
    return project
