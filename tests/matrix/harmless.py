"""Reads the values that are no secrets, and tells which of them an audit reports above note."""

from __future__ import annotations

import base64
import re
import string
import tomllib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from tests.matrix import judging, values

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.matrix.judging import Finding

VALUES = judging.ROOT / "tests" / "vectors" / "matrix" / "harmless.toml"
_RANDOM = re.compile(r"⟨(base64|hex|alnum) (\d+)⟩")
_UNREADABLE = "CT024"  # of a file, and no word on a value


@dataclass(frozen=True)
class File:
    """A file in which nothing is a secret; `lines` are those of its values."""

    klass: str
    name: str
    text: str = field(repr=False)
    lines: frozenset[int]


class Reported(NamedTuple):
    """What was reported above note of a file: lines with a value, and of the rest."""

    values: frozenset[int]
    rest: frozenset[int]


def files(seed: str = "ciphertool") -> list[File]:
    """Return the files of the vector, the random parts filled in."""
    found = []
    for number, table in enumerate(tomllib.loads(VALUES.read_text(encoding="utf-8"))["file"]):
        random = values.seeded(seed, number)
        text = _RANDOM.sub(partial(_filled, random), table["text"])
        lines = text.splitlines()
        if any(line.count("«") > 1 for line in lines):
            raise ValueError(f"{table['name']}: two values on a line")
        marked = frozenset(at for at, line in enumerate(lines, 1) if "«" in line)
        found.append(File(table["class"], table["name"], re.sub("[«»]", "", text), marked))
    return found


def _filled(random: Random, mark: re.Match[str]) -> str:
    kind, length = mark[1], int(mark[2])
    if kind == "alnum":
        return "".join(random.choices(string.ascii_letters + string.digits, k=length))
    data = random.randbytes(length)
    return data.hex() if kind == "hex" else base64.b64encode(data).decode()


def judge(given: list[File], directory: Path) -> dict[File, Reported]:
    """Audit one directory with all files, each in a directory of its own."""
    paths = {}
    for number, file in enumerate(given):
        path = directory / f"{number:03}" / file.name
        path.parent.mkdir(parents=True)
        path.write_text(file.text, encoding="utf-8")
        paths[path.relative_to(directory).as_posix()] = file
    lines: dict[File, set[int]] = {file: set() for file in given}
    for finding in judging.audit(directory):
        if _counts(finding):
            lines[paths[finding.path]].add(finding.line)
    return {file: Reported(file.lines & found, frozenset(found - file.lines)) for file, found in lines.items()}


def _counts(finding: Finding) -> bool:
    return finding.level != "note" and finding.rule != _UNREADABLE
