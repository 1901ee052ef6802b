"""Names of transient files: a journal, and the temporary files of a write. None of them is configuration."""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from ciphertool.deferred import pattern
from ciphertool.errors import ConfigError
from ciphertool.files.directories import reach

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from ciphertool.files.directories import Directory

JOURNAL = ".ciphertool-journal"
COPIES = ".ciphertool-undo"
"""The directory beside a vault that holds the copies for `undo`."""
_TEMPORARY = pattern(r"\.(?P<name>.+)\.ciphertool-[0-9a-f]{12}", re.DOTALL)


def temporary_name(name: str) -> str:
    """Return a new name for a temporary file that will replace a file of this name."""
    return f".{name}.ciphertool-{os.urandom(6).hex()}"


def is_passing(name: str) -> bool:
    """Return whether a file of this name is ciphertool's own, and removed when a run ends normally."""
    return name == JOURNAL or _TEMPORARY.fullmatch(name) is not None


def replaced(name: str) -> str | None:
    """Return the name of the file that a temporary file was meant to replace; None for any other file."""
    match = _TEMPORARY.fullmatch(name)
    return match and match["name"]


def leftovers(directory: Directory, names: Collection[str]) -> list[str]:
    """Return the temporary files in a directory that were meant to replace files of these names."""
    found = ((name, _TEMPORARY.fullmatch(name)) for name in directory.names())
    return [name for name, match in found if match is not None and match["name"] in names]


def remove_leftovers(paths: Iterable[Path]) -> None:
    """Remove what killed runs left beside files, as far as it is ours; the caller holds the lock."""
    by_directory: defaultdict[Path, set[str]] = defaultdict(set)
    for path in paths:
        by_directory[path.parent].add(path.name)
    for parent, names in by_directory.items():
        with contextlib.suppress(OSError, ConfigError), reach(parent / next(iter(names)), follow=False) as way:
            for name in leftovers(way.directory, names):
                with contextlib.suppress(OSError):
                    way.directory.remove(name)
