"""`java.util.Properties` as a judge: many documents in one run of a JVM."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOURCE = Path(__file__).with_name("JavaProperties.java")


def load_in_java(documents: Sequence[bytes], charset: str | None = None) -> list[dict[str, str] | None]:
    """Return what Java loads from each document, or None where it refuses one."""
    command = ["java", str(_SOURCE), *([charset] if charset else [])]
    given = b"".join(struct.pack(">i", len(data)) + data for data in documents)
    out = io.BytesIO(subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout)

    def number() -> int:
        return int(struct.unpack(">i", out.read(4))[0])

    def text() -> str:
        return out.read(number()).decode("utf-16-be", "surrogatepass")

    found: list[dict[str, str] | None] = []
    for _ in documents:
        size = number()
        found.append(None if size < 0 else {text(): text() for _ in range(size)})
    return found
