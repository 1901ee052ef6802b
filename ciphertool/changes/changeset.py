"""What a command writes, as a value: made by whoever plans it, written by `commit`. Nothing here writes a file."""

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
    """The vault that changes belong to: its repository and the journal beside it as they were read."""

    repository: Snapshot
    found: FoundJournal
    paths: tuple[Path, ...]
    """Where a run that was killed may have left a temporary file: every file of the vault, links followed."""
    journal: Journal | None = None
    """What is written down first."""
    mode: int = files.PRIVATE


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Everything that is written at once, in the order in which it is: repository, companions, files.

    A crash after the repository leaves an unused ciphertext, never a lost secret. Without a `vault` it is output.
    """

    files: tuple[Write, ...] = ()
    repository: Write | None = None
    companions: tuple[Write, ...] = ()
    vault: VaultBefore | None = None

    @property
    def writes(self) -> tuple[Write, ...]:
        """All of them in order."""
        return (*((self.repository,) if self.repository else ()), *self.companions, *self.files)
