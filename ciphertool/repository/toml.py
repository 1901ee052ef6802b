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
    from collections.abc import Iterator, Mapping, Sequence

    from ciphertool.repository.base import Stored
    from ciphertool.repository.grammar import Grammar
    from ciphertool.storage.base import Content

_TABLE = "secrets"


def _leaves(location: tuple[str, ...], table: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the values of a table and of the tables in it, each with its location."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves((*location, name), value)
        else:
            yield (*location, name), value


class TomlRepository(DocumentRepository):
    """The entries of `[secrets]`; the rest of the file is ignored. A file without that table has no entries."""

    def __init__(self, content: Content, grammar: Grammar) -> None:
        """Raise `ConfigError` if the file is damaged or `secrets` is not a table."""
        super().__init__(content, grammar)
        try:
            self._document = TomlRewriter().parse(content.data)
        except ConfigError as error:
            raise error.at(self.where) from None
        self._table = self._document.data.get(_TABLE, {})
        if not isinstance(self._table, dict):
            raise ConfigError(f"{_TABLE} is not a table", path=self.where)

    @cached_property
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the file's order."""
        leaves = dict(_leaves((_TABLE,), self._table))
        starts = self._document.starts(leaves)
        found: dict[str, SecretEntry] = {}
        for location, value in leaves.items():
            _, *parts = location
            alias = ".".join(parts)
            line = self._document.source.line(starts.get(location, 0))
            # A key of this table is a name, whatever its value.
            found.setdefault(alias, SecretEntry(self._stored(parts, value), line, is_writable_alias(alias)))
        return found

    def _stored(self, parts: Sequence[str], value: object) -> Stored:
        if len(parts) > 1:
            quoted = ".".join(parts)
            return Malformed(f'is in a table of [{_TABLE}], where the product finds no key; quote it: "{quoted}"')
        return self._grammar.read(value) if isinstance(value, str) else Malformed("is not a string")

    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the file's bytes with these stored texts set; everything else stays as it is."""
        return rewrite_entries(self._document, _TABLE, changes)
