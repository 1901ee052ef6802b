"""`JavaHome.java` from Python: what a Carbon 4 runtime finds in a home that it is given and nothing else."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("JavaHome.java")


def secrets_of(home: Path, *passwords: str) -> dict[str, str]:
    """Return the secrets by alias as a JVM finds them in a home, whose `password-persist` gets these passwords.

    A secret that it does not find is an exception's text after `!`, or the alias itself.
    """
    file = home / "password-persist"
    file.write_text("".join(f"{password}\n" for password in passwords), encoding="utf-8")
    try:
        command = ["java", str(SOURCE), str(home)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    finally:
        file.unlink()
    answers = (line.split("\t", 1) for line in done.stdout.splitlines())
    return {alias: answer if answer.startswith("!") else base64.b64decode(answer).decode() for alias, answer in answers}
