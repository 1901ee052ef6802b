"""The paths in a Carbon home's files: how they are expanded, and where they lead. Reads no file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFINED = re.compile(r"\$\{(sys:)?([^{}]+)\}")
_HOME = re.compile(r"\$\{(?:sys:)?carbon\.home\}/*")
_LONGEST_PATH = 4096
_STORES = Path("repository/resources/security")
"""Where a keystore lies that is named without a directory."""


class Places(NamedTuple):
    """What a home's paths depend on: its directories, the values of placeholders, and the tree if it was found."""

    home: Path
    conf: Path
    names: Mapping[str, str]
    tree: Path | None

    @classmethod
    def of(cls, home: Path, conf: Path, define: Mapping[str, str], tree: Path | None) -> Places:
        """Return the places of a home. Nothing but the home itself is filled in if it was found."""
        known = {} if tree else {**environment(), **define}
        return cls(home, conf, {"carbon.home": str(home.absolute()), **known}, tree)

    def keystore(self, location: str) -> Path:
        """Return the path of a keystore.

        A name without a directory is one below `repository/resources/security`; a relative path that passes there leads
        on from the home, any other from the working directory, the home or its configuration. A path that leads nowhere
        is looked for by its tail in the home. For a home that was found, nothing outside its tree is tried.
        """
        spelled = expand(location.strip().replace("\\", "/"), self.names)
        path = Path(spelled)
        if len(spelled) > _LONGEST_PATH or "\0" in spelled:
            return self.conf / "keystore"
        bare = self.home / _STORES / path
        own = bare if path.name == str(path) else self.home / path
        first = (own, path) if own == bare or str(_STORES) in str(path) else (path, own)
        for candidate in (*first, self.conf / path, *self._tails(path), bare):
            if is_file(candidate, self.tree):
                return candidate
        return self.conf / path if self.tree is not None and path.is_absolute() else own

    def missing(self, location: str) -> str | None:
        """Return the placeholder of a keystore's path that nothing fills in; None if the path is known."""
        found = _DEFINED.search(expand(location, self.names))
        return None if found is None or is_file(self.keystore(location), self.tree) else found[0]

    def _tails(self, path: Path) -> list[Path]:
        parts = path.parts[1:] if path.is_absolute() else path.parts
        return [self.home.joinpath(*parts[first:]) for first in range(len(parts))]

    def inside(self, location: str) -> str:
        """Return a path relative to the home, as a target has it: with `/`, without the home's own path before it."""
        path = _HOME.sub("", location.strip().replace("\\", "/"), count=1)
        home = self.home.absolute().as_posix()
        return path.removeprefix(home).lstrip("/") if path.startswith(f"{home}/") else path


def is_file(path: Path, tree: Path | None) -> bool:
    """Return whether a path is a file and, for a home that was found, lies in its tree."""
    # Path.is_file raises for a name that is too long
    return (tree is None or files.lies_in(path, tree)) and os.path.isfile(path)  # noqa: PTH113


def environment() -> dict[str, str]:
    """Return the environment under the names that paths use: `env:NAME`."""
    return {f"env:{name}": value for name, value in os.environ.items()}


def expand(text: str, names: Mapping[str, str]) -> str:
    """Replace `${name}` and `${sys:name}` in a Carbon path; unknown names stay as they are.

    As in Java, a bare `${name}` that is not defined is a variable of the environment.
    """

    def value(match: re.Match[str]) -> str:
        keys = (match[2],) if match[1] else (match[2], f"env:{match[2]}")
        return next((names[key] for key in keys if key in names), match[0])

    return _DEFINED.sub(value, text)
