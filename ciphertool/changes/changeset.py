"""What a command writes, as a value: made by a planner, written by `commit`. Writes no file itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.secret import repr_of
from ciphertool.storage.file import snapshot_of

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.changes.journal import Anchor, FoundJournal, Journal
    from ciphertool.engine.envelope import Recipient
    from ciphertool.files import Snapshot, Write
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.storage.base import Content, Storage, Version


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
    to: tuple[Recipient, ...] = ()
    """Today's recipients, to whom a copy for `undo` is encrypted; without any, none is kept, and older ones go."""


@dataclass(slots=True)
class Replacement:
    """The new bytes of a repository, for the storage from which `before` was read.

    If the commit writes it twice, the second one `follows` the first.
    """

    storage: Storage
    before: Content
    data: bytes
    follows: Replacement | None = None
    _version: Version | None = field(default=None, init=False)

    def __repr__(self) -> str:
        return repr_of(self, "before")

    @property
    def where(self) -> Path | str:
        """What messages call the repository."""
        return self.before.where

    def apply(self) -> None:
        """Replace the bytes; raise what the storage raises."""
        before = self.before.version if self.follows is None else self.follows._version
        self._version = self.storage.replace(self.data, before)


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
    last: Replacement | None = None
    """The repository as it is to be in the end, if the files need more of it until they are written."""
    undoes: int | None = None
    """The step of copies that the commit brings back; it is removed."""

    @property
    def writes(self) -> tuple[Write | Replacement, ...]:
        """All writes, in order."""
        first, last = ([one] if one is not None else [] for one in (self.repository, self.last))
        return (*self.companions, *first, *self.files, *last)

    @property
    def befores(self) -> tuple[Snapshot, ...]:
        """What is to be replaced, as it was read; without facts if it is no file."""
        return tuple(snapshot_of(w.before) if isinstance(w, Replacement) else w.before for w in self.writes)
