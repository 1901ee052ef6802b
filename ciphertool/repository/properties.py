"""Repositories in `.properties` files: the native vault, `cipher-text.properties`, Carbon 5's `secrets.properties`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.ciphertext import Envelope, is_wrapped_key
from ciphertool.errors import ConfigError, SelectorError
from ciphertool.references import is_writable_alias
from ciphertool.repository.base import NO_KEYS, Encrypted, Malformed, SecretEntry, require_entries
from ciphertool.repository.document import DocumentRepository
from ciphertool.repository.grammar import ContentKeyLine, NativeGrammar
from ciphertool.rewriters.properties import PropertiesRewriter, rewrite_entries

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.repository.grammar import LineGrammar
    from ciphertool.rewriters.base import Site


class PropertiesRepository(DocumentRepository):
    """A repository in a `.properties` file, read and spliced like any other document."""

    def __init__(self, snapshot: Snapshot, grammar: LineGrammar, declared: Container[str] = ()) -> None:
        """Raise `ConfigError` if the file is damaged, is not a repository, or has a content key twice."""
        super().__init__(snapshot, grammar)
        self._spelling = grammar
        try:
            self._document = PropertiesRewriter(assumed=grammar.encoding).parse(snapshot.bytes)
        except ConfigError as error:
            raise error.at(self.path) from None
        require_entries(self, declared)
        for selector in self._document.repeated:
            if selector not in self.entries and (ambiguity := self._ambiguity(selector)):
                raise ambiguity.at(self.path)

    @cached_property
    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """The content keys by their ids: for each recipient's key id, the JWE in which that recipient finds it."""
        found: dict[str, dict[str, str]] = {}
        if self.kind == NativeGrammar.kind:
            for site in self._document.sites() if "}" in self._document.source.text else ():
                line = ContentKeyLine.parse(site.selector)
                if line is not None and is_wrapped_key(site.value):
                    found.setdefault(line.content_key, {})[line.recipient] = site.value
        return found

    @cached_property
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the file's order."""
        keys = {str(ContentKeyLine(key, recipient)) for key, found in self.keys.items() for recipient in found}
        return {site.selector: self._entry(site) for site in self._document.sites() if site.selector not in keys}

    def _entry(self, site: Site) -> SecretEntry:
        before = self._document.source.text[self._document.head(site) : site.start]
        assigned = before.rstrip(" \t\f\r\n\\").endswith(("=", ":"))
        certain = is_writable_alias(site.selector) and self._spelling.tells(site.value, assigned=assigned)
        if ambiguity := self._ambiguity(site.selector):  # no line shows which value is meant; products take the last
            return SecretEntry(Malformed(ambiguity.reason, ambiguity.hint), site.line, certain)
        stored = self._grammar.read(site.value)
        match stored:
            case Encrypted(Envelope() as value):
                stored = Encrypted(value._replace(wrapped=self.keys.get(value.content_key, {})))
        return SecretEntry(stored, site.line, certain)

    def _ambiguity(self, selector: str) -> SelectorError | None:
        """Return the error for an alias or content key that stands on several lines, or None."""
        if selector in self._document.repeated:
            try:
                self._document.only(selector)
            except SelectorError as error:
                return error
        return None

    def updated(
        self, changes: Mapping[str, Ciphertext | None], keys: Mapping[str, Mapping[str, str] | None] = NO_KEYS
    ) -> bytes:
        """Return the file's bytes with these ciphertexts set, each with its content key, and these content keys.

        What `keys` states of a content key is all there is of it afterwards; None removes it.
        """
        texts = {alias: None if value is None else self._grammar.write(value) for alias, value in changes.items()}
        envelopes = (value for value in changes.values() if isinstance(value, Envelope))
        stated = {**{value.content_key: value.wrapped for value in envelopes}, **keys}
        for key, wrapped in stated.items():
            before, after = self.keys.get(key, {}), wrapped or {}
            lines = {recipient: after.get(recipient) for recipient in (*before, *after)}
            texts |= {
                str(ContentKeyLine(key, recipient)): line
                for recipient, line in lines.items()
                if line != before.get(recipient)
            }
        return self.rewritten(texts)

    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        """Return the file's bytes with these stored texts set; everything else stays as it is."""
        try:
            return rewrite_entries(self._document, changes, ordered=True)
        except ConfigError as error:
            raise error.at(self.path) from None
