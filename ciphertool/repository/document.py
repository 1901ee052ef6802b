"""What repositories in a document share: its kind's spelling of values, and the error for a missing alias."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ciphertool.errors import UnknownAliasError
from ciphertool.repository.base import NO_KEYS, Read, certain_names
from ciphertool.storage.file import content_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.repository.base import SecretEntry
    from ciphertool.repository.grammar import Grammar
    from ciphertool.storage.base import Content


class DocumentRepository(Read, ABC):
    """A repository in a document, which is read and spliced like any other. A subclass defines its entries."""

    def __init__(self, read: Snapshot | Content, grammar: Grammar) -> None:
        self.content = content_of(read)
        self.kind = grammar.kind
        self.hint = grammar.hint
        self.clear_is_readable = grammar.clear_is_readable
        self._grammar = grammar

    @property
    @abstractmethod
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the document's order."""

    def get(self, alias: str) -> SecretEntry:
        """Return the alias's entry, or raise `UnknownAliasError`."""
        try:
            return self.entries[alias]
        except KeyError:
            raise UnknownAliasError(alias, self.where, certain_names(self.entries)) from None

    @property
    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """No content keys: only the native kind has envelopes."""
        return {}

    def updated(
        self,
        changes: Mapping[str, Ciphertext | None],
        keys: Mapping[str, Mapping[str, str] | None] = NO_KEYS,  # noqa: ARG002 - there are none
    ) -> bytes:
        """Return the document's bytes with these ciphertexts set; everything else stays as it is."""
        return self.rewritten(
            {alias: None if value is None else self._grammar.write(value) for alias, value in changes.items()}
        )

    @abstractmethod
    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the document's bytes with these stored texts set (None: the alias removed)."""
