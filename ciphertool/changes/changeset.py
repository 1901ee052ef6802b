"""What a command writes, as a value: made by a planner, written by `commit`. Writes no file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.secret import repr_of
from ciphertool.storage.file import snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.changes.journal import Anchor, FoundJournal, Journal
    from ciphertool.files import Snapshot, Write
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.storage.base import Content, Storage


@dataclass(frozen=True, slots=True)
class VaultBefore:
    """The vault that the changes belong to: its settings, its repository and its anchor, and the journal beside that.

    All are as they were read.
    """

    settings: Settings
    repository: SecretRepository
    anchor: Anchor
    found: FoundJournal
    paths: tuple[Path, ...]
    """Files beside which a killed run may have left a temporary file: every file of the vault, links followed."""
    journal: Journal | None = None
    """The journal, which is written first."""
    mode: int = files.PRIVATE


@dataclass(frozen=True, slots=True)
class Replacement:
    """The new bytes of a repository, for the storage from which `before` was read."""

    storage: Storage
    before: Content
    data: bytes

    def __repr__(self) -> str:
        return repr_of(self, "before")

    @property
    def where(self) -> Path | str:
        """What messages call the repository."""
        return self.before.where

    def apply(self) -> None:
        """Replace the bytes; raise what the storage raises."""
        self.storage.replace(self.data, self.before.version)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Everything that one commit writes, in order: companions, repository, files.

    The companions come first because they state how the repository's values are encrypted: a run that finds values
    without them would read those as another transformation. A crash after the repository leaves an unused ciphertext,
    never a lost secret. Without a `vault` it is mere output.
    """

    files: tuple[Write, ...] = ()
    repository: Replacement | None = None
    companions: tuple[Write, ...] = ()
    vault: VaultBefore | None = None
    in_clear: tuple[str, ...] = ()
    """The aliases whose values the files then hold in clear."""

    @property
    def writes(self) -> tuple[Write | Replacement, ...]:
        """All writes, in order."""
        return (*self.companions, *((self.repository,) if self.repository else ()), *self.files)

    @property
    def befores(self) -> tuple[Snapshot, ...]:
        """What is to be replaced, as it was read; without facts if it is no file."""
        return tuple(snapshot_of(w.before) if isinstance(w, Replacement) else w.before for w in self.writes)
