"""The paths in a Carbon home's files: how they are expanded, and where they lead. Reads no file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFINED = re.compile(r"\$\{(?:sys:)?([^{}]+)\}")
_LONGEST_PATH = 4096


class Places(NamedTuple):
    """What a home's paths depend on: its directories, the values of placeholders, and the tree if it was found."""

    home: Path
    conf: Path
    names: Mapping[str, str]
    tree: Path | None


def find(location: str, places: Places) -> Path:
    """Return a keystore's path: as named, relative to the working directory or the file, or its tail in the home.

    For a home that was found, nothing outside its tree is tried.
    """
    home, conf, names, tree = places
    path = Path(expand(location, names))
    if len(location) > _LONGEST_PATH:
        return conf / path
    for candidate in (path, conf / path):
        if is_file(candidate, tree):
            return candidate
    parts = path.parts[1:] if path.is_absolute() else path.parts
    for first in range(len(parts)):
        tail = home.joinpath(*parts[first:])
        if is_file(tail, tree):
            return tail
    return path if tree is None else conf / path


def is_file(path: Path, tree: Path | None) -> bool:
    """Return whether a path is a file and, for a home that was found, lies in its tree."""
    # Path.is_file raises for a name that is too long
    return (tree is None or files.lies_in(path, tree)) and os.path.isfile(path)  # noqa: PTH113


def environment() -> dict[str, str]:
    """Return the environment under the names that paths use: `env:NAME`."""
    return {f"env:{name}": value for name, value in os.environ.items()}


def expand(text: str, names: Mapping[str, str]) -> str:
    """Replace `${name}` and `${sys:name}` in a Carbon path; unknown names stay as they are."""
    return _DEFINED.sub(lambda match: names.get(match[1], match[0]), text)
