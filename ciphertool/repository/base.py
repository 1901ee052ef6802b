"""The interface of secret repositories: alias → stored value. A repository never decrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.errors import NotARepositoryError
from ciphertool.secret import repr_of
from ciphertool.storage.file import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.secret import Secret
    from ciphertool.storage.base import Content, Version


class Encrypted(NamedTuple):
    """A stored ciphertext."""

    ciphertext: Ciphertext

    def __repr__(self) -> str:
        return repr_of(self)


class Clear(NamedTuple):
    """A value still to be encrypted; it may be empty."""

    value: Secret


class Malformed(NamedTuple):
    """A stored text that is neither of these; `reason` does not quote it. Without a `hint`, the kind's applies."""

    reason: str
    hint: str = ""


class Placeholder(NamedTuple):
    """A stored text that the product fills in at its start: there is nothing to encrypt, and nothing to decrypt yet."""


Stored = Encrypted | Clear | Malformed | Placeholder


class SecretEntry(NamedTuple):
    """One alias's stored value and its line (1-based).

    `certain` is True if the line can only be an entry, well-formed or damaged, so that its key is a name. Any other
    line may be text of a file that is not a repository: its key is shown only to somebody who has named it before.
    """

    stored: Stored
    line: int
    certain: bool = True

    @property
    def is_vacant(self) -> bool:
        """Whether the entry still waits for its value: it is in clear, and empty."""
        return isinstance(self.stored, Clear) and not self.stored.value

    def label(self, alias: str) -> str:
        """Return the name of the entry in messages: its alias if it is certainly one, else its line."""
        return alias if self.certain else f"the entry on line {self.line}"


NO_KEYS: Mapping[str, Mapping[str, str] | None] = {}


class Read:
    """What every repository is: something that was read, at a place, in a version."""

    content: Content
    """The bytes that it was parsed from, their place and their version."""

    @property
    def where(self) -> Path | str:
        """What messages call it: its file or, if it is in none, the name of its storage."""
        return self.content.where

    @property
    def name(self) -> str:
        """The same as a text."""
        return str(self.content.where)

    @property
    def version(self) -> Version | None:
        """The version of the storage that was read, None if it held nothing."""
        return self.content.version

    @property
    def path(self) -> Path:
        """`where` by its former name, for plug-ins and programs that know files alone."""
        return self.content.path

    @property
    def snapshot(self) -> Snapshot:
        """`content` in its former shape, for plug-ins and programs that know files alone."""
        return snapshot_of(self.content)


class SecretRepository(Protocol):
    """A store of one kind, as it was read. Immutable: an update returns the bytes of the new store.

    `Read` says what `content` and the like are, and provides all but `content`. An `Envelope` among its entries has its
    content key with it, and so has one that an update is given.
    """

    content: Content
    kind: str
    hint: str
    """What to do about a malformed value."""
    clear_is_readable: bool
    """Whether the kind's own runtime reads values in clear, so that resolving one is a warning, not an error."""

    @property
    def where(self) -> Path | str: ...  # noqa: D102

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> Version | None: ...  # noqa: D102

    @property
    def path(self) -> Path: ...  # noqa: D102

    @property
    def snapshot(self) -> Snapshot: ...  # noqa: D102

    @property
    def entries(self) -> Mapping[str, SecretEntry]:
        """The entries by alias, in the store's order."""

    @property
    def keys(self) -> Mapping[str, Mapping[str, str]]:
        """The content keys by their ids: for each recipient's key id, the JWE in which that recipient finds it.

        Empty in a kind without envelopes.
        """

    def get(self, alias: str) -> SecretEntry:
        """Return the alias's entry, or raise `UnknownAliasError`."""

    def updated(
        self, changes: Mapping[str, Ciphertext | None], keys: Mapping[str, Mapping[str, str] | None] = NO_KEYS
    ) -> bytes:
        """Return the store's bytes with these ciphertexts set (None: the alias removed) and nothing else changed.

        What `keys` states of a content key is all there is of it afterwards (None: the content key removed).
        """


def certain_names(entries: Mapping[str, SecretEntry]) -> Iterator[str]:
    """Yield the aliases that are certainly ones, and may be suggested to somebody who has not named them."""
    return (alias for alias, entry in entries.items() if entry.certain)


def require_entries(repository: SecretRepository, declared: Container[str]) -> None:
    """Raise `NotARepositoryError` if there are lines but none is certainly an entry.

    A line whose alias is in `declared`, the aliases of the settings' targets, counts as an entry.
    """
    entries = repository.entries
    if entries and not any(entry.certain or alias in declared for alias, entry in entries.items()):
        lines = [entry.line for entry in entries.values()]
        raise NotARepositoryError(repository.kind, lines).at(repository.where)
