"""What every secret repository offers: alias → stored value. A repository never decrypts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.errors import NotARepositoryError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.secret import Secret


class Encrypted(NamedTuple):
    """A stored ciphertext."""

    ciphertext: Ciphertext

    def __repr__(self) -> str:
        return repr_of(self)


class Clear(NamedTuple):
    """A value that waits to be encrypted; it may be empty."""

    value: Secret


class Malformed(NamedTuple):
    """A stored text that is neither; `reason` does not quote it."""

    reason: str


Stored = Encrypted | Clear | Malformed


class SecretEntry(NamedTuple):
    """One alias's stored value and the line it stands on (1-based).

    `certain` tells that the line can be nothing but an entry, well-formed or damaged, so that its key is a name. Any
    other may be text of a file that is no repository: its key is shown to nobody who has not named it before.
    """

    stored: Stored
    line: int
    certain: bool = True

    def label(self, alias: str) -> str:
        """Return what messages call the entry: its alias, if that is certainly one, else its line."""
        return alias if self.certain else f"the entry on line {self.line}"


class SecretRepository(Protocol):
    """A store of one kind, as it was read. Immutable: an update gives the bytes of the new store."""

    kind: str
    path: Path
    snapshot: Snapshot
    hint: str
    """What to do about a malformed value."""
    clear_is_readable: bool
    """Whether the kind's own runtime reads values in clear, so that resolving one is a warning and no error."""

    @property
    def entries(self) -> Mapping[str, SecretEntry]:
        """Every alias that is there, in the store's order."""

    def get(self, alias: str) -> SecretEntry:
        """Return the alias's entry, or raise `UnknownAliasError`."""

    def updated(self, changes: Mapping[str, Ciphertext | None]) -> bytes:
        """Return the store's bytes with these ciphertexts in it (None: without the alias) and nothing else changed."""


def require_entries(repository: SecretRepository, declared: Container[str]) -> None:
    """Raise `NotARepositoryError` if there are lines and none of them is certainly an entry.

    So is one whose alias is in `declared`: the aliases that settings give to their targets.
    """
    entries = repository.entries
    if entries and not any(entry.certain or alias in declared for alias, entry in entries.items()):
        lines = [entry.line for entry in entries.values()]
        raise NotARepositoryError(repository.kind, lines).at(repository.path)
