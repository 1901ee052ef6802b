"""What a command writes, as a value: made by a planner, written by `commit`. Writes no file itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool import files

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.changes.journal import FoundJournal, Journal
    from ciphertool.files import Snapshot, Write


@dataclass(frozen=True, slots=True)
class VaultBefore:
    """The vault that the changes belong to: its repository, and the journal beside it, as they were read."""

    repository: Snapshot
    found: FoundJournal
    paths: tuple[Path, ...]
    """Files beside which a killed run may have left a temporary file: every file of the vault, links followed."""
    journal: Journal | None = None
    """The journal, which is written first."""
    mode: int = files.PRIVATE


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Everything that one commit writes, in order: companions, repository, files.

    The companions come first because they state how the repository's values are encrypted: a run that finds values
    without them would read those as another transformation. A crash after the repository leaves an unused ciphertext,
    never a lost secret. Without a `vault` it is mere output.
    """

    files: tuple[Write, ...] = ()
    repository: Write | None = None
    companions: tuple[Write, ...] = ()
    vault: VaultBefore | None = None

    @property
    def writes(self) -> tuple[Write, ...]:
        """All writes, in order."""
        return (*self.companions, *((self.repository,) if self.repository else ()), *self.files)
