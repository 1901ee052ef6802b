"""The repository in a table of a TOML file: `[secrets]` of a Carbon `deployment.toml`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError
from ciphertool.references import is_writable_alias
from ciphertool.repository.base import Malformed, SecretEntry
from ciphertool.repository.document import DocumentRepository
from ciphertool.rewriters.toml import TomlRewriter
from ciphertool.rewriters.toml_table import rewrite_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.files import Snapshot
    from ciphertool.repository.grammar import Grammar

_TABLE = "secrets"


class TomlRepository(DocumentRepository):
    """The entries of `[secrets]`; the rest of the file is ignored. A file without that table has no entries."""

    def __init__(self, snapshot: Snapshot, grammar: Grammar) -> None:
        """Raise `ConfigError` if the file is damaged or `secrets` is not a table."""
        super().__init__(snapshot, grammar)
        try:
            self._document = TomlRewriter().parse(snapshot.bytes)
        except ConfigError as error:
            raise error.at(self.path) from None
        self._table = self._document.data.get(_TABLE, {})
        if not isinstance(self._table, dict):
            raise ConfigError(f"{_TABLE} is not a table", path=self.path)

    @cached_property
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the file's order."""
        places = self._document.places([(_TABLE, alias) for alias in self._table])
        return {
            alias: SecretEntry(
                self._grammar.read(value) if isinstance(value, str) else Malformed("not a string"),
                self._document.source.line(places[_TABLE, alias][0]) if (_TABLE, alias) in places else 1,
                is_writable_alias(alias),  # a key of this table is a name, whatever its value
            )
            for alias, value in self._table.items()
        }

    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the file's bytes with these stored texts set; everything else stays as it is."""
        return rewrite_entries(self._document, _TABLE, changes)
