"""The one way in which files are changed: lock, journal, companions, repository, files, log, removal of the journal."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ciphertool import files
from ciphertool.changes import copies, journal, log
from ciphertool.changes.changeset import ChangeSet, Replacement
from ciphertool.changes.journal import Journal
from ciphertool.errors import ConfigError, ConflictError, WriteError
from ciphertool.storage.file import FileStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ciphertool.changes.changeset import VaultBefore
    from ciphertool.errors import CipherToolError
    from ciphertool.files import Snapshot, Write

_Result = TypeVar("_Result")

_WAIT = 60.0
"""How many seconds a run waits for another one that plans and writes."""
_ATTEMPTS = 3
_TICK = 20_000_000
"""Nanoseconds within which a file system may record the same time for two changes of a file."""


class Transaction:
    """A vault's lock, held. Plans and commits under it never see a half-finished run. Its commits are one command's."""

    def __init__(self) -> None:
        self._step: int | None = None

    def apply(self, changes: ChangeSet, written: Callable[[int], None] = lambda _: None) -> None:
        """Write what was planned; after each file `written` is called with the number of files written.

        Raises `ConflictError` if a file changed since it was read and `WriteError` if one cannot be written. Each
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
        log.settle(vault)
        if writes:
            _refuse_if_young(changes.befores)
        for companion in changes.companions:
            if not companion.before.path.parent.exists():
                files.make_directory(companion.before.path.parent)
        line = log.line_of(changes)
        if writes:
            interrupted = vault.found.journal.step if vault.found.journal is not None else None
            self._step = copies.keep(changes, interrupted if self._step is None else self._step)
        several = len(writes) > 1 and (vault.journal is not None or self._step is not None)
        if several or line is not None:  # else nobody would read it: the command itself completes what it did
            left = journal.write(left, _journal(changes, vault, line, self._step), vault.anchor, vault.mode)
        done = 0

        def count(number: int) -> None:
            nonlocal done
            done = number
            written(number)

        try:
            files.write_all(writes, count)
        except (WriteError, ConflictError) as error:
            ours = not journal.unfinished(vault.found) and left.data is not None
            if ours and not done and _is_untouched(writes[0], error):
                journal.remove(left)
            raise
        if line is not None:
            log.append(vault, line)
        if left.data is not None:
            journal.remove(left)
        copies.prune(vault, changes.undoes)
        files.remove_leftovers((vault.anchor.file.real, left.path, *vault.paths))


@contextmanager
def begin(anchor: Path) -> Iterator[Transaction]:
    """Hold the lock beside a vault's anchor; raise `ConflictError` if another run does not release it."""
    with files.lock(anchor, seconds=_WAIT):
        yield Transaction()


def undisturbed(work: Callable[[], _Result]) -> _Result:
    """Return what work that plans and writes returns; do it again, twice at most, if a conflict kept it from writing.

    Nothing is written by then, not even a journal, so that the new plan is that of a new run.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return work()
        except ConflictError as error:
            if not error.again:
                raise
    return work()


def output(*writes: Write) -> None:
    """Write files that belong to no vault: a report, a resolved file, a keystore. They need no lock and no journal."""
    Transaction().apply(ChangeSet(writes))


def _journal(changes: ChangeSet, vault: VaultBefore, line: str | None, step: int | None) -> Journal:
    """Return what is written down before anything else: the planner's journal, if any, and the line of the log."""
    made = vault.journal if len(changes.writes) > 1 else None
    made = made or Journal(vault.anchor.repository, vault.anchor.identity, {}, {})
    return made._replace(line=line, before=log.identities(changes, vault.anchor.directory), step=step)


def _changed(before: files.Snapshot) -> bool:
    now = files.read_if_there(before.path)
    return (now.data, now.facts) != (before.data, before.facts)


def _is_untouched(first: Write | Replacement, error: CipherToolError) -> bool:
    """Return whether a failed first write has changed nothing.

    What is there is then as it was before or, after a conflict, not ours.
    """
    try:
        storage = first.storage if isinstance(first, Replacement) else FileStorage(first.before.path)
        now = storage.read().data
    except ConfigError:
        return False
    return now == (first.before.data or b"") or (isinstance(error, ConflictError) and now != first.data)


def _refuse_if_young(befores: Sequence[Snapshot]) -> None:
    """Raise `ConflictError` if a file changed so soon after it was read that its times do not show the change."""
    now = time.time_ns()
    young = [before for before in befores if before.facts and now - before.facts.changed < 60 * 10**9]
    if not young:
        return
    newest = max(before.facts.changed for before in young if before.facts)
    time.sleep(min(max(newest + _TICK - now, 0), _TICK) / 1e9)
    for before in young:
        if _changed(before):
            error = ConflictError("changed during processing; nothing was written", path=before.path)
            error.again = True
            raise error
