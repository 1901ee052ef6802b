"""What repositories in a file share: the file, its kind's spelling of values, and the error for a missing alias."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ciphertool.errors import UnknownAliasError
from ciphertool.repository.base import NO_KEYS, certain_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.repository.base import SecretEntry
    from ciphertool.repository.grammar import Grammar


class DocumentRepository(ABC):
    """A repository in a file, read and spliced like any other document. A subclass defines its entries."""

    def __init__(self, snapshot: Snapshot, grammar: Grammar) -> None:
        self.path: Path = snapshot.path
        self.snapshot = snapshot
        self.kind = grammar.kind
        self.hint = grammar.hint
        self.clear_is_readable = grammar.clear_is_readable
        self._grammar = grammar

    @property
    @abstractmethod
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the file's order."""

    def get(self, alias: str) -> SecretEntry:
        """Return the alias's entry, or raise `UnknownAliasError`."""
        try:
            return self.entries[alias]
        except KeyError:
            raise UnknownAliasError(alias, self.path, certain_names(self.entries)) from None

    @property
    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """No content keys: only the native kind has envelopes."""
        return {}

    def updated(
        self,
        changes: Mapping[str, Ciphertext | None],
        keys: Mapping[str, Mapping[str, str] | None] = NO_KEYS,  # noqa: ARG002 - there are none
    ) -> bytes:
        """Return the file's bytes with these ciphertexts set; everything else stays as it is."""
        return self.rewritten(
            {alias: None if value is None else self._grammar.write(value) for alias, value in changes.items()}
        )

    @abstractmethod
    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the file's bytes with these stored texts set (None: the alias removed)."""
