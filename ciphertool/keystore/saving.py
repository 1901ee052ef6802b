"""Writes a keystore's file. What is in it is made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files

if TYPE_CHECKING:
    from pathlib import Path


def save(path: Path, data: bytes) -> None:
    """Write a store completely or not at all.

    A new file has mode 0600; an existing one keeps its mode and owner. Raise `WriteError`, or `ConflictError` if
    somebody else writes the file meanwhile.
    """
    before = files.destination(path, files.Audience.OURSELVES)
    files.write_all((files.Write(before, data, audience=files.Audience.OURSELVES),))
