"""Repositories in `.properties` files: the native vault, `cipher-text.properties`, Carbon 5's `secrets.properties`."""

from __future__ import annotations

import re
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
    from ciphertool.repository.grammar import LineGrammar
    from ciphertool.storage.base import Content

_SIGNS = ("=", ":")
_CONFLICT = re.compile(r"^<{7} .*?^>{7} ", re.DOTALL | re.MULTILINE)
_UNSETTLED = Malformed(
    "in a conflict of a merge, whose sides differ in it",
    "keep the lines of one side, and take the marks of the conflict out",
)


class PropertiesRepository(DocumentRepository):
    """A repository in a `.properties` file, read and spliced like any other document."""

    def __init__(self, content: Content, grammar: LineGrammar, declared: Container[str] = ()) -> None:
        """Raise `ConfigError` if the file is damaged, is not a repository, or has a content key twice."""
        super().__init__(content, grammar)
        self._spelling = grammar
        try:
            self._document = PropertiesRewriter(assumed=grammar.encoding).parse(content.data)
        except ConfigError as error:
            raise error.at(self.where) from None
        require_entries(self, declared)
        for selector in self._document.repeated:
            if selector not in self.entries and (ambiguity := self._ambiguity(selector)):
                raise ambiguity.at(self.where)

    @property
    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """The content keys by their ids: for each recipient's key id, the JWE in which that recipient finds it."""
        return self._lines[0]

    @property
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the file's order."""
        return self._lines[1]

    @cached_property
    def _lines(self) -> tuple[Mapping[str, Mapping[str, str]], Mapping[str, SecretEntry]]:
        """The content keys, and the entries, which come with theirs; in one pass, because there may be thousands."""
        document, columns, keys = self._document, self._document.entries, dict[str, dict[str, str]]()
        text, index, has_keys = document.source.text, document.index, self.kind == NativeGrammar.kind
        found = []
        rows = zip(columns.selectors, columns.heads, columns.starts, columns.ends, strict=True)
        for ordinal, (name, head, start, end) in enumerate(rows):
            if index[name] != ordinal:
                continue
            value = document.read(text[start:end])
            line = ContentKeyLine.parse(name) if has_keys and name[:1] == "{" else None
            if line is not None and is_wrapped_key(value):
                keys.setdefault(line.content_key, {})[line.recipient] = value
            else:
                found.append((name, value, head, start))
        return keys, {row[0]: self._entry(*row, keys) for row in found}

    def _entry(
        self, name: str, value: str, head: int, start: int, keys: Mapping[str, Mapping[str, str]]
    ) -> SecretEntry:
        document = self._document
        text, line = document.source.text, document.source.line(start)
        assigned = text.endswith(_SIGNS, head, start) or text[head:start].rstrip(" \t\f\r\n\\").endswith(_SIGNS)
        certain = is_writable_alias(name) and self._spelling.tells(value, assigned=assigned)
        if name in document.repeated and (ambiguity := self._ambiguity(name)):
            # no line shows which value is meant; products take the last
            return SecretEntry(Malformed(ambiguity.reason, ambiguity.hint), line, certain)
        if any(begin <= head < finish for begin, finish in self._conflicts):
            return SecretEntry(_UNSETTLED, line, certain)
        stored = self._grammar.read(value)
        if keys and isinstance(stored, Encrypted) and isinstance(stored.ciphertext, Envelope):
            key, token, _ = stored.ciphertext
            stored = Encrypted(Envelope(key, token, keys.get(key, {})))
        return SecretEntry(stored, line, certain)

    @cached_property
    def _conflicts(self) -> list[tuple[int, int]]:
        """The spans of the conflicts that git has left in the file."""
        text = self._document.source.text
        return [found.span() for found in _CONFLICT.finditer(text)] if "<<<<<<<" in text else []

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
