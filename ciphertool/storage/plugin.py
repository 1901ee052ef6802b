"""A storage that another distribution offers, with its failures contained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import plugins
from ciphertool.errors import PluginError
from ciphertool.storage.base import StoredBytes

if TYPE_CHECKING:
    from ciphertool.errors import WriteError
    from ciphertool.storage.base import Storage, Version

ENTRY_POINTS = "ciphertool.storages"
"""The entry-point group of storages: each a callable `(root, **options) -> Storage`."""


class PluginStorage:
    """A plug-in's storage. Unexpected exceptions become a `PluginError`."""

    def __init__(self, kind: str, storage: Storage) -> None:
        self._kind, self._storage = kind, storage

    @property
    def name(self) -> str:
        """The name that the plug-in gives it."""
        with plugins.guarded(ENTRY_POINTS, self._kind):
            return str(self._storage.name)

    def read(self) -> StoredBytes:
        """Return what the plug-in reads; raise `PluginError` if that is not bytes."""
        with plugins.guarded(ENTRY_POINTS, self._kind):
            data, version = self._storage.read()
            if isinstance(data, bytes):
                return StoredBytes(data, version)
        raise PluginError(ENTRY_POINTS, self._kind, "what it reads is not bytes")

    def replace(self, data: bytes, before: Version | None) -> Version:
        """Have the plug-in replace its bytes."""
        with plugins.guarded(ENTRY_POINTS, self._kind):
            return self._storage.replace(data, before)

    def changed(self, since: Version | None, timeout: float) -> bool:
        """Return what the plug-in reports."""
        with plugins.guarded(ENTRY_POINTS, self._kind):
            return bool(self._storage.changed(since, timeout))

    def obstacle(self) -> WriteError | None:
        """Return the plug-in's obstacle."""
        with plugins.guarded(ENTRY_POINTS, self._kind):
            return self._storage.obstacle()
