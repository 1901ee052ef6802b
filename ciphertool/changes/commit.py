"""The one way in which files are changed: lock, journal, repository, companions, files, and the journal removed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.changes import journal
from ciphertool.changes.changeset import ChangeSet
from ciphertool.errors import ConfigError, ConflictError, WriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ciphertool.errors import CipherToolError
    from ciphertool.files import Write

_WAIT = 60.0
"""How many seconds a run waits for another that plans and writes."""
_TICK = 20_000_000
"""Nanoseconds within which a file system may give two changes of a file the same time."""


class Transaction:
    """A vault's lock, held. What is planned and committed under it sees no other run half done."""

    def apply(self, changes: ChangeSet, written: Callable[[int], None] = lambda _: None) -> None:
        """Write what was planned; `written` is told after each file how many are done.

        Raises `ConflictError` where a file changed since it was read and `WriteError` where one cannot be written. Each
        file is then wholly old or wholly new, and a journal is left if any is new: the next run completes the work.
        """
        vault, writes = changes.vault, changes.writes
        if vault is None:
            files.write_all(writes, written)
            return
        if _changed(vault.found.snapshot):
            raise ConflictError(
                "another run started and was interrupted in the meantime", path=vault.found.snapshot.path
            )
        left = vault.found.snapshot
        if writes:
            _refuse_if_young(writes)
        if vault.journal is not None and len(writes) > 1:
            left = journal.write(left, vault.journal, vault.repository, vault.mode)
        try:
            files.write_all(writes, written)
        except (WriteError, ConflictError) as error:
            if vault.found.snapshot.data is None and left.data is not None and _is_untouched(writes[0], error):
                journal.remove(left)
            raise
        if left.data is not None:
            journal.remove(left)
        files.remove_leftovers((vault.repository.real, left.path, *vault.paths))


@contextmanager
def begin(repository: Path) -> Iterator[Transaction]:
    """Hold the lock of a vault's repository; `ConflictError` where another run does not let go of it."""
    with files.lock(repository, seconds=_WAIT):
        yield Transaction()


def output(*writes: Write) -> None:
    """Write what belongs to no vault: a report, a resolved file, a keystore. It needs no lock and no journal."""
    Transaction().apply(ChangeSet(writes))


def _changed(before: files.Snapshot) -> bool:
    now = files.read_if_there(before.path)
    return (now.data, now.facts) != (before.data, before.facts)


def _is_untouched(first: Write, error: CipherToolError) -> bool:
    """Tell whether a run that failed has changed nothing: its first file is as it was, or not as it was to become."""
    try:
        now = files.read_if_there(first.before.path).data
    except ConfigError:
        return False
    return now == first.before.data or (isinstance(error, ConflictError) and now != first.data)


def _refuse_if_young(writes: Sequence[Write]) -> None:
    """Raise `ConflictError` where a file was changed after it was read, so soon that its times do not show it."""
    now = time.time_ns()
    young = [item.before for item in writes if item.before.facts and now - item.before.facts.changed < 60 * 10**9]
    if not young:
        return
    newest = max(before.facts.changed for before in young if before.facts)
    time.sleep(min(max(newest + _TICK - now, 0), _TICK) / 1e9)
    for before in young:
        if _changed(before):
            raise ConflictError("changed during processing; nothing was written", path=before.path)
