"""Repositories in `.properties` files: the native vault, `cipher-text.properties`, Carbon 5's `secrets.properties`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError
from ciphertool.repository.base import Entry
from ciphertool.repository.file import FileRepository
from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.files import Snapshot
    from ciphertool.repository.grammar import Grammar


class PropertiesRepository(FileRepository):
    """A repository in a `.properties` file, read and spliced like any other document."""

    def __init__(self, snapshot: Snapshot, grammar: Grammar) -> None:
        """Raise `ConfigError` where the file is damaged or names an alias twice."""
        super().__init__(snapshot, grammar)
        try:
            self._document = PropertiesRewriter(assumed=grammar.encoding).parse(snapshot.bytes)
        except ConfigError as error:
            raise error.at(self.path) from None
        for found in self._document.locate(list(self._document.repeated)):
            if isinstance(found, ConfigError):
                raise found.at(self.path)

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Every alias that is there, in the file's order."""
        return {site.selector: Entry(self._grammar.read(site.value), site.line) for site in self._document.sites()}

    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the file's bytes with these stored texts in it; everything else stays as it is."""
        return rewrite_entries(self._document, changes, ordered=True)
