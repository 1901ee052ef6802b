"""What an interrupted run has left comes first: no command changes a vault on top of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.changes import journal
from ciphertool.errors import ConflictError

if TYPE_CHECKING:
    from ciphertool.repository import SecretRepository


def require_finished(repository: SecretRepository) -> journal.FoundJournal:
    """Return that there is no journal beside a repository; raise `ConflictError` if an interrupted run has left one."""
    found = journal.find(repository.snapshot)
    if found.journal is not None:
        raise ConflictError(
            "an interrupted run has left this journal; nothing was written",
            path=found.snapshot.path,
            hint="run `ciphertool protect`, which completes that run",
        )
    return found
