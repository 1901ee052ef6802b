"""A repository of a kind that another distribution offers. Its ciphertexts are native, bound to their aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import plugins
from ciphertool.errors import UnknownAliasError
from ciphertool.references import is_writable_alias
from ciphertool.repository.base import NO_KEYS, Malformed, Read, certain_names, require_entries
from ciphertool.storage.file import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.repository.base import SecretEntry, SecretRepository
    from ciphertool.storage.base import Content

ENTRY_POINTS = "ciphertool.repositories"
"""The entry-point group of kinds: each a callable that makes a `SecretRepository` of a file's `Snapshot`.

Bytes from a storage that is no file come as a snapshot too: its path is the storage's name, and it has no facts.
"""


class PluginRepository(Read):
    """A plug-in's repository, read immediately. Unexpected exceptions become a `PluginError`."""

    def __init__(
        self, kind: str, content: Content, make: Callable[[Snapshot], SecretRepository], declared: Container[str] = ()
    ) -> None:
        self.kind = kind
        self.content = content
        with plugins.guarded(ENTRY_POINTS, kind):
            self._made = make(snapshot_of(content))
            self.hint, self.clear_is_readable = self._made.hint, self._made.clear_is_readable
            self.entries: Mapping[str, SecretEntry] = {
                alias: entry._replace(
                    certain=entry.certain and is_writable_alias(alias) and not isinstance(entry.stored, Malformed)
                )
                for alias, entry in self._made.entries.items()
            }
        require_entries(self, declared)

    def get(self, alias: str) -> SecretEntry:
        """Return the alias's entry, or raise `UnknownAliasError`."""
        try:
            return self.entries[alias]
        except KeyError:
            raise UnknownAliasError(alias, self.where, certain_names(self.entries)) from None

    keys: Mapping[str, Mapping[str, str]] = {}

    def updated(
        self,
        changes: Mapping[str, Ciphertext | None],
        keys: Mapping[str, Mapping[str, str] | None] = NO_KEYS,  # noqa: ARG002 - a plug-in knows of none
    ) -> bytes:
        """Return the store's bytes with these ciphertexts set (None: the alias removed)."""
        with plugins.guarded(ENTRY_POINTS, self.kind):
            return self._made.updated(changes)
