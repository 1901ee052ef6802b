"""The registry of secret repositories: alias → ciphertext stores, one class for each kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.errors import UnknownRepositoryKindError
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.repository.base import Clear, Encrypted, Malformed, Placeholder, SecretEntry, SecretRepository, Stored
from ciphertool.repository.grammar import Carbon4Grammar, Carbon5Grammar, NativeGrammar, TomlSecretsGrammar
from ciphertool.storage.file import FileStorage, content_of

if TYPE_CHECKING:
    from collections.abc import Container

    from ciphertool.files import Snapshot
    from ciphertool.plugins import Extensions
    from ciphertool.repository.grammar import LineGrammar
    from ciphertool.storage.base import Content, Storage

__all__ = [
    "BARE_KIND",
    "KINDS",
    "Clear",
    "Encrypted",
    "Malformed",
    "Placeholder",
    "SecretEntry",
    "SecretRepository",
    "Stored",
    "is_native",
    "open_repository",
    "repository_of",
]

Entry = SecretEntry  # the former name, kept for one release
_GRAMMARS: tuple[LineGrammar, ...] = (NativeGrammar(), Carbon4Grammar(), Carbon5Grammar(), TomlSecretsGrammar())
KINDS = tuple(grammar.kind for grammar in _GRAMMARS)
"""The built-in kinds."""
BARE_KIND = Carbon4Grammar.kind
"""A kind whose ciphertexts are bare base64, without scheme or key."""
_OF_PRODUCTS = frozenset(grammar.kind for grammar in _GRAMMARS if not grammar.native)


def is_native(kind: str) -> bool:
    """Return whether a kind's ciphertexts describe themselves and are bound to aliases, unlike those of products."""
    return kind not in _OF_PRODUCTS


def open_repository(
    kind: str, storage: Storage | Path, *, extensions: Extensions = NO_EXTENSIONS, declared: Container[str] = ()
) -> SecretRepository:
    """Read the repository in a storage, or in a file; if there is nothing, it is empty.

    The settings state the kind, which is never guessed. Raises what `repository_of` raises.
    """
    place = FileStorage(storage) if isinstance(storage, Path) else storage
    return repository_of(kind, content_of(place), extensions=extensions, declared=declared)


def repository_of(
    kind: str, read: Content | Snapshot, *, extensions: Extensions = NO_EXTENSIONS, declared: Container[str] = ()
) -> SecretRepository:
    """Parse the repository in what was read; raise `ConfigError` if it is damaged.

    Raises `NotARepositoryError` if no line is certainly an entry. Any line of text looks like an entry whose value is
    damaged or still missing; it counts as one if its alias is in `declared`, the aliases of the targets.

    The kind may be one of `extensions`. Raises `UnknownRepositoryKindError`, which lists the known kinds.
    """
    content = content_of(read)
    grammar = next((grammar for grammar in _GRAMMARS if grammar.kind == kind), None)
    if grammar is None:
        return _plug_in(kind, content, extensions, declared)
    if kind == TomlSecretsGrammar.kind:
        from ciphertool.repository.toml import TomlRepository

        return TomlRepository(content, grammar)
    from ciphertool.repository.properties import PropertiesRepository

    return PropertiesRepository(content, grammar, declared)


def _plug_in(kind: str, content: Content, extensions: Extensions, declared: Container[str]) -> SecretRepository:
    from ciphertool.repository.plugin import ENTRY_POINTS, PluginRepository

    make = extensions.find(ENTRY_POINTS, kind)
    if make is None:
        raise UnknownRepositoryKindError(kind, (*KINDS, *extensions.names(ENTRY_POINTS)))
    return PluginRepository(kind, content, make, declared)
