"""A keystore format that another distribution reads. Its entries are used like any others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ciphertool import plugins
from ciphertool.errors import UnsupportedKeystoreError
from ciphertool.keystore.entries import StoreContent

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.keystore.entries import KeyEntry, Reader
    from ciphertool.plugins import Extensions

ENTRY_POINTS = "ciphertool.keystores"
"""The entry-point group of readers: each a callable `(data, password, path) -> StoreContent`."""

T_co = TypeVar("T_co", covariant=True)


class _Sealed(Protocol[T_co]):
    def unseal(self, password: str | None) -> T_co: ...


@dataclass(frozen=True, slots=True)
class _Guarded(Generic[T_co]):
    """A plug-in's sealed key. Unexpected exceptions become a `PluginError`."""

    format_name: str
    sealed: _Sealed[T_co] = field(repr=False)

    def unseal(self, password: str | None) -> T_co:
        """Return the key."""
        with plugins.guarded(ENTRY_POINTS, self.format_name):
            return self.sealed.unseal(password)


def reader(name: str, extensions: Extensions) -> Reader:
    """Return the reader of a name; raise `UnsupportedKeystoreError` if none of the extensions has that name."""
    read = extensions.find(ENTRY_POINTS, name)
    if read is None:
        installed = ", ".join(extensions.names(ENTRY_POINTS)) or "none"
        raise UnsupportedKeystoreError(
            f"no plug-in reads keystores of the format {name!r}: installed plug-ins: {installed}"
        )

    def guarded(data: bytes, password: str | None, path: Path) -> StoreContent:
        with plugins.guarded(ENTRY_POINTS, name):
            entries, verified = read(data, password, path)
            return StoreContent([_with_guard(entry, name) for entry in entries], verified)

    return guarded


def _with_guard(entry: KeyEntry, name: str) -> KeyEntry:
    return entry._replace(
        sealed=entry.sealed and _Guarded(name, entry.sealed),
        secret=entry.secret and _Guarded(name, entry.secret),
    )
