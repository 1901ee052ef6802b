"""The registry of secret repositories: alias → ciphertext stores, one class for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.repository.base import Clear, Encrypted, Entry, Malformed, SecretRepository, Stored
from ciphertool.repository.grammar import Carbon4Grammar, Carbon5Grammar, NativeGrammar, TomlSecretsGrammar

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.repository.grammar import Grammar

__all__ = [
    "Clear",
    "Encrypted",
    "Entry",
    "Malformed",
    "SecretRepository",
    "Stored",
    "grammar",
    "open_repository",
    "repository_of",
]

_GRAMMARS: tuple[Grammar, ...] = (NativeGrammar(), Carbon4Grammar(), Carbon5Grammar(), TomlSecretsGrammar())


def grammar(kind: str) -> Grammar:
    """Return how a kind of repository spells its values."""
    return next(grammar for grammar in _GRAMMARS if grammar.kind == kind)


def open_repository(kind: str, path: Path) -> SecretRepository:
    """Read a repository; a file that does not exist is an empty one. The settings tell the kind, nothing guesses it."""
    return repository_of(kind, files.read_if_there(path))


def repository_of(kind: str, snapshot: Snapshot) -> SecretRepository:
    """Return the repository that a file's bytes are."""
    if kind == TomlSecretsGrammar.kind:
        from ciphertool.repository.toml import TomlRepository

        return TomlRepository(snapshot, grammar(kind))
    from ciphertool.repository.properties import PropertiesRepository

    return PropertiesRepository(snapshot, grammar(kind))
