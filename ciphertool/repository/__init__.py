"""The registry of secret repositories: alias → ciphertext stores, one class for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import UnknownRepositoryKindError
from ciphertool.plugins import NO_EXTENSIONS
from ciphertool.repository.base import Clear, Encrypted, Malformed, Placeholder, SecretEntry, SecretRepository, Stored
from ciphertool.repository.grammar import Carbon4Grammar, Carbon5Grammar, NativeGrammar, TomlSecretsGrammar

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.plugins import Extensions
    from ciphertool.repository.grammar import LineGrammar

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
    kind: str, path: Path, *, extensions: Extensions = NO_EXTENSIONS, declared: Container[str] = ()
) -> SecretRepository:
    """Read a repository; a missing file is an empty one. The settings state the kind, which is never guessed.

    Raises what `repository_of` raises.
    """
    return repository_of(kind, files.read_if_there(path), extensions=extensions, declared=declared)


def repository_of(
    kind: str, snapshot: Snapshot, *, extensions: Extensions = NO_EXTENSIONS, declared: Container[str] = ()
) -> SecretRepository:
    """Parse the repository in a file; raise `ConfigError` if it is damaged.

    Raises `NotARepositoryError` if no line is certainly an entry. Any line of text looks like an entry whose value is
    damaged or still missing; it counts as one if its alias is in `declared`, the aliases of the targets.

    The kind may be one of `extensions`. Raises `UnknownRepositoryKindError`, which lists the known kinds.
    """
    grammar = next((grammar for grammar in _GRAMMARS if grammar.kind == kind), None)
    if grammar is None:
        return _plug_in(kind, snapshot, extensions, declared)
    if kind == TomlSecretsGrammar.kind:
        from ciphertool.repository.toml import TomlRepository

        return TomlRepository(snapshot, grammar)
    from ciphertool.repository.properties import PropertiesRepository

    return PropertiesRepository(snapshot, grammar, declared)


def _plug_in(kind: str, snapshot: Snapshot, extensions: Extensions, declared: Container[str]) -> SecretRepository:
    from ciphertool.repository.plugin import ENTRY_POINTS, PluginRepository

    make = extensions.find(ENTRY_POINTS, kind)
    if make is None:
        raise UnknownRepositoryKindError(kind, (*KINDS, *extensions.names(ENTRY_POINTS)))
    return PluginRepository(kind, snapshot, make, declared)
