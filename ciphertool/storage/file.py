"""The storage that is a file. Its versions are snapshots; it is replaced as any other file, its directory locked."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import ConfigError, WriteError
from ciphertool.files import Snapshot
from ciphertool.storage.base import Content, StoredBytes

if TYPE_CHECKING:
    from ciphertool.storage.base import Storage, Version

_PAUSE = 0.1
"""Seconds between two looks at a file."""


class FileStorage:
    """A file; a new one gets `mode`. Its version is its `Snapshot`: content, inode, owner, mode, times."""

    def __init__(self, path: Path, mode: int = files.PRIVATE) -> None:
        self.path, self._mode = path, mode

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    def read(self) -> StoredBytes:
        """Return the file's bytes; raise `ConfigError` if it is there and cannot be read."""
        snapshot = files.read_if_there(self.path)
        return StoredBytes(snapshot.bytes, None if snapshot.data is None else snapshot)

    def replace(self, data: bytes, before: Version | None) -> Version:
        """Replace the file if it is the one that was read, in the same state; create it if there was none.

        Its directory is locked, so that no other ciphertool writes between the comparison and the replacement.
        """
        there = before if isinstance(before, Snapshot) else Snapshot(self.path, _real(self.path), None)
        with files.lock(self.path, again=True):
            files.Write(there, data, self._mode).apply()
            with suppress(ConfigError):
                after = files.read_if_there(self.path)
                if after.data == data:
                    return after
        return Snapshot(self.path, there.real, data)  # somebody has replaced it since: no file has this version

    def changed(self, since: Version | None, timeout: float) -> bool:
        """Compare the file's identity, size and time of change, without reading it."""
        deadline = time.monotonic() + timeout
        while not (changed := files.stamp(self.path) != _stamp_of(since)) and time.monotonic() < deadline:
            time.sleep(min(_PAUSE, timeout))
        return changed

    def obstacle(self) -> WriteError | None:
        """Return why the file cannot be replaced."""
        try:
            return files.obstacle(files.read_if_there(self.path))
        except ConfigError as error:
            return WriteError(error.message, path=self.path)


def where_of(storage: Storage) -> Path | str:
    """Return what messages call a storage: its file or, if it is none, its name."""
    return storage.path if isinstance(storage, FileStorage) else storage.name


def content_of(source: Storage | Snapshot | Content) -> Content:
    """Return what a storage holds, or what was read before."""
    if isinstance(source, Content):
        return source
    if isinstance(source, Snapshot):
        return Content(source.path, source.bytes, None if source.data is None else source)
    return Content(where_of(source), *source.read())


def snapshot_of(content: Content) -> Snapshot:
    """Return content as a file's snapshot; one from another storage has its name for a path, and no facts."""
    known = content.version
    if isinstance(known, Snapshot):
        return known if known.data == content.data else known._replace(data=content.data)
    data = None if known is None and not content.data else content.data
    real = _real(content.path) if isinstance(content.where, Path) else content.path
    return Snapshot(content.path, real, data)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _stamp_of(version: Version | None) -> tuple[int, ...] | None:
    facts = version.facts if isinstance(version, Snapshot) else None
    return facts and (facts.device, facts.inode, facts.size, facts.modified)
