"""The registry of storages: which there are, by the names that settings use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool.errors import UnknownStorageError
from ciphertool.plugins import NO_EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.plugins import Extensions
    from ciphertool.storage.base import Storage

FILE = "file"
STORAGES = (FILE,)
"""The built-in storages."""


def storage_named(
    name: str, root: Path, options: Mapping[str, Any], *, extensions: Extensions = NO_EXTENSIONS
) -> Storage:
    """Return a storage by its name, which may be one of `extensions`.

    `options` are what settings state besides the name; relative paths in them start at `root`. Raises
    `UnknownStorageError`, which lists the known names, and `PluginError` if a plug-in cannot make it of these options.
    """
    if name == FILE:
        from ciphertool.storage.file import FileStorage

        return FileStorage(**options)
    from ciphertool.storage.plugin import ENTRY_POINTS, PluginStorage

    make = extensions.find(ENTRY_POINTS, name)
    if make is None:
        raise UnknownStorageError(name, (*STORAGES, *extensions.names(ENTRY_POINTS)))
    return PluginStorage(name, make(root, **options))
