"""Repositories in `.properties` files: the native vault, `cipher-text.properties`, Carbon 5's `secrets.properties`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, SelectorError
from ciphertool.references import is_writable_alias
from ciphertool.repository.base import SecretEntry, require_entries
from ciphertool.repository.document import DocumentRepository
from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from ciphertool.repository.grammar import LineGrammar
    from ciphertool.rewriters.base import Site
    from ciphertool.storage.base import Content


class PropertiesRepository(DocumentRepository):
    """A repository in a `.properties` file, read and spliced like any other document."""

    def __init__(self, content: Content, grammar: LineGrammar, declared: Container[str] = ()) -> None:
        """Raise `ConfigError` if the file is damaged, is not a repository, or has an alias twice."""
        super().__init__(content, grammar)
        self._spelling = grammar
        try:
            self._document = PropertiesRewriter(assumed=grammar.encoding).parse(content.data)
        except ConfigError as error:
            raise error.at(self.where) from None
        require_entries(self, declared)
        for alias in self._document.repeated:
            try:
                self._document.only(alias)
            except SelectorError as error:
                if self.entries[alias].certain or alias in declared:
                    raise error.at(self.where) from None
                raise ConfigError(
                    f"an alias {error.reason}", hint=error.hint, path=self.where, line=error.line
                ) from None

    @cached_property
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the file's order."""
        return {site.selector: self._entry(site) for site in self._document.sites()}

    def _entry(self, site: Site) -> SecretEntry:
        before = self._document.source.text[self._document.head(site) : site.start]
        assigned = before.rstrip(" \t\f\r\n\\").endswith(("=", ":"))
        certain = is_writable_alias(site.selector) and self._spelling.tells(site.value, assigned=assigned)
        return SecretEntry(self._grammar.read(site.value), site.line, certain)

    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the file's bytes with these stored texts set; everything else stays as it is."""
        return rewrite_entries(self._document, changes, ordered=True)
